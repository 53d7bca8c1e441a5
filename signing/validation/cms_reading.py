"""CMS SignedData (RFC 5652) and its twin of GB/T 35275 taken apart, strictly and without believing anything."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from signing import der_reading as der
from signing.algorithms import (
    CONTENT_TYPE_OID,
    DATA_OID,
    MESSAGE_DIGEST_OID,
    SHA1_OID,
    SHA256_OID,
    SIGNATURE_TIMESTAMP_OID,
    SIGNED_DATA_OID,
    SIGNING_CERTIFICATE_V2_OID,
    SIGNING_TIME_OID,
)
from signing.der_reading import Element
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.validation.evidence import ValidationData

GB_SIGNED_DATA_OID = "1.2.156.10197.6.1.4.2.2"
GB_DATA_OID = "1.2.156.10197.6.1.4.2.1"
DATA_OIDS = frozenset({DATA_OID, GB_DATA_OID})
"""Inner content types of a document signature; both families are met under either outer one."""

_SIGNED_DATA_OIDS = frozenset({SIGNED_DATA_OID, GB_SIGNED_DATA_OID})
_SIGNING_CERTIFICATE_V1_OID = "1.2.840.113549.1.9.16.2.12"
_CONTENT_TIMESTAMP_OID = "1.2.840.113549.1.9.16.2.20"
_REVOCATION_ARCHIVE_OID = "1.2.840.113583.1.1.8"
_CERTIFICATES_TAG = _ATTRIBUTES_TAG = 0xA0
_CRLS_TAG = _UNSIGNED_TAG = 0xA1
_KEY_IDENTIFIER_TAG = 0x80
T = TypeVar("T")


@dataclass(frozen=True)
class CertificateReference:
    """The signed reference to the signing certificate (RFC 5035)."""

    digest_oid: str
    digest: bytes


@dataclass(frozen=True)
class SignedCms:
    """One signer's CMS SignedData, taken apart; nothing in it is proven."""

    certificates: tuple[bytes, ...]
    """DER, as embedded."""
    issuer_and_serial_number: bytes | None
    """DER of the signer identifier; None when it names a key identifier."""
    key_identifier: bytes | None
    digest_oid: str
    signature_oid: str
    signed_attributes: bytes
    """DER SET OF, the bytes that are signed; empty when there are none."""
    content_type_oid: str | None
    """From the signed attributes."""
    message_digest: bytes | None
    certificate_reference: CertificateReference | None
    signature: bytes
    encapsulated_type_oid: str
    encapsulated: bytes | None
    timestamps: tuple[bytes, ...]
    """DER of the signature-time-stamp tokens."""
    content_timestamps: tuple[bytes, ...] = ()
    """DER of the content-time-stamp tokens: the signature was made after them."""
    claimed_signing_time: datetime | None = None
    """signing-time of the signed attributes."""
    archived: ValidationData = field(default_factory=ValidationData)
    """Revocation data in the CMS itself: its crls field and Adobe's revocation archive."""


def strip_padding(contents: bytes) -> bytes:
    """The DER value at the start of /Contents. MalformedDataError when anything but zeros follows it."""
    value = der.read_at(contents, 0, len(contents)).expect(der.SEQUENCE)
    if contents[value.end :].strip(b"\0"):
        raise MalformedDataError("bytes follow the signature in its contents")
    return contents[: value.end]


def parse_cms(encoded: bytes) -> SignedCms:
    """Take a DER ContentInfo apart. MalformedDataError, or UnsupportedFormatError when it is no SignedData."""
    container = der.parse(encoded, der.SEQUENCE).children()
    if container.take().oid() not in _SIGNED_DATA_OIDS:
        raise UnsupportedFormatError("the contents are CMS, but no SignedData")
    signed_data = container.take(0xA0).children().take(der.SEQUENCE).children()
    container.finish()
    signed_data.take().integer()
    signed_data.take(der.SET)
    content_type, content = _encapsulated(signed_data.take(der.SEQUENCE))
    certificates = signed_data.take_if(_CERTIFICATES_TAG)
    crls = signed_data.take_if(_CRLS_TAG)
    signers = list(signed_data.take(der.SET).children())
    signed_data.finish()
    if len(signers) != 1:
        raise MalformedDataError("a PDF signature has exactly one signer info")
    return _signer(
        signers[0],
        content_type,
        content,
        certificates=() if certificates is None else _of_sequences(certificates),
        crls=() if crls is None else _of_sequences(crls),
    )


def _of_sequences(field: Element) -> tuple[bytes, ...]:
    """Certificates or CRLs; the other choices of CMS (attribute certificates and the like) prove nothing here."""
    return tuple(element.encoded for element in field.children() if element.tag == der.SEQUENCE)


def _encapsulated(info: Element) -> tuple[str, bytes | None]:
    fields = info.children()
    content_type = fields.take().oid()
    explicit = fields.take_if(0xA0)
    fields.finish()
    if explicit is None:
        return content_type, None
    inner = explicit.children()
    content = inner.take().octets()
    inner.finish()
    return content_type, content


def _signer(
    info: Element,
    content_type: str,
    content: bytes | None,
    *,
    certificates: tuple[bytes, ...],
    crls: tuple[bytes, ...],
) -> SignedCms:
    fields = info.children()
    fields.take().integer()
    identifier = fields.take()
    by_serial = identifier.tag == der.SEQUENCE
    if not by_serial:
        identifier.expect(_KEY_IDENTIFIER_TAG)
    digest_oid = algorithm_oid(fields.take())
    signed = fields.take_if(_ATTRIBUTES_TAG)
    signature_oid = algorithm_oid(fields.take())
    signature = fields.take().octets()
    unsigned = fields.take_if(_UNSIGNED_TAG)
    fields.finish()
    attributes, further = _attributes(signed), _attributes(unsigned, repeatable=True)
    archive = _single(attributes, _REVOCATION_ARCHIVE_OID, _archived) or ValidationData()
    return SignedCms(
        certificates=certificates,
        issuer_and_serial_number=identifier.encoded if by_serial else None,
        key_identifier=None if by_serial else identifier.content,
        digest_oid=digest_oid,
        signature_oid=signature_oid,
        # The attributes stand here under [0] and are signed as a SET (RFC 5652, 5.4).
        signed_attributes=b"" if signed is None else b"\x31" + signed.encoded[1:],
        content_type_oid=_single(attributes, CONTENT_TYPE_OID, Element.oid),
        message_digest=_single(attributes, MESSAGE_DIGEST_OID, Element.octets),
        certificate_reference=_reference(attributes),
        signature=signature,
        encapsulated_type_oid=content_type,
        encapsulated=content,
        timestamps=tuple(value.encoded for value in further.get(SIGNATURE_TIMESTAMP_OID, ())),
        content_timestamps=tuple(value.encoded for value in attributes.get(_CONTENT_TIMESTAMP_OID, ())),
        claimed_signing_time=_single(attributes, SIGNING_TIME_OID, Element.time),
        archived=ValidationData(crls=crls + archive.crls, ocsp_responses=archive.ocsp_responses),
    )


def algorithm_oid(identifier: Element) -> str:
    """The OID of an AlgorithmIdentifier; its parameters are left to whoever knows the algorithm."""
    return identifier.expect(der.SEQUENCE).children().take().oid()


def _attributes(field: Element | None, *, repeatable: bool = False) -> dict[str, list[Element]]:
    """Values by OID. A signed attribute occurs once (RFC 5652, 5.3), a signature time-stamp may do so several times."""
    found: dict[str, list[Element]] = {}
    for attribute in () if field is None else field.children():
        fields = attribute.expect(der.SEQUENCE).children()
        oid, values = fields.take().oid(), list(fields.take(der.SET).children())
        fields.finish()
        if oid in found and not repeatable:
            raise MalformedDataError(f"attribute {oid} occurs twice")
        found.setdefault(oid, []).extend(values)
    return found


def _single(attributes: dict[str, list[Element]], oid: str, read: Callable[[Element], T]) -> T | None:
    values = attributes.get(oid)
    if values is None:
        return None
    if len(values) != 1:
        raise MalformedDataError(f"attribute {oid} must have one value")
    return read(values[0])


def _reference(attributes: dict[str, list[Element]]) -> CertificateReference | None:
    v2 = _single(attributes, SIGNING_CERTIFICATE_V2_OID, _first_certificate_id)
    if v2 is not None:
        fields = v2.children()
        # SHA-256 is the default of ESSCertIDv2, and DER leaves defaults out.
        algorithm = fields.take_if(der.SEQUENCE)
        digest_oid = SHA256_OID if algorithm is None else algorithm_oid(algorithm)
        return CertificateReference(digest_oid, fields.take().octets())
    v1 = _single(attributes, _SIGNING_CERTIFICATE_V1_OID, _first_certificate_id)
    return None if v1 is None else CertificateReference(SHA1_OID, v1.children().take().octets())


def _first_certificate_id(value: Element) -> Element:
    """The first ESSCertID names the signer's certificate (RFC 5035, 5.4)."""
    return value.expect(der.SEQUENCE).children().take(der.SEQUENCE).children().take(der.SEQUENCE)


def _archived(value: Element) -> ValidationData:
    """RevocationInfoArchival: [0] CRLs, [1] OCSP responses (ISO 32000-2, 12.8.3.3.2)."""
    found = {0xA0: (), 0xA1: ()} | {
        choice.tag: tuple(e.encoded for e in choice.children().take(der.SEQUENCE).children())
        for choice in value.expect(der.SEQUENCE).children()
    }
    return ValidationData(crls=found[0xA0], ocsp_responses=found[0xA1])
