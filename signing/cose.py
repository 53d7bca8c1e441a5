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

_ALG, _KID, _TYPE = 1, 4, 16
"""Header parameters of RFC 9052, 3.1, and ``typ`` of RFC 9596."""
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
    media_type: str | None = None
    """What the token says that it is (``typ``); None for a licence code, where each octet counts."""


def key_id_of(spki: bytes) -> bytes:
    """The key id of a public key: the first 8 bytes of SM3 over its DER SubjectPublicKeyInfo.

    It only finds a key; a signature that verifies says that it was the right one.
    """
    return sm2.sm3(spki)[:KEY_ID_BYTES]


def sign1(payload: bytes, key: SigningKey, *, key_id: bytes, media_type: str | None = None) -> bytes:
    """A tagged COSE_Sign1 over ``payload``, deterministic CBOR. KeyRefusedError for a key that is not SM2.

    ``media_type`` is signed with it, so that a token of one kind never passes for one of another (RFC 9596).
    """
    if key.algorithm is not SignatureAlgorithm.SM2_WITH_SM3:
        raise KeyRefusedError("COSE tokens are signed with SM2")
    signature = key.sign(signed_bytes(payload, key_id=key_id, media_type=media_type))
    return assemble_sign1(payload, signature, key_id=key_id, media_type=media_type)


def signed_bytes(payload: bytes, *, key_id: bytes, media_type: str | None = None) -> bytes:
    """What a signature of a token is over: the Sig_structure (RFC 9052, 4.4). Signed elsewhere, it makes ``assemble_sign1``."""
    return _signed_bytes(_protected(key_id, media_type), payload)


def assemble_sign1(payload: bytes, signature: bytes, *, key_id: bytes, media_type: str | None = None) -> bytes:
    """The token with a signature (DER) that was made over ``signed_bytes``. MalformedSignatureError when it is no DER."""
    protected = _protected(key_id, media_type)
    return cbor.dumps(cbor.Tagged(SIGN1_TAG, [protected, {}, payload, sm2.signature_to_raw(signature)]))


def _protected(key_id: bytes, media_type: str | None) -> bytes:
    header: dict[int | str, cbor.Value] = {_ALG: SM2_WITH_SM3_ALG, _KID: key_id}
    return cbor.dumps(header if media_type is None else {**header, _TYPE: media_type})


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
            algorithm, key_id, media_type = _protected_header(protected)
        case _:
            raise MalformedDataError("not a COSE_Sign1")
    if unprotected:
        raise MalformedDataError("a COSE header stands outside the signature")
    if len(signature) != _SIGNATURE_BYTES:
        raise MalformedDataError("the signature does not have 64 bytes")
    return Sign1(protected, algorithm, key_id, payload, signature, media_type)


def verify_sign1(message: Sign1, public_key: PublicKey) -> None:
    """InvalidSignatureError unless ``public_key`` signed the token."""
    signature = sm2.signature_from_raw(message.signature)
    sm2.verify(public_key, _signed_bytes(message.protected, message.payload), signature)


def _protected_header(protected: bytes) -> tuple[int, bytes, str | None]:
    header = cbor.loads(protected)
    if not isinstance(header, dict) or set(header) - {_TYPE} != {_ALG, _KID}:
        raise MalformedDataError("the protected header holds algorithm, key id and type, nothing else")
    algorithm, key_id, media_type = header[_ALG], header[_KID], header.get(_TYPE)
    if algorithm != SM2_WITH_SM3_ALG or not isinstance(algorithm, int):
        raise MalformedDataError("the token is not signed with SM2")
    if not isinstance(key_id, bytes) or not 0 < len(key_id) <= MAX_KEY_ID_BYTES:
        raise MalformedDataError("the key id is not a short byte string")
    if _TYPE in header and not isinstance(media_type, str):
        raise MalformedDataError("the type is not a text")
    return algorithm, key_id, media_type if isinstance(media_type, str) else None


def _signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure (RFC 9052, 4.4) without external data."""
    return cbor.dumps(["Signature1", protected, b"", payload])
