"""Decryption under a password: PBES2 (RFC 8018) with AES, SM4 or 3DES, and the older schemes of PKCS#12 (RFC 7292, C).

Files of others are read with whatever they were written with; our own are only ever written with PBES2,
PBKDF2-HMAC-SHA256 and AES-256-CBC. How often a file may make us derive is bounded.
"""

import hashlib
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from asn1crypto import algos, core
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from signing.errors import KeyRefusedError

MOST_ITERATIONS = 10_000_000
"""A key file may not make us derive for minutes."""
_MOST_SCRYPT_BYTES = 256 * 1024 * 1024
"""128 * N * r: the memory that scrypt takes (RFC 7914, 2)."""

_PBES2, _PBKDF2, _SCRYPT = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"
_PKCS12_3DES, _PKCS12_2DES = "1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.4"
_HMAC_SHA1 = "1.2.840.113549.2.7"
_PRFS: dict[str, hashes.HashAlgorithm] = {
    _HMAC_SHA1: hashes.SHA1(),  # noqa: S303 - the default of RFC 8018, A.2; HMAC does not need collision resistance
    "1.2.840.113549.2.9": hashes.SHA256(),
    "1.2.840.113549.2.10": hashes.SHA384(),
    "1.2.840.113549.2.11": hashes.SHA512(),
    "1.2.156.10197.1.401.2": hashes.SM3(),
    # Some write the digest itself where its HMAC is meant.
    "1.2.156.10197.1.401": hashes.SM3(),
}
_CIPHERS: dict[str, tuple[Callable[[bytes], CipherAlgorithm], int]] = {
    "2.16.840.1.101.3.4.1.2": (algorithms.AES, 16),
    "2.16.840.1.101.3.4.1.22": (algorithms.AES, 24),
    "2.16.840.1.101.3.4.1.42": (algorithms.AES, 32),
    "1.2.156.10197.1.104.2": (algorithms.SM4, 16),
    "1.2.156.10197.1.104": (algorithms.SM4, 16),
    "1.2.840.113549.3.7": (TripleDES, 24),
}
_DES_BLOCK, _DES_KEY = 8, 24
PKCS12_KEY, PKCS12_IV, PKCS12_MAC = 1, 2, 3
"""What the derivation of RFC 7292, B.3 is for."""


class _Scheme(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    _fields: ClassVar = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


class _Pbes2(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("derivation", _Scheme), ("encryption", _Scheme)]


class _Pbkdf2(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("salt", core.OctetString),
        ("iterations", core.Integer),
        ("length", core.Integer, {"optional": True}),
        ("prf", _Scheme, {"default": {"algorithm": _HMAC_SHA1}}),
    ]


class _Scrypt(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("salt", core.OctetString),
        ("cost", core.Integer),
        ("block", core.Integer),
        ("parallel", core.Integer),
        ("length", core.Integer, {"optional": True}),
    ]


def decrypt(scheme: bytes, sealed: bytes, password: bytes) -> bytes:
    """The plain bytes under a DER AlgorithmIdentifier.

    KeyRefusedError for a scheme that is not known, an excessive derivation, and when the padding shows a wrong
    password. A wrong password may also give bytes that are no key: the caller parses.
    """
    try:
        algorithm = _Scheme.load(scheme, strict=True)
        oid = algorithm["algorithm"].dotted
        if oid == _PBES2:
            return _decrypt_pbes2(algorithm["parameters"].parse(_Pbes2), sealed, password)
        if oid in (_PKCS12_3DES, _PKCS12_2DES):
            return _decrypt_pkcs12(algorithm["parameters"].parse(algos.Pbes1Params), sealed, password, oid)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise KeyRefusedError("the password does not open the file, or the file is damaged") from error
    raise KeyRefusedError(f"encryption scheme {oid} is not supported: export the key under PBES2 with AES or SM4")


def _decrypt_pbes2(parameters: Any, sealed: bytes, password: bytes) -> bytes:
    cipher_oid = parameters["encryption"]["algorithm"].dotted
    if cipher_oid not in _CIPHERS:
        raise KeyRefusedError(f"cipher {cipher_oid} is not supported: export the key with AES or SM4")
    cipher, length = _CIPHERS[cipher_oid]
    secret = _derive(parameters["derivation"], password, length)
    iv = parameters["encryption"]["parameters"].parse(core.OctetString).native
    return _decrypt_cbc(cipher(secret), iv, sealed)


def _derive(derivation: Any, password: bytes, length: int) -> bytes:
    oid, parameters = derivation["algorithm"].dotted, derivation["parameters"]
    if oid == _SCRYPT:
        scrypt = parameters.parse(_Scrypt).native
        cost, block, parallel = (
            scrypt["cost"],
            scrypt["block"],
            scrypt["parallel"],
        )
        if 128 * cost * block * parallel > _MOST_SCRYPT_BYTES:
            raise KeyRefusedError("the key file asks scrypt for too much memory")
        return Scrypt(scrypt["salt"], length, cost, block, parallel).derive(password)
    if oid != _PBKDF2:
        raise KeyRefusedError(f"key derivation {oid} is not supported: export the key with PBKDF2 or scrypt")
    pbkdf2 = parameters.parse(_Pbkdf2)
    iterations, prf = pbkdf2["iterations"].native, pbkdf2["prf"]["algorithm"].dotted
    require_sane(iterations)
    if prf not in _PRFS:
        raise KeyRefusedError(f"pseudo-random function {prf} is not supported: export the key with HMAC-SHA256")
    return PBKDF2HMAC(_PRFS[prf], length, pbkdf2["salt"].native, iterations).derive(password)


def _decrypt_pkcs12(parameters: Any, sealed: bytes, password: bytes, oid: str) -> bytes:
    salt, iterations = parameters["salt"].native, parameters["iterations"].native
    length = _DES_KEY if oid == _PKCS12_3DES else 2 * _DES_BLOCK
    secret = pkcs12_derive("sha1", PKCS12_KEY, password, salt, iterations, length)
    iv = pkcs12_derive("sha1", PKCS12_IV, password, salt, iterations, _DES_BLOCK)
    with warnings.catch_warnings():
        # Two-key 3DES warns; the file is as it is, and nothing is ever written with it.
        warnings.simplefilter("ignore")
        return _decrypt_cbc(TripleDES(secret), iv, sealed)


def _decrypt_cbc(cipher: Any, iv: bytes, sealed: bytes) -> bytes:
    decryptor = Cipher(cipher, modes.CBC(iv)).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    unpadder = padding.PKCS7(cipher.block_size).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def decrypt_sm4(sealed: bytes, password: bytes) -> bytes:
    """SM4-CBC with IV || key = the SM3 derivation of GB/T 32918.3, 5.4.3 over the password (the ``.sm2`` key file).

    KeyRefusedError when the password does not fit. One digest is all that stands between a thief and the password.
    """
    secret = hashlib.new("sm3", password + (1).to_bytes(4)).digest()
    try:
        return _decrypt_cbc(algorithms.SM4(secret[16:]), secret[:16], sealed)
    except ValueError as error:
        raise KeyRefusedError("the password does not open the file, or the file is damaged") from error


def require_sane(iterations: int) -> None:
    """KeyRefusedError unless the count is one that a file may ask for."""
    if not 0 < iterations <= MOST_ITERATIONS:
        raise KeyRefusedError(f"the key file asks for {iterations} rounds of derivation")


def pkcs12_derive(digest_name: str, purpose: int, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """The key derivation of RFC 7292, appendix B.2, with hashlib's ``digest_name``; ``password`` is UTF-8."""
    require_sane(iterations)
    block, size = hashlib.new(digest_name).block_size, hashlib.new(digest_name).digest_size
    text = password.decode("utf-8", "surrogateescape").encode("utf-16-be", "surrogatepass") + b"\0\0"
    material = b"".join(_repeated(part, block) for part in (salt, text))
    derived = b""
    while len(derived) < length:
        a = hashlib.new(digest_name, bytes([purpose]) * block + material).digest()
        for _ in range(iterations - 1):
            a = hashlib.new(digest_name, a).digest()
        derived += a
        b = int.from_bytes(_repeated(a, block)[:block]) + 1
        material = b"".join(
            ((int.from_bytes(material[i : i + block]) + b) % (1 << 8 * block)).to_bytes(block)
            for i in range(0, len(material), block)
        )
        if size >= length:
            break
    return derived[:length]


def _repeated(value: bytes, block: int) -> bytes:
    """``value`` over and over, up to a whole number of blocks."""
    if not value:
        return b""
    whole = -(-len(value) // block) * block
    return (value * (whole // len(value) + 1))[:whole]
