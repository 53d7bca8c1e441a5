"""What is to be made: one version of a licence, with its identifier and how many papers."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.applications import Application
from gateway.domain.catalogue import Forms
from gateway.domain.identifiers import ALPHABET_36, LicenceIdentifier

SERIAL_LENGTH = 20
"""Characters of the random serial in a licence identifier: about 103 bits, so that links cannot be guessed."""

SAMPLE_PREFIX = "SAMPLE"
"""The serials of samples begin so: no sample identifier can be taken for a real one, or the other way round."""

MOST_DUPLICATES = 20
MOST_VERSIONS = 999
_FIRST_VERSION = "001"


class VersionKind(StrEnum):
    """Why a version was made."""

    ISSUE = "issue"
    AMENDMENT = "amendment"
    """变更"""
    RENEWAL = "renewal"
    """延续"""
    REPLACEMENT = "replacement"
    """补证, after loss"""
    CORRECTION = "correction"
    """更正"""
    CONVERSION = "conversion"
    """存量转换: the electronic form of a licence whose paper was issued before"""


class Origin(StrEnum):
    """Where a licence of the register comes from. What was only reported is not in the register (``reported``)."""

    ISSUED = "issued"
    """In both forms, here"""
    CONVERTED = "converted"
    """From a paper licence that was issued the old way"""

    @classmethod
    def of(cls, kinds: Iterable[str]) -> "Origin":
        """By the kinds of a licence's versions."""
        return cls.CONVERTED if VersionKind.CONVERSION in kinds else cls.ISSUED


KIND_WORDS = {
    VersionKind.ISSUE: ("新办", "issue"),
    VersionKind.AMENDMENT: ("变更", "amendment"),
    VersionKind.RENEWAL: ("延续", "renewal"),
    VersionKind.REPLACEMENT: ("补证", "replacement after loss"),
    VersionKind.CORRECTION: ("更正", "correction"),
    VersionKind.CONVERSION: ("存量转换", "conversion of an existing paper licence"),
}


@dataclass(frozen=True)
class VersionOrder:
    """One version to be rendered, signed and recorded."""

    application: Application
    identifier: LicenceIdentifier
    takes_effect_at: datetime
    """Aware UTC. The version before it is superseded from then on."""
    kind: VersionKind = VersionKind.ISSUE
    supersedes: str | None = None
    """Identifier of the version that this one takes the place of."""
    change_reason: str = ""
    duplicates: int = 0
    """How many 副本 besides the 正本."""
    is_sample: bool = False
    status_place: int | None = None
    """Its place in the status list of its authority; samples have none."""

    @property
    def copies(self) -> tuple[tuple[str, int], ...]:
        """Kind and copy number of each paper to be made: none where the type has none, or the paper was issued before."""
        if self.application.licence_type.forms is Forms.ELECTRONIC_ONLY or self.kind is VersionKind.CONVERSION:
            return ()
        return (("original", 0), *(("duplicate", number) for number in range(1, self.duplicates + 1)))


def first_identifier(application: Application, *, is_sample: bool = False) -> LicenceIdentifier:
    """A fresh licence identifier (GB/T 36904) with an unguessable serial."""
    prefix = SAMPLE_PREFIX if is_sample else ""
    random = "".join(secrets.choice(ALPHABET_36) for _ in range(SERIAL_LENGTH))
    if not is_sample and random.startswith(SAMPLE_PREFIX):
        return first_identifier(application)
    return LicenceIdentifier(
        type_code=application.licence_type.identifier_type_code,
        authority_code=application.authority.code,
        serial=prefix + random,
        version=_FIRST_VERSION,
    )


def is_sample_identifier(licence_identifier: str) -> bool:
    """Whether an identifier names itself a sample; its check character is not looked at."""
    return f".{SAMPLE_PREFIX}" in licence_identifier


def next_identifier(current: LicenceIdentifier) -> LicenceIdentifier:
    """The identifier of the version after ``current``: the same serial, the version one higher."""
    return LicenceIdentifier(
        type_code=current.type_code,
        authority_code=current.authority_code,
        serial=current.serial,
        version=f"{int(current.version) + 1:03}",
    )
