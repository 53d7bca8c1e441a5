"""Certificates as CAs hand them out: PEM, DER, PKCS#7, in any order; the one of a key is found and its chain completed."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import core, parser, pem
from cryptography import x509

from certs.errors import CertificateImportError
from signing import der
from signing.algorithms import SIGNED_DATA_OID
from signing.errors import MalformedDataError
from signing.validation.x509 import Certificate, load_certificate

MOST_BYTES = 4 * 1024 * 1024
_MOST_CERTIFICATES = 100
_MOST_LENGTH = 10
_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
_PKCS7_LABELS = frozenset({"PKCS7", "CMS", "PKCS #7 SIGNED DATA"})
_SIGNED_DATA_OIDS = frozenset({der.oid(SIGNED_DATA_OID), der.oid("1.2.156.10197.6.1.4.2.2")})
"""PKCS#7, and its twin of GB/T 35275."""
_CERTIFICATES_TAG = 0xA0
_CONTENTS = 4
"""Place of the contents in what asn1crypto parses."""
_UNREADABLE = (
    "文件中没有可读的证书（支持 PEM、DER、PKCS#7）。The file holds no readable certificate (PEM, DER or PKCS#7)."
)


@dataclass(frozen=True)
class CertifiedKey:
    """A key's certificate with its chain."""

    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...]
    """DER of the issuing certificates, the leaf's issuer first, without the root."""
    root: bytes
    """DER of the certificate that the chain ends in."""


def read_certificates(data: bytes) -> tuple[bytes, ...]:
    """DER of every certificate in a file: PEM, DER, PKCS#7 (both families of OIDs), or base64 of these.

    CertificateImportError when there is none or one cannot be read.
    """
    if len(data) > MOST_BYTES:
        raise CertificateImportError(
            f"证书文件超过 {MOST_BYTES} 字节。A certificate file has {MOST_BYTES} bytes at most."
        )
    try:
        found = tuple(dict.fromkeys(_certificates(data)))
        for certificate in found:
            load_certificate(certificate)
    except (ValueError, TypeError, KeyError, IndexError, MalformedDataError) as error:
        raise CertificateImportError(_UNREADABLE) from error
    if not 0 < len(found) <= _MOST_CERTIFICATES:
        raise CertificateImportError(_UNREADABLE)
    return found


def _certificates(data: bytes) -> Iterable[bytes]:
    if pem.detect(data):
        for label, _, encoded in pem.unarmor(data, multiple=True):
            if label.upper() in _LABELS:
                yield encoded
            elif label.upper() in _PKCS7_LABELS:
                yield from _of_pkcs7(encoded)
        return
    encoded = data
    if data[:1] != b"\x30":
        try:
            encoded = base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error as error:
            raise CertificateImportError(_UNREADABLE) from error
    first = core.Sequence.load(encoded, strict=True)[0]
    if isinstance(first, core.ObjectIdentifier):
        yield from _of_pkcs7(encoded)
    else:
        yield encoded


def _of_pkcs7(encoded: bytes) -> Iterable[bytes]:
    """The certificates field of SignedData (RFC 5652, 5.1): the first member tagged [0]."""
    content_type, content = _members(encoded)
    if content_type not in _SIGNED_DATA_OIDS:
        raise CertificateImportError(_UNREADABLE)
    (signed_data,) = _members(content)
    for member in _members(signed_data):
        if member[0] == _CERTIFICATES_TAG:
            yield from _members(member)


def _members(encoded: bytes) -> Iterable[bytes]:
    """Each value within one constructed value, whatever its tags."""
    rest = parser.parse(encoded, strict=True)[_CONTENTS]
    while rest:
        size = parser.peek(rest)
        yield rest[:size]
        rest = rest[size:]


def match_chain(
    public_key: bytes, certificates: Sequence[bytes], known: Sequence[bytes], *, at: datetime
) -> CertifiedKey:
    """The certificate of ``public_key`` (DER SubjectPublicKeyInfo) among ``certificates``, with its chain.

    ``known`` are further issuing certificates and roots, such as those of the trust store. CertificateImportError,
    in one sentence with the way out, when none is for the key, the chain does not reach a self-issued certificate,
    one is not valid at ``at``, or the key may not sign.
    """
    mine = [c for c in map(load_certificate, certificates) if c.spki == public_key]
    if not mine:
        raise CertificateImportError(
            "文件中没有属于此密钥的证书，请向 CA 索取与本密钥请求对应的证书。"
            "No certificate in the file is for this key; ask the CA for the one that answers this key's request."
        )
    # Of several for one key, as after a renewal, the one that ends last is meant.
    leaf = max(mine, key=lambda c: c.parsed.not_valid_after_utc)
    pool = [load_certificate(c) for c in (*certificates, *known)]
    path = [leaf]
    while not _is_self_issued(path[-1]):
        path.append(_issuer(path, pool))
    for certificate in path:
        _require_valid(certificate, at)
    _require_may_sign(leaf)
    return CertifiedKey(leaf.der, tuple(c.der for c in path[1:-1]), path[-1].der)


def _issuer(path: list[Certificate], pool: list[Certificate]) -> Certificate:
    last = path[-1]
    found = [c for c in pool if c not in path and last.is_issued_by(c)]
    if not found or len(path) > _MOST_LENGTH:
        raise CertificateImportError(
            f"缺少上级证书：{last.parsed.issuer.rfc4514_string()}。请把 CA 的证书链一并放入文件。"
            f"The issuing certificate is missing: {last.parsed.issuer.rfc4514_string()}. "
            "Put the CA's chain into the file too."
        )
    return max(found, key=lambda c: c.parsed.not_valid_after_utc)


def _is_self_issued(certificate: Certificate) -> bool:
    return certificate.is_issued_by(certificate)


def _require_valid(certificate: Certificate, at: datetime) -> None:
    start, end = certificate.parsed.not_valid_before_utc, certificate.parsed.not_valid_after_utc
    if not start <= at <= end:
        raise CertificateImportError(
            f"证书 {certificate.name} 现在不在有效期内（{start:%Y-%m-%d} 至 {end:%Y-%m-%d}），请换有效的证书。"
            f"The certificate {certificate.name} is not valid now ({start:%Y-%m-%d} to {end:%Y-%m-%d}); get a valid one."
        )


def _require_may_sign(leaf: Certificate) -> None:
    usage = next((e.value for e in leaf.parsed.extensions if isinstance(e.value, x509.KeyUsage)), None)
    if usage is not None and not (usage.digital_signature or usage.content_commitment or usage.key_cert_sign):
        raise CertificateImportError(
            f"证书 {leaf.name} 是加密证书，不能用于签名，请导入签名证书。"
            f"The certificate {leaf.name} is for encryption, not for signing; import the signing certificate."
        )
