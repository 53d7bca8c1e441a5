"""A licence as the provincial licence library takes it: ``license-app/v1`` (domain facts, 1.6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.domain.applications import Application
from gateway.domain.representations import IDENTIFIER, RegisteredFacts, Vocabulary, represent
from gateway.domain.status import ENDED

SUCCESS = "SUCCESS"
ABOLISHED, ISSUED, CREATED = "ABOLISHED", "ISSUED", "CREATED"
_CERTIFICATE = "CERTIFICATE"
_CREDIT_CODE_HOLDER = "70"
"""Identity type that is met with holders of a credit code."""
_TRUST_LEVEL = "A"
"""Made from the register itself, with the authority's signature."""


class UnmappedTypeError(ValueError):
    """The receiver's options do not say what the library calls a type."""


@dataclass(frozen=True)
class HeldLicence:
    """One that the library holds."""

    license_code: str
    license_status: str
    data_fields: Mapping[str, str]

    @property
    def identifier(self) -> str:
        """The version that it was made from."""
        return self.data_fields.get(IDENTIFIER, "")

    @property
    def is_live(self) -> bool:
        """Whether it was not abolished."""
        return self.license_status != ABOLISHED


def item_code(application: Application, options: Mapping[str, str]) -> str:
    """目录实施码: nine digits of the item, nine characters of the organisation, six of the area.

    The options name the nine digits by the type's local code. UnmappedTypeError when they do not.
    """
    base = options.get(application.licence_type.local_type_code)
    if base is None:
        raise UnmappedTypeError(f"option {application.licence_type.local_type_code} is missing")
    authority = application.authority
    # Characters 9 to 17 of a credit code are the organisation's own code (GB 32100).
    return f"{base}{authority.code[8:17]}{authority.area_code}"


def creation(application: Application, facts: RegisteredFacts, frame: Mapping[str, Any]) -> dict[str, Any]:
    """The body of ``create``; ``frame`` is what every request carries."""
    until = application.valid_until
    return {
        **frame,
        "name": application.licence_type.name,
        "license_type": _CERTIFICATE,
        "id_code": application.licence_number,
        "holder_name": application.holder_name,
        "holder_identity_type": _CREDIT_CODE_HOLDER,
        "holder_identity_num": application.holder_code,
        "issue_org_name": application.authority.name,
        "issue_org_code": application.authority.code,
        "division_code": application.authority.area_code,
        "issue_date": application.issued_on.isoformat(),
        "begin_date": application.valid_from.isoformat(),
        "expiry_date": "" if until is None else until.isoformat(),
        "trust_level": _TRUST_LEVEL,
        "data_fields": represent(application, facts, Vocabulary.GUANGDONG),
    }


def request_frame(application: Application, code: str, options: Mapping[str, str], biz_num: str) -> dict[str, Any]:
    """What every request carries, for the library's own audit."""
    authority = application.authority
    account = options.get("operator", "licence-gateway")
    return {
        "service_item_code": code,
        "service_item_name": application.licence_type.name,
        "biz_num": biz_num,
        "operator": {
            "account": account,
            "name": account,
            "role": "system",
            "division": authority.area_code,
            "division_code": authority.area_code,
            "service_org": authority.name,
            "identity_num": "",
        },
    }


@dataclass(frozen=True)
class LibrarySteps:
    """What has to be done there, so that it holds what the register says."""

    abolish: tuple[HeldLicence, ...]
    create: bool
    issue: str | None
    """Code of one that was created and never issued."""


def steps(held: Iterable[HeldLicence], facts: RegisteredFacts) -> LibrarySteps:
    """Compare what it holds of a licence with the newest version. An answer that was lost is made good by this, too."""
    live = [one for one in held if one.is_live]
    right = [one for one in live if one.identifier == str(facts.identifier) and facts.status not in ENDED]
    kept = right[:1]
    waiting = next((one.license_code for one in kept if one.license_status == CREATED), None)
    wrong = tuple(one for one in live if one not in kept)
    return LibrarySteps(wrong, create=not kept and facts.status not in ENDED, issue=waiting)
