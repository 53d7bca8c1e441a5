"""PKCS#8 (RFC 5958) under PBES2 (RFC 8018): any plain key sealed, and SM2 scalars for back ends without a key container."""

import os
from typing import ClassVar

from asn1crypto import core, keys
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from signing import der
from signing.errors import KeyRefusedError
from signing.pbes import decrypt

_SM2_CURVE = "1.2.156.10197.1.301"
_EC_KEY = "1.2.840.10045.2.1"
_BLOCK_BITS = 128


class _EcAlgorithm(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    _fields: ClassVar = [("algorithm", core.ObjectIdentifier), ("parameters", core.ObjectIdentifier)]


class _Pkcs8(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("version", core.Integer),
        ("algorithm", _EcAlgorithm),
        ("private_key", core.ParsableOctetString),
    ]


class _Sealed(core.Sequence):  # type: ignore[misc]
    """EncryptedPrivateKeyInfo with its scheme left as it is."""

    _fields: ClassVar = [("scheme", core.Any), ("data", core.OctetString)]


def read_scalar(encoded: bytes, password: bytes | None) -> bytes:
    """The private scalar, 32 bytes, out of PKCS#8. KeyRefusedError when it is no SM2 key or the password is wrong."""
    try:
        plain = encoded if password is None else unseal(encoded, password)
        container = _Pkcs8.load(plain)
        algorithm = container["algorithm"]
        if (algorithm["algorithm"].dotted, algorithm["parameters"].dotted) != (_EC_KEY, _SM2_CURVE):
            raise KeyRefusedError("the key is not of type SM2")
        key = container["private_key"].parse(keys.ECPrivateKey)
        return int(key["private_key"].native).to_bytes(32)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise KeyRefusedError("not a PKCS#8 key, or the password does not open it") from error


def write_scalar(scalar: bytes, point: bytes, password: bytes, iterations: int) -> bytes:
    """DER PKCS#8 of an SM2 key under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC."""
    return seal(plain_sm2(scalar, point), password, iterations)


def plain_sm2(scalar: bytes, point: bytes | None = None) -> bytes:
    """Plain DER PKCS#8 of an SM2 key; the public point may be left for the reader to work out."""
    public = () if point is None else (der.explicit(1, der.bit_string(point)),)
    ec_key = der.sequence(der.integer(1), der.octet_string(scalar), *public)
    algorithm = der.sequence(der.oid(_EC_KEY), der.oid(_SM2_CURVE))
    return der.sequence(der.integer(0), algorithm, der.octet_string(ec_key))


def seal(plain: bytes, password: bytes, iterations: int) -> bytes:
    """DER EncryptedPrivateKeyInfo over a plain PKCS#8 key: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC."""
    salt, iv = os.urandom(16), os.urandom(16)
    secret = PBKDF2HMAC(hashes.SHA256(), 32, salt, iterations).derive(password)
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    pbkdf2 = der.sequence(
        der.oid("1.2.840.113549.1.5.12"),
        der.sequence(
            der.octet_string(salt),
            der.integer(iterations),
            der.sequence(der.oid("1.2.840.113549.2.9"), der.NULL),  # HMAC-SHA256
        ),
    )
    aes_256_cbc = der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octet_string(iv))
    pbes2 = der.sequence(der.oid("1.2.840.113549.1.5.13"), der.sequence(pbkdf2, aes_256_cbc))
    return der.sequence(pbes2, der.octet_string(sealed))


def unseal(encoded: bytes, password: bytes) -> bytes:
    """The plain PKCS#8 in a DER EncryptedPrivateKeyInfo. KeyRefusedError when it is none or does not open."""
    try:
        container = _Sealed.load(encoded, strict=True)
        scheme, data = container["scheme"].dump(), container["data"].native
    except (ValueError, TypeError, KeyError) as error:
        raise KeyRefusedError("not an encrypted PKCS#8 key") from error
    return decrypt(scheme, data, password)
