"""Private keys in memory, of every kind that signs: making, matching, reading and sealing them.

SM2 keys are opaque handles of the SM2 back end, ECDSA and RSA keys those of ``cryptography``.
"""

import re

from asn1crypto import core, pem
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signing import der, sm2
from signing.algorithms import EC_PUBLIC_KEY_OID, SM2_CURVE_OID
from signing.errors import KeyRefusedError
from signing.keys import SignatureAlgorithm
from signing.keys_ecdsa import EcdsaSigningKey
from signing.keys_rsa import RsaSigningKey
from signing.keys_sm2 import Sm2SigningKey
from signing.pkcs8 import plain_sm2, seal, unseal

AnyPrivateKey = sm2.PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SoftwareKey = Sm2SigningKey | EcdsaSigningKey | RsaSigningKey
"""A signing key whose secret is in this process's memory."""

MOST_BYTES = 64 * 1024
"""An RSA key of 16,384 bits in PEM has 13 kB."""
_RSA_BITS, _RSA_EXPONENT = 3072, 65537
_SEALED, _LEGACY = "ENCRYPTED PRIVATE KEY", "DEK-Info"
_SM2_ALGORITHM = der.sequence(der.oid(EC_PUBLIC_KEY_OID), der.oid(SM2_CURVE_OID))
_SM2_PARAMETERS = der.explicit(0, der.oid(SM2_CURVE_OID))
_ALGORITHM_WITHIN = 40
"""The algorithm follows the two lengths and the version of PKCS#8."""
_SEQUENCE = 0x30


def generate(algorithm: SignatureAlgorithm) -> AnyPrivateKey:
    """A fresh key from the operating system's randomness: SM2, P-256, or RSA with 3,072 bits."""
    if algorithm is SignatureAlgorithm.SM2_WITH_SM3:
        return sm2.generate()
    if algorithm is SignatureAlgorithm.ECDSA_WITH_SHA256:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)


def public_half(key: AnyPrivateKey) -> bytes:
    """DER SubjectPublicKeyInfo of a private key."""
    if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        return key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    return key.public_key.spki


def signing_key(key: AnyPrivateKey, certificate: bytes, chain: tuple[bytes, ...] = ()) -> SoftwareKey:
    """The ``SigningKey`` of its kind. KeyRefusedError for another curve than P-256 and for short RSA keys."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return EcdsaSigningKey(key, certificate, chain)
    if isinstance(key, rsa.RSAPrivateKey):
        return RsaSigningKey(key, certificate, chain)
    return Sm2SigningKey(key, certificate, chain)


def seal_key(key: AnyPrivateKey, password: bytes, *, iterations: int) -> bytes:
    """DER PKCS#8 under PBES2 (PBKDF2-HMAC-SHA256, AES-256-CBC)."""
    if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        plain = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return seal(plain, password, iterations)
    return sm2.backend().dump_private(key, password, iterations=iterations)


def open_key(data: bytes, password: bytes | None = None) -> AnyPrivateKey:
    """The key in PEM or DER: PKCS#8, sealed or plain, SEC 1 or PKCS#1.

    KeyRefusedError, in one sentence that tells nothing of the secret, when the password is missing or wrong, the
    file is damaged, or the key is of a kind that does not sign here.
    """
    if len(data) > MOST_BYTES:
        raise KeyRefusedError(f"a key file has {MOST_BYTES} bytes at most")
    encoded, is_sealed = _unarmored(data)
    if not is_sealed:
        return load_plain(encoded)
    if password is None:
        raise KeyRefusedError("the key is encrypted: name the file that holds its password")
    return load_plain(unseal(encoded, password))


def load_plain(encoded: bytes) -> AnyPrivateKey:
    """The key in plain DER: PKCS#8, SEC 1 or PKCS#1. KeyRefusedError as in ``open_key``."""
    try:
        if _is_sm2(encoded):
            return sm2.backend().load_private(encoded)
        key = serialization.load_der_private_key(encoded, None)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise KeyRefusedError("the password does not open the file, or the file is damaged") from error
    if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        signing_key(key, b"")  # only to have its curve and size judged
        return key
    raise KeyRefusedError("the key is neither SM2, ECDSA nor RSA")


def load_scalar(scalar: bytes) -> sm2.PrivateKey:
    """The SM2 key with this private scalar, big-endian. KeyRefusedError when it is out of range."""
    value = int.from_bytes(scalar)
    if not 0 < value < sm2.N - 1:
        raise KeyRefusedError("the password does not open the file, or the private key is out of range")
    return sm2.backend().load_private(plain_sm2(value.to_bytes(sm2.SCALAR_BYTES)))


def _unarmored(data: bytes) -> tuple[bytes, bool]:
    """(DER, whether it is sealed) of the first private key in PEM, or of DER."""
    try:
        if not pem.detect(data):
            return data, _is_sealed(data)
        for label, headers, encoded in pem.unarmor(data, multiple=True):
            if _LEGACY in headers:
                raise KeyRefusedError("the key is under the old PEM encryption: run openssl pkcs8 -topk8 on it first")
            if re.fullmatch(r"([A-Z0-9]+ )?PRIVATE KEY", label):
                return encoded, label == _SEALED
    except (ValueError, TypeError) as error:
        raise KeyRefusedError("the file is no readable PEM") from error
    raise KeyRefusedError("the file holds no private key")


def _is_sealed(encoded: bytes) -> bool:
    """EncryptedPrivateKeyInfo begins with a SEQUENCE, every plain form with a version number."""
    try:
        content = core.Sequence.load(encoded, strict=True).contents
    except (ValueError, TypeError) as error:
        raise KeyRefusedError("the file holds no private key") from error
    return bool(content) and content[0] == _SEQUENCE


def _is_sm2(encoded: bytes) -> bool:
    """Whether PKCS#8 names the SM2 curve at its beginning, or SEC 1 in its parameters (RFC 5915, 3)."""
    return _SM2_ALGORITHM in encoded[:_ALGORITHM_WITHIN] or _SM2_PARAMETERS in encoded
