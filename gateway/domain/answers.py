"""Frozen answers that services give and the pages, the API and the command line show."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.domain.acceptances import Acceptance
from gateway.domain.basis import ObligationView
from gateway.domain.face_comparison import FaceDifference
from gateway.domain.licence_code import LicenceClaims
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


class Outcome(StrEnum):
    """What came of a question, in one word."""

    RESOLVED = "resolved"
    NOTHING_REGISTERED = "nothing_registered"
    COULD_NOT_ASK = "could_not_ask"
    """Whoever can read the code did not answer: nothing is said about it."""
    REFUSED = "refused"
    """Dangerous, mistaken, unproven or not understood: nothing was looked up."""


@dataclass(frozen=True)
class EnterpriseView:
    """Public facts of an enterprise."""

    unified_social_credit_code: str
    name: str
    enterprise_type: str
    address: str
    registration_status: str
    """``registered`` (存续), ``cancelled`` (注销), ``revoked`` (吊销), ``moved_out`` (迁出) or ``unknown``."""
    established_on: date | None
    registration_source: str = "enterprise_record"
    """Who says so: ``enterprise_record`` (this gateway's copy), or the name of the system that was asked just now."""
    registration_as_of: datetime | None = None
    """When its source last said so; None when the record does not know."""


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
    authority_code: str = ""
    """Unified social credit code of the issuing authority."""
    electronic_sm3: str = ""
    """SM3 of the registered electronic licence, lower-case hexadecimal."""


class AuthorityState(StrEnum):
    """Whether an authority's part of a list can be taken for complete."""

    ANSWERED = "answered"
    """Its last report is younger than its bound."""
    STALE = "stale"
    """No answer: its last report is too old to say anything about today."""
    NEVER_REPORTED = "never_reported"
    """No answer: it has not reported yet."""


class ReportKind(StrEnum):
    """What an authority's last report was."""

    DECLARED = "declared"
    """It declared its data complete as of an instant."""
    ISSUED = "issued"
    """It issued a licence through the gateway."""
    LICENCE_REPORTED = "licence_reported"
    """It reported a licence that it issued the old way."""


@dataclass(frozen=True, eq=False)
class AuthorityFreshness:
    """How fresh an authority's data are, judged at the ``as_of`` of the answer that holds this.

    One object is part of many answers, and what is made of it is kept by the object itself: each is equal to itself only.
    """

    authority_code: str
    """Unified social credit code."""
    authority_name: str
    state: AuthorityState
    last_report_at: datetime | None
    """The instant that its data are good for; None when it never reported."""
    last_report_kind: ReportKind | None
    stale_after: timedelta
    """The bound: older than this, its last report says nothing about today."""

    @property
    def has_answered(self) -> bool:
        """Whether its silence on a licence means that there is none."""
        return self.state is AuthorityState.ANSWERED


@dataclass(frozen=True)
class ReportedLine:
    """A licence that its authority reported but did not issue through the gateway: there is no signature to check."""

    licence_type_name: str
    licence_number: str
    holder_name: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    """None means 长期, without limit."""
    status: str
    """From its dates alone: valid, expired or not_yet_valid."""
    origin: str
    """The system or register that it comes from."""
    reported_at: datetime
    conflicts: tuple[str, ...] = ()
    """Names of the fields on which the report and a registered licence of that number disagree."""


@dataclass(frozen=True)
class AuthorityAnswer:
    """What one issuing authority says about an enterprise."""

    freshness: AuthorityFreshness
    licences: tuple[ListedLicence, ...] = ()
    """Issued through the gateway, each checked again now."""
    reported: tuple[ReportedLine, ...] = ()
    """Reported only, or in conflict with what is registered; what agrees stands among ``licences``."""


@dataclass
class KeptForms:
    """The JSON of parts of an answer, kept by who made it for the next answer with the same parts."""

    licences: bytes | None = None
    authorities: bytes | None = None
    enterprise: bytes | None = None


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
    authorities: tuple[AuthorityAnswer, ...] = ()
    """Every issuing authority of the catalogue: first those with licences, then those without an answer, then those that
    answered that there are none; empty when the answer is no list. Its licences are those of ``licences``, grouped.
    """
    also_found: tuple["Resolution", ...] = ()
    """The answers for the other codes in the same picture; none of them is dropped."""
    outcome: Outcome = Outcome.REFUSED
    forms: KeptForms = field(default_factory=KeptForms, compare=False, repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether it is a list to which every authority gave its part."""
        return bool(self.authorities) and all(each.freshness.has_answered for each in self.authorities)


@dataclass(frozen=True)
class LicenceAnswer:
    """The answer on one licence, from its QR code or its identifier."""

    listed: ListedLicence
    holder_code: str
    face: tuple[FaceValue, ...]
    differences: tuple[FaceDifference, ...]
    """What the QR code says against what the register says; empty when they agree."""
    reasons: tuple[Reason, ...]
    claims: LicenceClaims | None = None
    """What the presented code says, once it is proven; None when the answer is not on a code."""
    acceptance: Acceptance | None = None
    """How the holder accepted it; None when it did not."""
    is_file_public: bool = False
    """Whether everyone may have the signed PDF, as its type says."""
