"""COSE_Sign1 (RFC 9052) with SM2: small signed tokens for QR codes and lists."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cbor2

from signing import sm2
from signing.errors import MalformedDataError
from signing.keys import SigningKey
from signing.sm2 import PublicKey

SM2_WITH_SM3_ALG = -65_537 - 301
"""Private-use COSE algorithm (RFC 9052, 10: below -65536): SM2 with SM3 and the default identity, r||s in 64 bytes.
IANA has registered none; the digits recall the arc 1.2.156.10197.1.301."""

SIGN1_TAG = 18
KEY_ID_BYTES = 8
MAX_TOKEN_BYTES = 1_048_576
_ALG, _KID = 1, 4
_SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Sign1:
    """A parsed COSE_Sign1; nothing in it is proven until ``verify_sign1`` returns."""

    protected: bytes
    key_id: bytes
    payload: bytes
    signature: bytes
    """r || s, 64 bytes."""


def key_id_of(spki: bytes) -> bytes:
    """The key id of a public key: the first 8 bytes of SM3 over its SubjectPublicKeyInfo."""
    return sm2.sm3(spki)[:KEY_ID_BYTES]


def sign1(payload: bytes, key: SigningKey, *, key_id: bytes) -> bytes:
    """A tagged COSE_Sign1 over ``payload``, deterministic CBOR apart from the signature."""
    protected = dump_canonical({_ALG: SM2_WITH_SM3_ALG, _KID: key_id})
    signature = sm2.signature_to_raw(key.sign(_signed_bytes(protected, payload)))
    return dump_canonical(cbor2.CBORTag(SIGN1_TAG, [protected, {}, payload, signature]))


def parse_sign1(data: bytes) -> Sign1:
    """A COSE_Sign1 in deterministic form. MalformedDataError for anything else, however nearly right."""
    if len(data) > MAX_TOKEN_BYTES:
        raise MalformedDataError("the token is too long")
    token = load_canonical(data)
    if not isinstance(token, cbor2.CBORTag) or token.tag != SIGN1_TAG:
        raise MalformedDataError("not a COSE_Sign1")
    parts = token.value
    if not isinstance(parts, (list, tuple)) or len(parts) != 4:  # noqa: PLR2004 - protected, unprotected, payload, signature
        raise MalformedDataError("not a COSE_Sign1")
    protected, unprotected, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise MalformedDataError("not a COSE_Sign1")
    header = load_canonical(protected)
    if unprotected != {} or not isinstance(header, dict) or set(header) != {_ALG, _KID}:
        raise MalformedDataError("unexpected COSE headers")
    if header[_ALG] != SM2_WITH_SM3_ALG or not isinstance(header[_KID], bytes):
        raise MalformedDataError("not signed with SM2")
    if len(signature) != _SIGNATURE_BYTES:
        raise MalformedDataError("the signature does not have 64 bytes")
    return Sign1(protected, header[_KID], payload, signature)


def verify_sign1(message: Sign1, public_key: PublicKey) -> None:
    """InvalidSignatureError unless ``public_key`` signed the token."""
    signature = sm2.signature_from_raw(message.signature)
    sm2.verify(public_key, _signed_bytes(message.protected, message.payload), signature)


def dump_canonical(value: Any) -> bytes:
    """Deterministic CBOR (RFC 8949, 4.2)."""
    encoded: bytes = cbor2.dumps(value, canonical=True)
    return encoded


def load_canonical(data: bytes) -> Any:
    """Exactly one CBOR value in deterministic form. MalformedDataError otherwise.

    Encoding it again must give the same bytes: that refuses trailing bytes, indefinite lengths, long forms and
    repeated keys in one stroke.
    """
    try:
        stream = BytesIO(data)
        value = cbor2.CBORDecoder(stream).decode()
        canonical = dump_canonical(value)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, EOFError) as error:
        raise MalformedDataError("not CBOR") from error
    if canonical != data:
        raise MalformedDataError("not deterministic CBOR")
    return value


def _signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052, 4.4, without external data."""
    return dump_canonical(["Signature1", protected, b"", payload])
