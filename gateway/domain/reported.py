"""Licences that departments issued the old way (双轨并行): what a report says, and how it stands to the register."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from gateway.domain.instants import instant
from gateway.errors import FieldError, ValidationFailedError

_LONGEST = {"origin": 200, "blank_form": 50, "blank_serial_number": 64}


@dataclass(frozen=True)
class LicenceReport:
    """One report as a department sends it."""

    record: Mapping[str, object]
    """The licence in either vocabulary of applications."""
    origin: str
    """The system or the register that it comes from."""
    blank_serial_number: str = ""
    """Of the form that the paper is printed on; empty when it has none."""
    blank_form: str = ""
    """Kind of form, as the authority calls it."""

    @classmethod
    def from_json(cls, document: object) -> "LicenceReport":
        """``{"record": {…}, "origin": …, "blank_serial_number": …, "blank_form": …}``. ValidationFailedError."""
        if not isinstance(document, dict) or not isinstance(document.get("record"), dict):
            message = "应为含 record 对象的报送。A report is an object with the object record."
            raise ValidationFailedError([FieldError("record", "MISSING", message)])
        errors = [
            FieldError(name, "UNKNOWN_FIELD", "没有此项。No such field.")
            for name in sorted(set(map(str, document)) - {"record", *_LONGEST})
        ]
        errors += [
            FieldError(name, "NOT_TEXT", "应为文本。Must be text.")
            for name in _LONGEST
            if not isinstance(document.get(name, ""), str)
        ]
        if errors:
            raise ValidationFailedError(errors)
        return cls(document["record"], **{name: document.get(name, "").strip() for name in _LONGEST})

    def check(self) -> None:
        """ValidationFailedError when the origin is missing, or something is too long."""
        errors = [] if self.origin.strip() else [FieldError("origin", "MISSING", "须写明来源。Name the origin.")]
        for name, longest in _LONGEST.items():
            if len(getattr(self, name)) > longest:
                errors.append(FieldError(name, "TOO_LONG", f"超过 {longest} 字。Longer than {longest} characters."))
        if self.blank_form and not self.blank_serial_number:
            message = "写明了空白证照种类，但没有编号。A kind of form, but no serial number."
            errors.append(FieldError("blank_serial_number", "MISSING", message))
        if errors:
            raise ValidationFailedError(errors)


@dataclass(frozen=True)
class FaceFacts:
    """What a licence says, for comparison."""

    holder_code: str
    holder_name: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    items: Mapping[str, Any]
    """Value by label."""

    def fields(self) -> dict[str, str]:
        """Every field as text; items under ``face/LABEL``."""
        return {
            "holder_code": self.holder_code,
            "holder_name": self.holder_name,
            "issued_on": self.issued_on.isoformat(),
            "valid_from": self.valid_from.isoformat(),
            "valid_until": "长期" if self.valid_until is None else self.valid_until.isoformat(),
            **{f"face/{label}": str(value) for label, value in self.items.items()},
        }


@dataclass(frozen=True)
class ReportDifference:
    """One field on which a report and the register disagree; neither is taken for right."""

    field: str
    reported: str
    registered: str

    def to_json(self) -> dict[str, str]:
        """For answers."""
        return {"field": self.field, "reported": self.reported, "registered": self.registered}


def differences(reported: FaceFacts, registered: FaceFacts) -> tuple[ReportDifference, ...]:
    """Field by field; what one side lacks is empty there."""
    left, right = reported.fields(), registered.fields()
    return tuple(
        ReportDifference(name, left.get(name, ""), right.get(name, ""))
        for name in dict.fromkeys((*left, *right))
        if left.get(name, "") != right.get(name, "")
    )


class Match(StrEnum):
    """How a report stands to the register."""

    NOT_REGISTERED = "not_registered"
    """The register has no licence of this type, authority and number."""
    AGREES = "agrees"
    CONFLICT = "conflict"
    """It has one that says something else; both sides are shown."""


MATCH_WORDS = {
    Match.NOT_REGISTERED: ("仅有报送，登记簿中没有", "reported only, not in the register"),
    Match.AGREES: ("与登记一致", "agrees with the register"),
    Match.CONFLICT: ("与登记不一致", "differs from the register"),
}


@dataclass(frozen=True)
class ReportedLicenceView:
    """A reported licence, apart from the register and marked by its origin."""

    id: str
    origin: str
    revision: int
    """1 for a first report, more when it was corrected."""
    licence_type_name: str
    local_type_code: str
    licence_number: str
    authority_name: str
    authority_code: str
    facts: FaceFacts
    blank_form: str
    blank_serial_number: str
    reported_at: datetime
    match: Match
    registered_identifier: str | None
    """Of the version in effect, when the register has the licence."""
    differences: tuple[ReportDifference, ...]
    newly_reported: bool = False

    def to_json(self) -> dict[str, Any]:
        """For answers to departments; ``source`` keeps it apart from licences of the register."""
        zh, en = MATCH_WORDS[self.match]
        until = self.facts.valid_until
        return {
            "source": "reported",
            "id": self.id,
            "origin": self.origin,
            "revision": self.revision,
            "licence_type_name": self.licence_type_name,
            "local_type_code": self.local_type_code,
            "licence_number": self.licence_number,
            "authority": {"name": self.authority_name, "code": self.authority_code},
            "holder": {"name": self.facts.holder_name, "code": self.facts.holder_code},
            "issued_on": self.facts.issued_on.isoformat(),
            "valid_from": self.facts.valid_from.isoformat(),
            "valid_until": None if until is None else until.isoformat(),
            "face": [{"label": label, "value": value} for label, value in self.facts.items.items()],
            "blank_form": self.blank_form,
            "blank_serial_number": self.blank_serial_number,
            "reported_at": instant(self.reported_at),
            "match": self.match,
            "match_name": {"zh": zh, "en": en},
            "registered_identifier": self.registered_identifier,
            "differences": [difference.to_json() for difference in self.differences],
        }
