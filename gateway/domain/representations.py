"""Licences as records for others: in the national (GB/T 36903) and in the Guangdong vocabulary, without loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.applications import LONG_TERM, VOCABULARIES, Application
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.status import NATIONAL_CODES

IDENTIFIER, VERSION, STATUS = "ZZBS", "ZZBBH", "ZZZT"
"""证照标识, 证照版本号, 证照状态: what the register adds to what was applied for. ``ZZBS`` is met in the field; the other two
are formed like it, since no source for their keys was at hand (domain facts, 1.3)."""

ASSIGNED = frozenset({IDENTIFIER, VERSION, STATUS})
"""Names that no application has: the register gives their values."""

_CODE_TYPE, _CODE_TYPE_NAME = "001", "统一社会信用代码"


class Vocabulary(StrEnum):
    """Whose names the fields have."""

    GUANGDONG = "guangdong"
    NATIONAL = "national"


@dataclass(frozen=True)
class RegisteredFacts:
    """What the register adds to an application."""

    identifier: LicenceIdentifier
    status: str
    """As ``status_at`` gives it; exported by its national code."""


def represent(application: Application, registered: RegisteredFacts, vocabulary: Vocabulary) -> dict[str, str]:
    """The record of one licence version. ``applied`` gives back what ``parse_application`` read."""
    names = VOCABULARIES[vocabulary]
    until = application.valid_until
    values = {
        "type": application.licence_type.name,
        "type_code": application.licence_type.identifier_type_code,
        "number": application.licence_number,
        "holder_name": application.holder_name,
        "holder_code_type": _CODE_TYPE_NAME,
        "holder_code_type_code": _CODE_TYPE,
        "holder_code": application.holder_code,
        "authority": application.authority.name,
        "authority_code": application.authority.code,
        "authority_area": application.authority.area_code,
        "issued_on": application.issued_on.isoformat(),
        "valid_from": application.valid_from.isoformat(),
        "valid_until": LONG_TERM if until is None else until.isoformat(),
    }
    return {
        IDENTIFIER: str(registered.identifier),
        VERSION: registered.identifier.version,
        STATUS: NATIONAL_CODES[registered.status],
        **{name: values[meaning] for meaning, name in names.items()},
        **dict(application.items),
    }


def applied(record: Mapping[str, str]) -> dict[str, str]:
    """The record without what the register assigned: an application in the same vocabulary."""
    return {name: value for name, value in record.items() if name not in ASSIGNED}
