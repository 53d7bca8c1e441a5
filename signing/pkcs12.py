"""PKCS#12 (RFC 7292) of every kind that signs, and the ``.sm2`` key file of Chinese CAs: keys and certificates out of one file.

Read are: the form that OpenSSL writes; the GM form of it (bags under PBES2 with SM4-CBC, MAC with HMAC-SM3); the older
forms of Java tools (3DES for the key, RC2 for the certificates); several keys in one file, as with a pair for
signing and encryption; and SEQUENCE{1, {data, SM4, sealed scalar}, {data, certificate}}, which CFCA hands out.
"""

import base64
import binascii
import hmac
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from asn1crypto import core
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12 as reader

from signing import der
from signing.algorithms import DATA_OID, DIGESTS
from signing.errors import KeyRefusedError, UnsupportedFormatError
from signing.pbes import PKCS12_MAC, decrypt, decrypt_sm4, pkcs12_derive
from signing.private_keys import AnyPrivateKey, load_plain, load_scalar

MOST_BYTES = 1024 * 1024
_MOST_BAGS = 100
_PFX_VERSION = 3
_WRONG = "the password does not open the file, or the file is damaged"
_GM_DATA_OID = "1.2.156.10197.6.1.4.2.1"
_ENCRYPTED_DATA_OID = "1.2.840.113549.1.7.6"
_DATA_OIDS = frozenset({DATA_OID, _GM_DATA_OID})
_SM4_OIDS = frozenset({"1.2.156.10197.1.104", "1.2.156.10197.1.104.2"})
_KEY_BAG, _SHROUDED_BAG, _CERT_BAG = (f"1.2.840.113549.1.12.10.1.{n}" for n in (1, 2, 3))
_X509_OID = "1.2.840.113549.1.9.22.1"
_RC2_OIDS = frozenset({"1.2.840.113549.1.12.1.5", "1.2.840.113549.1.12.1.6"})


@dataclass(frozen=True)
class KeyContainer:
    """What one file held; which certificate belongs to which key is for the caller to find by the public keys."""

    keys: tuple[AnyPrivateKey, ...] = field(repr=False)
    certificates: tuple[bytes, ...]
    """DER."""


class _Info(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    _fields: ClassVar = [
        ("type", core.ObjectIdentifier),
        ("content", core.Any, {"explicit": 0, "optional": True}),
    ]


class _Infos(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Info


class _Digest(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("algorithm", core.Any), ("digest", core.OctetString)]


class _Mac(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("mac", _Digest),
        ("salt", core.OctetString),
        ("iterations", core.Integer, {"default": 1}),
    ]


class _Pfx(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("version", core.Integer), ("safe", _Info), ("mac", _Mac, {"optional": True})]


class _Encrypted(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("type", core.ObjectIdentifier),
        ("scheme", core.Any),
        ("content", core.OctetString, {"implicit": 0, "optional": True}),
    ]


class _EncryptedData(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("version", core.Integer), ("info", _Encrypted)]


class _Bag(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("id", core.ObjectIdentifier),
        ("value", core.Any, {"explicit": 0}),
        ("attributes", core.Any, {"optional": True}),
    ]


class _Bags(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Bag


class _Sealed(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("scheme", core.Any), ("data", core.OctetString)]


class _CertBag(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("id", core.ObjectIdentifier),
        ("value", core.OctetString, {"explicit": 0}),
    ]


class _Sm2Key(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("type", core.ObjectIdentifier),
        ("cipher", core.ObjectIdentifier),
        ("sealed", core.OctetString),
    ]


class _Sm2Certificate(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("type", core.ObjectIdentifier), ("certificate", core.OctetString)]


class _Sm2File(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("version", core.Integer), ("key", _Sm2Key), ("certificate", _Sm2Certificate)]


def is_container(data: bytes) -> bool:
    """Whether ``read_pkcs12`` is the one to read a file, and not ``private_keys.open_key``: nothing is judged yet."""
    if b"PRIVATE KEY-----" in data:
        return False
    try:
        members = core.Sequence.load(_binary(data), strict=True)
        version = members[0].native if isinstance(members[0], core.Integer) else None
        return version == _PFX_VERSION or (version == 1 and isinstance(members[1], core.Sequence))
    except (ValueError, TypeError, KeyError, IndexError, UnsupportedFormatError):
        return False


def read_pkcs12(data: bytes, password: bytes) -> KeyContainer:
    """Keys and certificates of a PKCS#12 or ``.sm2`` file, DER or base64.

    KeyRefusedError for a wrong password, a damaged file, or one without integrity check; UnsupportedFormatError for
    a file that is neither, or protected by a public key.
    """
    if len(data) > MOST_BYTES:
        raise UnsupportedFormatError(f"a key container has {MOST_BYTES} bytes at most")
    encoded = _binary(data)
    try:
        if int(core.Sequence.load(encoded, strict=True)[0].native) == 1:
            return _read_sm2_file(encoded, password)
        return _read_pfx(encoded, password)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise KeyRefusedError(_WRONG) from error


def _binary(data: bytes) -> bytes:
    """DER, from DER or from base64 as ``.sm2`` files are handed out."""
    if data[:1] == b"\x30":
        return data
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error as error:
        raise UnsupportedFormatError("the file is neither PKCS#12 nor an SM2 key file") from error


def _read_sm2_file(encoded: bytes, password: bytes) -> KeyContainer:
    parsed = _Sm2File.load(encoded, strict=True)
    key = parsed["key"]
    if key["type"].dotted not in _DATA_OIDS or key["cipher"].dotted not in _SM4_OIDS:
        raise UnsupportedFormatError("the SM2 key file is not under SM4")
    scalar = decrypt_sm4(key["sealed"].native, password)
    return KeyContainer((load_scalar(scalar),), (parsed["certificate"]["certificate"].native,))


def _read_pfx(encoded: bytes, password: bytes) -> KeyContainer:
    pfx = _Pfx.load(encoded, strict=True)
    if pfx["safe"]["type"].dotted not in _DATA_OIDS:
        raise UnsupportedFormatError("the PKCS#12 file is protected by a public key, not by a password")
    safe = pfx["safe"]["content"].parse(core.OctetString).native
    _verify_mac(pfx["mac"], safe, password)
    keys: list[AnyPrivateKey] = []
    certificates: list[bytes] = []
    for bag in _bags(safe, password):
        kind, value = bag["id"].dotted, bag["value"]
        if kind == _KEY_BAG:
            keys.append(load_plain(value.dump()))
        elif kind == _SHROUDED_BAG:
            sealed = value.parse(_Sealed)
            keys.append(load_plain(decrypt(sealed["scheme"].dump(), sealed["data"].native, password)))
        elif kind == _CERT_BAG and (found := value.parse(_CertBag))["id"].dotted == _X509_OID:
            certificates.append(found["value"].native)
        if len(keys) + len(certificates) > _MOST_BAGS:
            raise UnsupportedFormatError(f"a key container has {_MOST_BAGS} keys and certificates at most")
    return KeyContainer(tuple(keys), tuple(dict.fromkeys(certificates)))


def _verify_mac(mac: Any, safe: bytes, password: bytes) -> None:
    """Password integrity of RFC 7292, 4: whoever changed the file did not know the password."""
    if isinstance(mac, core.Void):
        raise KeyRefusedError("the PKCS#12 file has no integrity check (MAC): export it again with one")
    digest_oid = mac["mac"]["algorithm"].parse(core.Sequence)[0].dotted
    if digest_oid not in DIGESTS:
        raise UnsupportedFormatError(f"digest {digest_oid} of the PKCS#12 MAC is not supported")
    made = _mac(DIGESTS[digest_oid], safe, password, mac["salt"].native, mac["iterations"].native)
    if not hmac.compare_digest(made, mac["mac"]["digest"].native):
        raise KeyRefusedError(_WRONG)


def _mac(digest_name: str, safe: bytes, password: bytes, salt: bytes, iterations: int) -> bytes:
    size = hmac.new(b"", b"", digest_name).digest_size
    key = pkcs12_derive(digest_name, PKCS12_MAC, password, salt, iterations, size)
    return hmac.new(key, safe, digest_name).digest()


def _bags(safe: bytes, password: bytes) -> Iterator[Any]:
    """Every bag of every content info, opened."""
    for info in _Infos.load(safe, strict=True):
        kind = info["type"].dotted
        if kind in _DATA_OIDS:
            yield from _Bags.load(info["content"].parse(core.OctetString).native, strict=True)
        elif kind == _ENCRYPTED_DATA_OID:
            encrypted = info["content"].parse(_EncryptedData)["info"]
            scheme = encrypted["scheme"].dump()
            if _oid_of(scheme) in _RC2_OIDS:
                yield from _rc2_certificates(info.dump(), password)
            else:
                yield from _Bags.load(decrypt(scheme, encrypted["content"].native, password), strict=True)
        else:
            raise UnsupportedFormatError("a part of the PKCS#12 file is protected by a public key")


def _oid_of(scheme: bytes) -> str:
    oid: str = core.Sequence.load(scheme)[0].dotted
    return oid


def _rc2_certificates(info: bytes, password: bytes) -> Iterator[Any]:
    """Certificates under RC2, which old exports use and ``cryptography`` reads only as part of a whole PKCS#12 file:
    a file of this part alone is made, with its own MAC.
    """
    safe = der.sequence(info)
    salt = b"\0" * 8
    digest = der.sequence(
        der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.NULL),
        der.octet_string(_mac("sha256", safe, password, salt, 1)),
    )
    mac = der.sequence(digest, der.octet_string(salt), der.integer(1))
    content = der.sequence(der.oid(DATA_OID), der.explicit(0, der.octet_string(safe)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = reader.load_pkcs12(der.sequence(der.integer(3), content, mac), password).additional_certs
    for certificate in found:
        encoded = certificate.certificate.public_bytes(serialization.Encoding.DER)
        value = der.sequence(der.oid(_X509_OID), der.explicit(0, der.octet_string(encoded)))
        yield _Bag.load(der.sequence(der.oid(_CERT_BAG), der.explicit(0, value)))
