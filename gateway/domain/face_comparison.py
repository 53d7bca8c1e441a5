"""What a licence's code or file says against what the register says, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from gateway.domain.licence_code import LicenceClaims
from gateway.domain.masking import mask_text
from gateway.domain.report_words import FACE_FIELDS, Words, same

UNLIMITED = "长期"
_LONGEST = 300
"""Characters of a presented value that are repeated; no face has more in one line."""


class FaceSource(StrEnum):
    """Who says something else than the register."""

    QR_CODE = "qr_code"
    """The code that is printed on the licence, on paper or on the screen."""
    DOCUMENT = "document"
    """The data in the PDF."""


_SOURCES = {
    FaceSource.QR_CODE: Words("证照上的二维码", "The code on the licence"),
    FaceSource.DOCUMENT: Words("文件", "The file"),
}


@dataclass(frozen=True)
class FaceDifference:
    """One field on which two sources disagree."""

    field: str
    """A name of ``FACE_FIELDS``, else the label of the line on the face."""
    presented: str
    registered: str
    source: FaceSource = FaceSource.DOCUMENT

    @property
    def code(self) -> str:
        """Reason code of the field, such as VALID_UNTIL_DIFFERS; FACE_ITEM_DIFFERS for a line of the face."""
        return f"{self.field.upper()}_DIFFERS" if self.field in FACE_FIELDS else "FACE_ITEM_DIFFERS"

    @property
    def label(self) -> Words:
        """What people call the field."""
        return FACE_FIELDS.get(self.field, same(self.field))

    @property
    def sentence(self) -> Words:
        """The difference in one sentence. It repeats what a stranger may have written: show it as text only."""
        who = _SOURCES[self.source]
        return Words(
            f"{self.label.zh}：{who.zh}写“{self.presented}”，登记簿是“{self.registered}”",
            f"{self.label.en}: {who.en.lower()} says “{self.presented}”, the register “{self.registered}”",
        )

    def to_json(self) -> dict[str, Any]:
        """As answers give it."""
        return {
            "field": self.field,
            "code": self.code,
            "source": self.source,
            "presented": self.presented,
            "registered": self.registered,
            "message": self.sentence._asdict(),
        }


@dataclass(frozen=True)
class RegisteredFace:
    """What the register says that a licence shows."""

    licence_identifier: str
    local_type_code: str
    """The name of the type is not compared: catalogues rename types, and what was issued keeps its name."""
    licence_number: str
    holder_name: str
    holder_code: str
    authority_code: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    items: Mapping[str, str]
    """Lines of the face by label, without those that are personal."""


def compare_claims(claims: LicenceClaims, face: RegisteredFace) -> tuple[FaceDifference, ...]:
    """What a licence's code says against the register; a name that was cut for the code is compared as far as it goes."""
    pairs = {
        "licence_identifier": (claims.licence_identifier, face.licence_identifier),
        "holder_code": (claims.holder_code, face.holder_code),
        "issued_on": (claims.issued_on.isoformat(), face.issued_on.isoformat()),
        "valid_from": (claims.valid_from.isoformat(), face.valid_from.isoformat()),
        "valid_until": (until(claims.valid_until), until(face.valid_until)),
    }
    if not claims.names_holder(face.holder_name):
        pairs["holder_name"] = (claims.holder_name, face.holder_name)
    return _differences(pairs, FaceSource.QR_CODE)


def compare_document(attachment: Mapping[str, Any], face: RegisteredFace) -> tuple[FaceDifference, ...]:
    """What the data in a PDF say against the register. A line that only one of them has differs too."""
    kind, holder = _part(attachment, "licence_type"), _part(attachment, "holder")
    authority = _part(attachment, "issuing_authority")
    pairs = {
        "licence_identifier": (attachment.get("licence_identifier"), face.licence_identifier),
        "licence_type": (kind.get("local_code"), face.local_type_code),
        "licence_number": (attachment.get("licence_number"), face.licence_number),
        "holder_name": (holder.get("name"), face.holder_name),
        "holder_code": (holder.get("code"), face.holder_code),
        "issuing_authority": (authority.get("code"), face.authority_code),
        "issued_on": (attachment.get("issued_on"), face.issued_on.isoformat()),
        "valid_from": (attachment.get("valid_from"), face.valid_from.isoformat()),
        "valid_until": (attachment.get("valid_until") or UNLIMITED, until(face.valid_until)),
    }
    lines = attachment.get("face")
    said = {
        line["label"]: line.get("value")
        for line in (lines if isinstance(lines, list) else [])
        if isinstance(line, dict) and isinstance(line.get("label"), str)
    }
    pairs |= {label: (said.get(label), value) for label, value in face.items.items()}
    return _differences(pairs, FaceSource.DOCUMENT)


def until(value: date | None) -> str:
    """A last day as faces show it."""
    return UNLIMITED if value is None else value.isoformat()


def _differences(pairs: Mapping[str, tuple[Any, str]], source: FaceSource) -> tuple[FaceDifference, ...]:
    return tuple(
        FaceDifference(name, mask_text(shown(said)), mask_text(held), source)
        for name, (said, held) in pairs.items()
        if said != held
    )


def _part(attachment: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = attachment.get(name)
    return part if isinstance(part, dict) else {}


def shown(value: object) -> str:
    """A presented value, as far as it is repeated."""
    return "" if value is None else str(value)[:_LONGEST]
