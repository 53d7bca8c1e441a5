"""Frozen answers that services give and the pages, the API and the command line show."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.domain.basis import ObligationView
from gateway.domain.reasons import Reason


class Genuine(StrEnum):
    """Is it what the authority made? ``no`` only on proof of forgery or change."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class InForce(StrEnum):
    """Is the licence in force now?"""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class CodeClass(StrEnum):
    """Classes of QR content, domain facts 3.1."""

    BUSINESS_LICENCE_URL = "business_licence_url"
    BUSINESS_LICENCE_SESSION_URL = "business_licence_session_url"
    ENTITY_CODE = "entity_code"
    DYNAMIC_CODE = "dynamic_code"
    PLAIN_CODE = "plain_code"
    LICENCE_CODE = "licence_code"
    UNTRUSTED_URL = "untrusted_url"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class EnterpriseView:
    """Public facts of an enterprise."""

    unified_social_credit_code: str
    name: str
    enterprise_type: str
    address: str
    registration_status: str
    """``registered``, ``cancelled``, ``revoked`` or ``unknown``."""
    established_on: date | None


@dataclass(frozen=True)
class FaceValue:
    """One masked line of a licence's face: label and text as the public may see them."""

    label: str
    value: str


@dataclass(frozen=True)
class ListedLicence:
    """One line of the verified list; its signature, chain and status were re-checked at ``checked_at``."""

    licence_identifier: str
    licence_type_name: str
    licence_number: str
    issuing_authority: str
    holder_name: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    """None means 长期, without limit."""
    status: str
    """valid, expired, not_yet_valid, suspended, revoked, withdrawn, cancelled, superseded"""
    genuine: Genuine
    in_force: InForce
    checked_at: datetime
    reasons: tuple[Reason, ...]
    version: str = "001"
    replaced_by: str | None = None
    """Identifier of the version that took, or will take, its place."""
    obligations: tuple[ObligationView, ...] = ()


@dataclass(frozen=True)
class Resolution:
    """The answer of ``resolve``: what the code is, whose it is, and every licence under it."""

    code_class: CodeClass
    unified_social_credit_code: str | None
    enterprise: EnterpriseView | None
    licences: tuple[ListedLicence, ...]
    as_of: datetime
    reasons: tuple[Reason, ...]
    licence: "LicenceAnswer | None" = None
    """Given for class ``licence_code``: the answer on that one licence."""


@dataclass(frozen=True)
class LicenceAnswer:
    """The answer on one licence, from its QR code or its identifier."""

    listed: ListedLicence
    holder_code: str
    face: tuple[FaceValue, ...]
    differences: tuple["FaceDifference", ...]
    """What the QR code says against what the register says; empty when they agree."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class FaceDifference:
    """One field on which two sources disagree."""

    field: str
    presented: str
    registered: str
