"""Fallbacks for platforms whose OpenSSL is built without SM2 (docs/adr/0002).

``gmssl-pyx`` signs and verifies over a digest that we make ourselves. The pure-Python ``gmssl`` only ever verifies:
its signer takes nonces from ``random`` and its plain ``verify`` can be forged, so only its curve arithmetic is used,
behind our own strict checks, and signing there is refused.
"""

import hmac
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn

from signing import sm2
from signing.errors import BackendUnavailableError, InvalidSignatureError, KeyRefusedError
from signing.pkcs8 import read_scalar, write_scalar
from signing.sm2 import PrivateKey, PublicKey

_MISMATCH = "the signature does not fit the message and the key"


@dataclass(frozen=True)
class _ScalarKey:
    """A private scalar in memory. Its repr tells only the public half."""

    public_key: PublicKey
    scalar: bytes = field(repr=False)


class GmsslPyxBackend:
    """The GmSSL C library through gmssl-pyx, digests in, DER out."""

    name = "gmssl-pyx"
    can_sign = True

    def __init__(self, library: Any) -> None:
        self._library = library

    def generate(self) -> PrivateKey:
        """A fresh key."""
        public, scalar = self._library.sm2_key_generate()
        return _ScalarKey(sm2.public_key_from_point(b"\x04" + public), scalar)

    def load_private(self, der: bytes, password: bytes | None = None) -> PrivateKey:
        """PKCS#8, plain or PBES2."""
        scalar = read_scalar(der, password)
        if not 0 < int.from_bytes(scalar) < sm2.N - 1:
            raise KeyRefusedError("the private key is out of range")
        return _ScalarKey(public_point(int.from_bytes(scalar)), scalar)

    def dump_private(self, key: PrivateKey, password: bytes, *, iterations: int = 600_000) -> bytes:
        """DER PKCS#8 under PBES2."""
        own = _own(key)
        return write_scalar(own.scalar, own.public_key.point, password, iterations)

    def sign_digest(self, key: PrivateKey, e: bytes) -> bytes:
        """Signature over e; the nonce is the operating system's."""
        own = _own(key)
        signature: bytes = self._library.sm2_sign_sm3_digest(own.scalar, e)
        return signature

    def verify_digest(self, key: PublicKey, e: bytes, signature: bytes) -> None:
        """Verification over e."""
        sm2.parse_signature(signature)
        if not self._library.sm2_verify_sm3_digest(key.point[1:], e, signature):
            raise InvalidSignatureError(_MISMATCH)


class GmsslBackend:
    """Pure Python, verify only: for a counterparty's machine that has nothing else."""

    name = "gmssl (verify only)"
    can_sign = False

    def __init__(self, curve: Any) -> None:
        self._curve = curve

    def generate(self) -> NoReturn:
        """Refused: its randomness is not fit for keys."""
        raise BackendUnavailableError("this machine can only verify SM2: install OpenSSL 3 with SM2 to make keys")

    def load_private(self, der: bytes, password: bytes | None = None) -> NoReturn:
        """Refused: nothing may be signed here."""
        del der, password
        raise BackendUnavailableError("this machine can only verify SM2: install OpenSSL 3 with SM2 to sign")

    def dump_private(self, key: PrivateKey, password: bytes, *, iterations: int = 600_000) -> NoReturn:
        """Refused: there are no keys here."""
        del key, password, iterations
        raise BackendUnavailableError("this machine can only verify SM2")

    def sign_digest(self, key: PrivateKey, e: bytes) -> NoReturn:
        """Refused: its nonces could be predicted."""
        del key, e
        raise BackendUnavailableError("this machine can only verify SM2: install OpenSSL 3 with SM2 to sign")

    def verify_digest(self, key: PublicKey, e: bytes, signature: bytes) -> None:
        """Verification over e with gmssl's point arithmetic (GB/T 32918.2, 7.1, steps B5 to B7)."""
        r, s = sm2.parse_signature(signature)
        curve = self._curve
        p1 = curve._kg(s, curve.ecc_table["g"])  # noqa: SLF001 - the only arithmetic that gmssl offers
        p2 = curve._kg((r + s) % sm2.N, key.point[1:].hex())  # noqa: SLF001
        joined = curve._double_point(p1) if p1 == p2 else curve._add_point(p1, p2)  # noqa: SLF001
        affine = curve._convert_jacb_to_nor(joined)  # noqa: SLF001
        x = int(affine[:64], 16) if affine else 0
        found = ((int.from_bytes(e) + x) % sm2.N).to_bytes(sm2.SCALAR_BYTES)
        if not hmac.compare_digest(found, r.to_bytes(sm2.SCALAR_BYTES)):
            raise InvalidSignatureError(_MISMATCH)


def public_point(scalar: int) -> PublicKey:
    """Scalar * G by double-and-add; only for loading a key where no library can."""
    result: tuple[int, int] | None = None
    addend: tuple[int, int] | None = (sm2.GX, sm2.GY)
    while scalar:
        if scalar & 1:
            result = _add(result, addend)
        addend = _add(addend, addend)
        scalar >>= 1
    assert result is not None
    return sm2.public_key_from_point(b"\x04" + result[0].to_bytes(32) + result[1].to_bytes(32))


def _add(a: tuple[int, int] | None, b: tuple[int, int] | None) -> tuple[int, int] | None:
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % sm2.P == 0:
            return None
        slope = (3 * a[0] * a[0] + sm2.A) * pow(2 * a[1], -1, sm2.P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, sm2.P)
    x = (slope * slope - a[0] - b[0]) % sm2.P
    return x, (slope * (a[0] - x) - a[1]) % sm2.P


def _own(key: PrivateKey) -> _ScalarKey:
    if not isinstance(key, _ScalarKey):
        raise KeyRefusedError("the key belongs to another back end")
    return key


@cache
def load_gmssl_pyx() -> GmsslPyxBackend:
    """The back end on gmssl-pyx. BackendUnavailableError when it is not installed."""
    try:
        import gmssl_pyx  # noqa: PLC0415 - a fallback that may be missing
    except ImportError as error:
        raise BackendUnavailableError("gmssl-pyx is not installed") from error
    return GmsslPyxBackend(gmssl_pyx)


@cache
def load_gmssl() -> GmsslBackend:
    """The verify-only back end on gmssl. BackendUnavailableError when it is not installed."""
    try:
        from gmssl import sm2 as gmssl_sm2  # noqa: PLC0415 - a fallback that may be missing
    except ImportError as error:
        raise BackendUnavailableError("gmssl is not installed") from error
    return GmsslBackend(gmssl_sm2.CryptSM2(private_key=None, public_key="0" * 128))
