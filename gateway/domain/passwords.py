"""Password hashes (scrypt, RFC 7914) and one-time codes (TOTP, RFC 6238)."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime
from urllib.parse import quote

_BLOCK, _PARALLEL, _SALT, _KEY = 8, 1, 16, 32
STEP_SECONDS = 30
"""RFC 6238, 5.2 recommends it; every authenticator has it as default."""
DIGITS = 6
_DRIFT = 1
"""Steps before and after the present one that are accepted, for clocks that differ (RFC 6238, 5.2)."""
_SECRET_BYTES = 20
"""RFC 4226, 4, R6 recommends 160 bits."""
# Without letters and digits that look alike: these are read from a screen and typed once.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def hash_password(password: str, *, cost: int) -> str:
    """``scrypt$cost$salt$key``: the key under a fresh salt, with 2**cost rounds."""
    salt = secrets.token_bytes(_SALT)
    return f"scrypt${cost}${salt.hex()}${_derive(password, salt, cost).hex()}"


def is_password(password: str, hashed: str) -> bool:
    """Whether the password is the one that was hashed; takes the same time either way."""
    _, cost, salt, key = hashed.split("$")
    return hmac.compare_digest(_derive(password, bytes.fromhex(salt), int(cost)), bytes.fromhex(key))


def first_password() -> str:
    """A password to be handed over once: four groups of four characters, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def new_secret() -> str:
    """A fresh secret for an authenticator, in Base32."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def secret_address(secret: str, *, account: str, issuer: str) -> str:
    """What an authenticator's QR code holds."""
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?secret={secret}&issuer={quote(issuer)}"


def one_time_code(secret: str, step: int, *, digits: int = DIGITS) -> str:
    """The code of a time step (RFC 4226, 5.3 over RFC 6238, 4.2), HMAC-SHA-1 as authenticators have it."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def step_of(instant: datetime) -> int:
    """The time step of an aware instant."""
    return int(instant.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """The step whose code this is, of those around ``at`` and later than ``after``; a code serves once (RFC 6238, 5.2)."""
    typed = "".join(code.split())
    now = step_of(at)
    return next(
        (
            step
            for step in range(now - _DRIFT, now + _DRIFT + 1)
            if step > after and hmac.compare_digest(one_time_code(secret, step).encode(), typed.encode())
        ),
        None,
    )


def _derive(password: str, salt: bytes, cost: int) -> bytes:
    text = unicodedata.normalize("NFKC", password).encode()
    rounds = 1 << cost
    # RFC 7914, 2: 128 * r * N bytes; OpenSSL wants a little more than that to be allowed.
    room = 128 * _BLOCK * (rounds + _PARALLEL + 2) + (1 << 20)
    return hashlib.scrypt(text, salt=salt, n=rounds, r=_BLOCK, p=_PARALLEL, maxmem=room, dklen=_KEY)
