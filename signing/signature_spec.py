"""What a signature in a PDF shall say and show, for any document; nothing of PDF syntax is in here."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class DocMdp(IntEnum):
    """What a certification permits afterwards, besides validation data and document time-stamps (ISO 32000-2, 12.8.2.2)."""

    NO_CHANGES = 1
    SIGN_AND_FILL_FORMS = 2
    ANNOTATE = 3


@dataclass(frozen=True)
class SealAppearance:
    """A seal's picture at its real size, where the reader sees it on an upright page."""

    png: bytes
    width_mm: float
    height_mm: float
    page: int = 1
    """From 1."""
    left_mm: float = 0.0
    """From the left edge of the page as it is shown."""
    bottom_mm: float = 0.0
    """From its lower edge."""


@dataclass(frozen=True)
class SignatureSpec:
    """One approval or certification signature."""

    claimed_at: datetime
    """Aware; goes into /M. It is a claim: only a time-stamp proves a time."""
    field_name: str = "Signature"
    """An empty field of this name is filled; a new one is made when there is none."""
    signer_name: str | None = None
    reason: str | None = None
    location: str | None = None
    certify: DocMdp | None = None
    """Makes it a certification signature of this level; None makes an approval signature."""
    seal: SealAppearance | None = None
    """None makes an invisible signature."""
    contents_hex_digits: int = 16_384
    """Room for the CMS, an even number."""
