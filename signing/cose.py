"""COSE_Sign1 (RFC 9052) with SM2: small signed tokens for QR codes and lists."""

from dataclasses import dataclass

from signing import cbor, sm2
from signing.errors import KeyRefusedError, MalformedDataError
from signing.keys import SignatureAlgorithm, SigningKey
from signing.sm2 import PublicKey

SM2_WITH_SM3_ALG = -65_537 - 301
"""Algorithm identifier -65838: SM2 with SM3 and the default identity; the signature is r || s in 64 bytes.

IANA has registered none for SM2. Identifiers below -65536 are for private use (RFC 9053, 11.1); the digits
recall the arc 1.2.156.10197.1.301.
"""

SIGN1_TAG = 18
KEY_ID_BYTES = 8
MAX_KEY_ID_BYTES = 32
MAX_TOKEN_BYTES = 1_048_576
"""A QR code holds 3 kB, a signed list some hundred kB; more is not parsed."""

_ALG, _KID = 1, 4
_SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Sign1:
    """A parsed COSE_Sign1; nothing in it is proven until ``verify_sign1`` returns."""

    protected: bytes
    """The protected header as it is signed."""
    algorithm: int
    """Always ``SM2_WITH_SM3_ALG``: no other is parsed."""
    key_id: bytes
    payload: bytes
    signature: bytes
    """r || s, 64 bytes."""


def key_id_of(spki: bytes) -> bytes:
    """The key id of a public key: the first 8 bytes of SM3 over its DER SubjectPublicKeyInfo.

    It only finds a key; a signature that verifies says that it was the right one.
    """
    return sm2.sm3(spki)[:KEY_ID_BYTES]


def sign1(payload: bytes, key: SigningKey, *, key_id: bytes) -> bytes:
    """A tagged COSE_Sign1 over ``payload``, deterministic CBOR. KeyRefusedError for a key that is not SM2."""
    if key.algorithm is not SignatureAlgorithm.SM2_WITH_SM3:
        raise KeyRefusedError("COSE tokens are signed with SM2")
    protected = cbor.dumps({_ALG: SM2_WITH_SM3_ALG, _KID: key_id})
    signature = sm2.signature_to_raw(key.sign(_signed_bytes(protected, payload)))
    return cbor.dumps(cbor.Tagged(SIGN1_TAG, [protected, {}, payload, signature]))


def parse_sign1(data: bytes) -> Sign1:
    """A tagged COSE_Sign1 as ``sign1`` makes it. MalformedDataError for anything else, however nearly right.

    One token has one form, so that nobody can make a second one out of it: deterministic CBOR, both headers
    protected, nothing in the unprotected map (RFC 9052, 3).
    """
    if len(data) > MAX_TOKEN_BYTES:
        raise MalformedDataError("the token is too long")
    match cbor.loads(data):
        case cbor.Tagged(
            tag=18,
            value=[bytes() as protected, dict() as unprotected, bytes() as payload, bytes() as signature],
        ):
            algorithm, key_id = _protected_header(protected)
        case _:
            raise MalformedDataError("not a COSE_Sign1")
    if unprotected:
        raise MalformedDataError("a COSE header stands outside the signature")
    if len(signature) != _SIGNATURE_BYTES:
        raise MalformedDataError("the signature does not have 64 bytes")
    return Sign1(protected, algorithm, key_id, payload, signature)


def verify_sign1(message: Sign1, public_key: PublicKey) -> None:
    """InvalidSignatureError unless ``public_key`` signed the token."""
    signature = sm2.signature_from_raw(message.signature)
    sm2.verify(public_key, _signed_bytes(message.protected, message.payload), signature)


def _protected_header(protected: bytes) -> tuple[int, bytes]:
    header = cbor.loads(protected)
    if not isinstance(header, dict) or set(header) != {_ALG, _KID}:
        raise MalformedDataError("the protected header holds algorithm and key id, nothing else")
    algorithm, key_id = header[_ALG], header[_KID]
    if algorithm != SM2_WITH_SM3_ALG or not isinstance(algorithm, int):
        raise MalformedDataError("the token is not signed with SM2")
    if not isinstance(key_id, bytes) or not 0 < len(key_id) <= MAX_KEY_ID_BYTES:
        raise MalformedDataError("the key id is not a short byte string")
    return algorithm, key_id


def _signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052, 4.4) without external data."""
    return cbor.dumps(["Signature1", protected, b"", payload])
