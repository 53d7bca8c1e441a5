"""Masks what the public may not see: sensitive items by the catalogue's flags, identity numbers wherever they stand."""

import re

from gateway.domain.catalogue import LicenceType

HIDDEN = "******"
_IDENTITY_NUMBER = re.compile(r"(?<![0-9A-Za-z])([1-9][0-9]{16}[0-9Xx])(?![0-9A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def is_identity_number(text: str) -> bool:
    """Whether 18 characters carry the check digit of a resident identity number (GB 11643)."""
    total = sum(int(c) * w for c, w in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK[total % 11] == text[17].upper()


def mask_text(text: str) -> str:
    """``text`` with every identity number in it hidden whole: its date of birth lies in the middle."""
    return _IDENTITY_NUMBER.sub(lambda m: HIDDEN if is_identity_number(m[1]) else m[1], text)


def mask_face(licence_type: LicenceType, items: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The lines of a face as the public may see them."""
    sensitive = {item.label for item in licence_type.face_items if item.is_sensitive}
    return tuple((label, HIDDEN if label in sensitive else mask_text(value)) for label, value in items)
