"""The catalogue: licence types with the items of their face, and the authorities that may issue them. Data, not code."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from gateway.errors import ConfigurationError

SEED = Path(__file__).resolve().parent.parent / "seed"


class Forms(StrEnum):
    """In which forms a type's licences exist."""

    BOTH = "both"
    """Electronic and paper in one act: neither is valid without the other."""
    ELECTRONIC_ONLY = "electronic_only"
    PAPER_ONLY = "paper_only"
    """Issued outside the gateway and only reported to it (双轨并行)."""


@dataclass(frozen=True)
class FaceItemRule:
    """One item that a type's face has."""

    label: str
    required: bool
    is_sensitive: bool
    """Hidden from the public."""
    max_length: int


@dataclass(frozen=True)
class LicenceType:
    """One licence type."""

    name: str
    """The title that its licences bear."""
    department: str
    """Kind of department that issues it."""
    licence_type_code: str | None
    """21 characters, where it is confirmed."""
    local_type_code: str
    """21 characters in a placeholder namespace of ours."""
    validity_years: int | None
    official: bool
    """False while the official list of items is not at hand."""
    face_items: tuple[FaceItemRule, ...]
    forms: Forms = Forms.BOTH
    is_file_public: bool = False
    """Whether everyone may have the signed PDF of its licences, and not departments alone."""

    def __post_init__(self) -> None:
        """ConfigurationError for a type that would give away what its face hides."""
        if self.is_file_public and self.sensitive_labels:
            raise ConfigurationError(
                f"The files of {self.name} cannot be public: its face has personal items.",
                hint="Take is_file_public away from the licence type, or is_sensitive from its items.",
            )

    @property
    def sensitive_labels(self) -> frozenset[str]:
        """Labels of the items that are personal: sealed at rest, hidden from the public."""
        return frozenset(item.label for item in self.face_items if item.is_sensitive)

    @property
    def identifier_type_code(self) -> str:
        """The code that goes into licence identifiers."""
        return self.licence_type_code or self.local_type_code

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "LicenceType":
        """One entry of ``licence_types.json``."""
        return cls(
            name=entry["name"],
            department=entry["department"],
            licence_type_code=entry["licence_type_code"],
            local_type_code=entry["local_type_code"],
            validity_years=entry["validity_years"],
            official=entry["official"],
            face_items=tuple(FaceItemRule(**item) for item in entry["face_items"]),
            # Catalogues that were seeded before the rule was know only licences in both forms.
            forms=Forms(entry.get("forms", Forms.BOTH)),
            is_file_public=entry.get("is_file_public", False),
        )


@dataclass(frozen=True)
class IssuingAuthority:
    """One authority."""

    name: str
    code: str
    """Unified social credit code."""
    area_code: str
    departments: tuple[str, ...]
    """Kinds of department whose types it may issue."""
    second_signature: bool = False
    """Whether its licences get a second signature, by an algorithm that readers of everywhere know."""

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "IssuingAuthority":
        """One entry of ``issuing_authorities.json``."""
        departments = tuple(entry["departments"])
        return cls(entry["name"], entry["code"], entry["area_code"], departments, entry.get("second_signature", False))

    def may_issue(self, licence_type: LicenceType) -> bool:
        """Whether the type is in its competence."""
        return licence_type.department in self.departments


@dataclass(frozen=True)
class Catalogue:
    """Types and authorities, found by name and code."""

    licence_types: tuple[LicenceType, ...]
    authorities: tuple[IssuingAuthority, ...]

    @cached_property
    def types_by_name(self) -> dict[str, LicenceType]:
        """Titles, exactly: a licence of a like-named type is another licence."""
        return {t.name: t for t in self.licence_types}

    @cached_property
    def types_by_code(self) -> dict[str, LicenceType]:
        """Local codes."""
        return {t.local_type_code: t for t in self.licence_types}

    @cached_property
    def authorities_by_name(self) -> dict[str, IssuingAuthority]:
        """Names."""
        return {a.name: a for a in self.authorities}

    @cached_property
    def authorities_by_code(self) -> dict[str, IssuingAuthority]:
        """Credit codes."""
        return {a.code: a for a in self.authorities}


def seed_entries(name: str) -> list[dict[str, Any]]:
    """The entries of a seed file: ``licence_types`` (an item's variants stand as types of their own) or
    ``issuing_authorities``.
    """
    entries: list[dict[str, Any]] = json.loads((SEED / f"{name}.json").read_text(encoding="utf-8"))[name]
    return [variant for entry in entries for variant in _with_variants(entry)]


def _with_variants(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The entry and its variants, which differ from it in what they name."""
    shared = {key: value for key, value in entry.items() if key != "variants"}
    # A type code belongs to one type; variants have none until theirs is confirmed.
    return [shared, *({**shared, "licence_type_code": None, **variant} for variant in entry.get("variants", ()))]


def make_catalogue(types: Iterable[dict[str, Any]], authorities: Iterable[dict[str, Any]]) -> Catalogue:
    """A catalogue from entries in the form of the seed files."""
    return Catalogue(
        licence_types=tuple(map(LicenceType.from_json, types)),
        authorities=tuple(map(IssuingAuthority.from_json, authorities)),
    )
