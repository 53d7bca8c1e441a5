"""PKCS#8 of SM2 keys (RFC 5958) under PBES2 (RFC 8018), for back ends that have no key container of their own."""

import os
from typing import Any, ClassVar

from asn1crypto import core, keys
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from signing import der
from signing.errors import KeyRefusedError

_SM2_CURVE = "1.2.156.10197.1.301"
_EC_KEY = "1.2.840.10045.2.1"
_BLOCK_BITS = 128
_MOST_ITERATIONS = 10_000_000
"""A key file may not make us derive for minutes."""


class _EcAlgorithm(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    _fields: ClassVar = [("algorithm", core.ObjectIdentifier), ("parameters", core.ObjectIdentifier)]


class _Pkcs8(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("version", core.Integer),
        ("algorithm", _EcAlgorithm),
        ("private_key", core.ParsableOctetString),
    ]


def read_scalar(encoded: bytes, password: bytes | None) -> bytes:
    """The private scalar, 32 bytes, out of PKCS#8. KeyRefusedError when it is no SM2 key or the password is wrong."""
    try:
        plain = encoded if password is None else _decrypt(encoded, password)
        container = _Pkcs8.load(plain)
        algorithm = container["algorithm"]
        if (algorithm["algorithm"].dotted, algorithm["parameters"].dotted) != (_EC_KEY, _SM2_CURVE):
            raise KeyRefusedError("the key is not of type SM2")
        key = container["private_key"].parse(keys.ECPrivateKey)
        return int(key["private_key"].native).to_bytes(32)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise KeyRefusedError("not a PKCS#8 key, or the password does not open it") from error


def write_scalar(scalar: bytes, point: bytes, password: bytes, iterations: int) -> bytes:
    """DER PKCS#8 under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC."""
    ec_key = der.sequence(der.integer(1), der.octet_string(scalar), der.explicit(1, der.bit_string(point)))
    algorithm = der.sequence(der.oid(_EC_KEY), der.oid(_SM2_CURVE))
    plain = der.sequence(der.integer(0), algorithm, der.octet_string(ec_key))
    salt, iv = os.urandom(16), os.urandom(16)
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(algorithms.AES(_derive(password, salt, iterations, 32)), modes.CBC(iv)).encryptor()
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


def _decrypt(encoded: bytes, password: bytes) -> bytes:
    container = keys.EncryptedPrivateKeyInfo.load(encoded)
    scheme: Any = container["encryption_algorithm"]
    if scheme["algorithm"].native != "pbes2" or scheme.encryption_cipher != "aes" or scheme.kdf != "pbkdf2":
        raise KeyRefusedError("the key is not under PBES2 with PBKDF2 and AES")
    if scheme.kdf_hmac != "sha256" or not 0 < scheme.kdf_iterations <= _MOST_ITERATIONS:
        raise KeyRefusedError("the key derivation is not PBKDF2-HMAC-SHA256 with a sane count")
    secret = _derive(password, scheme.kdf_salt, scheme.kdf_iterations, scheme.key_length)
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(scheme.encryption_iv)).decryptor()
    padded = decryptor.update(container["encrypted_data"].native) + decryptor.finalize()
    unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _derive(password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    return PBKDF2HMAC(hashes.SHA256(), length, salt, iterations).derive(password)
