"""Masks what the public may not see (domain facts, 5): sensitive items by the catalogue's flags, and identity numbers,
mobile telephone numbers and mail addresses wherever they stand in free text.
"""

import re
import unicodedata
from datetime import date

from gateway.domain.catalogue import LicenceType

HIDDEN = "******"
_DIGIT = r"\d"
"""In any script and width, as ``re`` and ``int`` understand it."""
_SEPARATOR = "[ \u00a0\u2000-\u200d\u202f\u2060\u3000\ufeff\u00ad_\u2010-\u2015\u2212\uff0d-]{0,3}"
"""Spaces, dashes and characters without width, as clerks and word processors put them."""
_BETWEEN_DIGITS = rf"(?<!{_DIGIT})", rf"(?!{_DIGIT})"
_APART = rf"(?<![A-Za-z]|{_DIGIT})", rf"(?![A-Za-z]|{_DIGIT})"
# Letters may touch it ("ID1101..."): the day of birth and the check digit tell it from a number of another kind.
_IDENTITY_NUMBER = re.compile(f"(?:{_DIGIT}{_SEPARATOR}){{17}}[\\dXxＸｘ]".join(_BETWEEN_DIGITS))
_MOBILE_NUMBER = re.compile(f"[1１]{_SEPARATOR}[3-9３-９](?:{_SEPARATOR}{_DIGIT}){{9}}".join(_APART))
_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}[@＠][A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are a resident identity number (GB 11643): a day of birth in it, and the check digit."""
    try:
        date.fromisoformat(text[6:14])
    except ValueError:
        return False
    total = sum(int(c) * w for c, w in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK[total % 11] == text[17].upper()


def mask_text(text: str) -> str:
    """``text`` with personal numbers and addresses hidden whole: a date of birth lies in the middle of the number."""
    masked = _IDENTITY_NUMBER.sub(lambda m: HIDDEN if is_identity_number(_compact(m[0])) else m[0], text)
    return _MAIL_ADDRESS.sub(HIDDEN, _MOBILE_NUMBER.sub(HIDDEN, masked))


def mask_face(licence_type: LicenceType, items: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The lines of a face as the public may see them."""
    sensitive = licence_type.sensitive_labels
    return tuple((label, HIDDEN if label in sensitive else mask_text(value)) for label, value in items)


def _compact(text: str) -> str:
    """As typed by clerks, full width and spaced, to plain digits."""
    plain = re.sub(_SEPARATOR, "", text)
    return "".join(str(int(c)) if c.isdecimal() else unicodedata.normalize("NFKC", c) for c in plain)
