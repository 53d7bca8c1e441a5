"""SM2 signatures (GB/T 32918.2) and SM3 digests (GB/T 32905): the interface, the strict checks, the choice of a back end.

Everything that can be judged without private arithmetic is judged here, once, for every back end: the form of a key,
points on the curve, strict DER, ranges. The back ends only do the curve arithmetic.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, Protocol

from signing.errors import BackendUnavailableError, KeyRefusedError, MalformedSignatureError, SigningError

DEFAULT_ID = b"1234567812345678"
"""The signer's identity that GM/T 0009 fixes; OpenSSL alone would take an empty one and match nobody."""

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

SCALAR_BYTES = 32
_SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""SEQUENCE{SEQUENCE{id-ecPublicKey, 1.2.156.10197.1.301}, BIT STRING}: the one DER form of an uncompressed SM2 key."""


def sm3_new(data: bytes = b"") -> Any:
    """A running SM3 digest with hashlib's interface."""
    return hashlib.new("sm3", data)


def sm3(data: bytes) -> bytes:
    """SM3 digest, 32 bytes."""
    digest: bytes = hashlib.new("sm3", data).digest()
    return digest


@dataclass(frozen=True)
class PublicKey:
    """A point on the SM2 curve."""

    point: bytes
    """65 bytes: 04 || X || Y."""

    @cached_property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo (RFC 5480)."""
        return _SPKI_PREFIX + self.point


class PrivateKey(Protocol):
    """An opaque handle; its secret is inside the back end."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        ...


class Sm2Backend(Protocol):
    """The arithmetic. ``e`` is SM3(Z_A || M), 32 bytes."""

    @property
    def name(self) -> str:
        """For ``doctor`` and logs."""
        ...

    @property
    def can_sign(self) -> bool:
        """False for the verify-only fallback."""
        ...

    def generate(self) -> PrivateKey:
        """A fresh key from the operating system's randomness."""
        ...

    def load_private(self, der: bytes, password: bytes | None = None) -> PrivateKey:
        """PKCS#8 (plain or PBES2) or SEC1. KeyRefusedError when it is no sound SM2 key or the password is wrong."""
        ...

    def dump_private(self, key: PrivateKey, password: bytes, *, iterations: int = 600_000) -> bytes:
        """DER PKCS#8 under PBES2 (PBKDF2-HMAC-SHA256, AES-256-CBC)."""
        ...

    def sign_digest(self, key: PrivateKey, e: bytes) -> bytes:
        """Signature over ``e``: strict DER."""
        ...

    def verify_digest(self, key: PublicKey, e: bytes, signature: bytes) -> None:
        """InvalidSignatureError when the well-formed signature does not fit; MalformedSignatureError before that."""
        ...


def load_public(spki: bytes) -> PublicKey:
    """The key in a DER SubjectPublicKeyInfo. KeyRefusedError unless it is an uncompressed point on the SM2 curve."""
    if not spki.startswith(_SPKI_PREFIX):
        raise KeyRefusedError("not an SM2 public key in uncompressed form")
    return public_key_from_point(spki[len(_SPKI_PREFIX) :])


@lru_cache(maxsize=1024)
def public_key_from_point(point: bytes) -> PublicKey:
    """The key at 04||X||Y. KeyRefusedError when the point is not on the curve."""
    if len(point) != 1 + 2 * SCALAR_BYTES or point[0] != 4:  # noqa: PLR2004 - 04 marks an uncompressed point
        raise KeyRefusedError("not an uncompressed point")
    x = int.from_bytes(point[1 : 1 + SCALAR_BYTES])
    y = int.from_bytes(point[1 + SCALAR_BYTES :])
    if x >= P or y >= P or (y * y - (x * x * x + A * x + B)) % P:
        raise KeyRefusedError("the point is not on the SM2 curve")
    return PublicKey(point)


@lru_cache(maxsize=1024)
def z_a(key: PublicKey, signer_id: bytes = DEFAULT_ID) -> bytes:
    """Z_A of GB/T 32918.2, 5.5: the digest of the signer's identity, the curve and the public key."""
    curve = b"".join(v.to_bytes(SCALAR_BYTES) for v in (A, B, GX, GY))
    return sm3((8 * len(signer_id)).to_bytes(2) + signer_id + curve + key.point[1:])


def message_digest(key: PublicKey, message: bytes, signer_id: bytes = DEFAULT_ID) -> bytes:
    """E = SM3(Z_A || M)."""
    return sm3(z_a(key, signer_id) + message)


def sign(key: PrivateKey, message: bytes, *, signer_id: bytes = DEFAULT_ID) -> bytes:
    """SM2 signature over ``message``, strict DER."""
    return backend().sign_digest(key, message_digest(key.public_key, message, signer_id))


def verify(key: PublicKey, message: bytes, signature: bytes, *, signer_id: bytes = DEFAULT_ID) -> None:
    """Check a DER signature. InvalidSignatureError when it does not fit, MalformedSignatureError when it is no signature."""
    backend().verify_digest(key, message_digest(key, message, signer_id), signature)


def generate() -> PrivateKey:
    """A fresh private key."""
    return backend().generate()


def parse_signature(der: bytes) -> tuple[int, int]:
    """(r, s) of a strict DER signature. MalformedSignatureError for any other encoding, for values out of [1, n-1]
    and for r + s = n (GB/T 32918.2, 7.1).
    """
    if len(der) < 2 or der[0] != 0x30 or der[1] != len(der) - 2:  # noqa: PLR2004 - tag and short length
        raise MalformedSignatureError("not a DER SEQUENCE of its own length")
    r, offset = _der_integer(der, 2)
    s, offset = _der_integer(der, offset)
    if offset != len(der):
        raise MalformedSignatureError("bytes after the second integer")
    return check_scalars(r, s)


def check_scalars(r: int, s: int) -> tuple[int, int]:
    """(r, s) when both are in range and their sum is not n."""
    if not (0 < r < N and 0 < s < N) or r + s == N:
        raise MalformedSignatureError("r or s is out of range")
    return r, s


def _der_integer(der: bytes, offset: int) -> tuple[int, int]:
    """A minimal positive DER INTEGER of at most 33 bytes at ``offset``: (value, offset behind it)."""
    header = der[offset : offset + 2]
    if len(header) != 2 or header[0] != 2 or not 1 <= header[1] <= SCALAR_BYTES + 1:  # noqa: PLR2004 - INTEGER
        raise MalformedSignatureError("not a DER INTEGER")
    content = der[offset + 2 : offset + 2 + header[1]]
    if len(content) != header[1] or content[0] & 0x80:
        raise MalformedSignatureError("a truncated or negative INTEGER")
    if len(content) > 1 and content[0] == 0 and not content[1] & 0x80:
        raise MalformedSignatureError("an INTEGER that is not minimal")
    return int.from_bytes(content), offset + 2 + header[1]


def signature_from_scalars(r: int, s: int) -> bytes:
    """Strict DER of SEQUENCE{r, s}."""
    body = b"".join(
        b"\x02" + bytes([len(content)]) + content
        for content in (value.to_bytes(value.bit_length() // 8 + 1) for value in (r, s))
    )
    return b"\x30" + bytes([len(body)]) + body


def signature_to_raw(der: bytes) -> bytes:
    """R || s, 64 bytes, from strict DER."""
    r, s = parse_signature(der)
    return r.to_bytes(SCALAR_BYTES) + s.to_bytes(SCALAR_BYTES)


def signature_from_raw(raw: bytes) -> bytes:
    """Strict DER from r || s. MalformedSignatureError unless it is 64 bytes in range."""
    if len(raw) != 2 * SCALAR_BYTES:
        raise MalformedSignatureError("a raw signature has 64 bytes")
    return signature_from_scalars(
        *check_scalars(int.from_bytes(raw[:SCALAR_BYTES]), int.from_bytes(raw[SCALAR_BYTES:]))
    )


def self_test(candidate: Sm2Backend) -> None:
    """The example of GB/T 32918.5, tampering, and a fresh round trip. Raises when the back end must not be used."""
    e = message_digest(_EXAMPLE_KEY, b"message digest")
    if e != _EXAMPLE_E:
        raise BackendUnavailableError("SM3 gives a wrong digest")
    candidate.verify_digest(_EXAMPLE_KEY, e, _EXAMPLE_SIGNATURE)
    for wrong_e, wrong_signature in ((sm3(e), _EXAMPLE_SIGNATURE), (e, _TAMPERED_SIGNATURE)):
        try:
            candidate.verify_digest(_EXAMPLE_KEY, wrong_e, wrong_signature)
        except SigningError:
            continue
        raise BackendUnavailableError(f"{candidate.name} accepts a wrong signature")
    if candidate.can_sign:
        key = candidate.generate()
        candidate.verify_digest(key.public_key, e, candidate.sign_digest(key, e))


_EXAMPLE_KEY = PublicKey(
    bytes.fromhex(
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
)
_EXAMPLE_E = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
_EXAMPLE_R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
_EXAMPLE_S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
_EXAMPLE_SIGNATURE = signature_from_scalars(_EXAMPLE_R, _EXAMPLE_S)
_TAMPERED_SIGNATURE = signature_from_scalars(_EXAMPLE_R, _EXAMPLE_S - 1)


def candidates() -> list[Sm2Backend]:
    """Back ends that load on this machine, best first; not yet self-tested."""
    # Imported here, since the back ends use the checks above.
    from signing import sm2_gmssl, sm2_libcrypto  # noqa: PLC0415

    found: list[Sm2Backend] = []
    for load in (sm2_libcrypto.load, sm2_gmssl.load_gmssl_pyx, sm2_gmssl.load_gmssl):
        try:
            found.append(load())
        except BackendUnavailableError:
            continue
    return found


@cache
def backend() -> Sm2Backend:
    """The best back end that passes the self-test. BackendUnavailableError when none does."""
    for candidate in candidates():
        try:
            self_test(candidate)
        except SigningError:
            continue
        return candidate
    raise BackendUnavailableError("no SM2 back end on this machine: install OpenSSL 3 with SM2, or gmssl-pyx")
