"""Identifiers: unified social credit codes (GB 32100) and licence identifiers (GB/T 36904)."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from certs import uscc

ALPHABET_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROOT_OID = "1.2.156.3005.2"
_NOISE = re.compile(r"[ \t\-‐‑‒–—−·]")
"""Spaces, dashes and middle dots, after NFKC; a line break is none of them: two lines are two codes."""

_IDENTIFIER = re.compile(
    re.escape(ROOT_OID) + r"\.([0-9A-Z]{21})\.([0-9A-Z]{6,18})\.([0-9A-Z]{1,64})\.([0-9]{3})\.([0-9A-Z])"
)


class CodeError(ValueError):
    """A code breaks its rule; the text says which, in Chinese and English."""


@dataclass(frozen=True)
class CreditCodeCheck:
    """A code that passed, with what is odd about it."""

    code: str
    warnings: tuple[str, ...] = ()


def normalise_code(text: str) -> str:
    """Upper case, full-width forms narrowed, spaces and dashes removed: how people type codes."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()


@lru_cache(maxsize=4096)
def check_unified_social_credit_code(text: str) -> CreditCodeCheck:
    """The normalised code. CodeError names the broken rule. A check digit never proves that the holder exists."""
    if "\n" in text or "\r" in text:
        raise CodeError("一次只能填写一个代码。One code at a time.")
    code = normalise_code(text)
    if len(code) != uscc.LENGTH:
        raise CodeError(
            f"统一社会信用代码应为 18 位，实为 {len(code)} 位。A credit code has 18 characters, not {len(code)}."
        )
    wrong = sorted(set(code) - set(uscc.ALPHABET))
    if wrong:
        raise CodeError(
            f"统一社会信用代码含有不允许的字符 {''.join(wrong)}。It has characters that no credit code has."
        )
    if not uscc.is_valid(code):
        raise CodeError("统一社会信用代码校验码错误。The check digit of the credit code is wrong.")
    fits = uscc.organisation_check_fits(code)
    return CreditCodeCheck(code, () if fits else ("ORGANISATION_CODE_CHECK",))


@lru_cache(maxsize=256)  # an identifier is written a dozen times while its licence is made
def check_character(body: str) -> str:
    """ISO 7064 MOD 37,36 over ``body`` of [0-9A-Z]."""
    p = 36
    for character in body:
        r = (p + ALPHABET_36.index(character)) % 36 or 36
        p = r * 2 % 37
    return ALPHABET_36[(37 - p) % 36]


@dataclass(frozen=True)
class LicenceIdentifier:
    """证照标识: type, authority, serial, version; its text carries the root OID and the check character."""

    type_code: str
    """21 characters: credit code of the defining authority and a serial of three."""
    authority_code: str
    """18 characters on issue; shorter ones are met and read."""
    serial: str
    version: str
    """Three digits, 001 first."""

    def __str__(self) -> str:
        parts = (self.type_code, self.authority_code, self.serial, self.version)
        return ".".join((ROOT_OID, *parts, check_character("".join(parts))))

    @classmethod
    def parse(cls, text: str) -> "LicenceIdentifier":
        """CodeError when the form or the check character is wrong."""
        match = _IDENTIFIER.fullmatch(text)
        if match is None:
            raise CodeError("不是证照标识的形式。Not in the form of a licence identifier.")
        found = cls(*match.groups()[:4])
        if str(found) != text:
            raise CodeError("证照标识校验位错误。The check character of the licence identifier is wrong.")
        return found
