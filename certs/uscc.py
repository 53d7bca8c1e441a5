"""Check digits of the unified social credit code (GB 32100-2015) and of the organisation code in it (GB 11714)."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
_WEIGHTS = tuple(pow(3, i, 31) for i in range(LENGTH - 1))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION = slice(8, 17)


def check_digit(body: str) -> str:
    """The 18th character for the first 17. ValueError for characters outside the alphabet."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def is_valid(code: str) -> bool:
    """Whether ``code`` has the form and the right check digit. It never proves that the holder exists."""
    return len(code) == LENGTH and all(c in ALPHABET for c in code) and check_digit(code[:-1]) == code[-1]


def organisation_check_fits(code: str) -> bool:
    """Whether positions 9 to 17 carry their own check digit; worth a warning only."""
    organisation = code[_ORGANISATION]
    total = sum(int(c, 36) * weight for c, weight in zip(organisation[:8], _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11] == organisation[8]
