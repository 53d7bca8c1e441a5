"""Format checking and identification of the signing certificate in CMS (EN 319 102-1, 5.2.2 and 5.2.3)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

# tsp first: importing it later freezes asn1crypto's content types without TSTInfo.
from asn1crypto import cms, tsp  # noqa: F401

from signing.algorithms import (
    CONTENT_TYPE_OID,
    MESSAGE_DIGEST_OID,
    SIGNATURE_TIMESTAMP_OID,
    SIGNED_DATA_OID,
    SIGNING_CERTIFICATE_V2_OID,
)
from signing.errors import MalformedDataError, UnsupportedFormatError

_SIGNING_CERTIFICATE_V1_OID = "1.2.840.113549.1.9.16.2.12"
_SHA1_OID = "1.3.14.3.2.26"
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


def strip_padding(contents: bytes) -> bytes:
    """The DER value at the start of /Contents. MalformedDataError when anything but zeros follows it."""
    if len(contents) < 2 or contents[0] != 0x30:  # noqa: PLR2004 - a SEQUENCE and its length
        raise MalformedDataError("the contents are no DER SEQUENCE")
    size = contents[1]
    header = 2
    if size & 0x80:
        octets = size & 0x7F
        header += octets
        size = int.from_bytes(contents[2:header])
    end = header + size
    if end > len(contents) or contents[end:].strip(b"\0"):
        raise MalformedDataError("bytes follow the signature in its contents")
    return contents[:end]


def parse_cms(encoded: bytes) -> SignedCms:
    """Take a DER ContentInfo apart. MalformedDataError, or UnsupportedFormatError when it is no SignedData."""
    try:
        return _parse(encoded)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise MalformedDataError("the CMS cannot be parsed") from error


def _parse(encoded: bytes) -> SignedCms:
    container = cms.ContentInfo.load(encoded, strict=True)
    if container["content_type"].dotted != SIGNED_DATA_OID:
        raise UnsupportedFormatError("the contents are CMS, but no SignedData")
    signed_data = container["content"]
    if len(signed_data["signer_infos"]) != 1:
        raise MalformedDataError("a PDF signature has exactly one signer info")
    signer = signed_data["signer_infos"][0]
    attributes = _attributes(signer["signed_attrs"])
    unsigned = _attributes(signer["unsigned_attrs"])
    identifier = signer["sid"]
    by_serial = identifier.name == "issuer_and_serial_number"
    encapsulated = signed_data["encap_content_info"]
    content = encapsulated["content"]
    return SignedCms(
        certificates=tuple(choice.chosen.dump() for choice in signed_data["certificates"] or ()),
        issuer_and_serial_number=identifier.chosen.dump() if by_serial else None,
        key_identifier=None if by_serial else identifier.chosen.native,
        digest_oid=signer["digest_algorithm"]["algorithm"].dotted,
        signature_oid=signer["signature_algorithm"]["algorithm"].dotted,
        signed_attributes=b"" if not attributes else b"\x31" + signer["signed_attrs"].dump()[1:],
        content_type_oid=_single(attributes, CONTENT_TYPE_OID, lambda v: str(v.dotted)),
        message_digest=_single(attributes, MESSAGE_DIGEST_OID, lambda v: bytes(v.native)),
        certificate_reference=_reference(attributes),
        signature=signer["signature"].native,
        encapsulated_type_oid=encapsulated["content_type"].dotted,
        encapsulated=None if content.native is None else bytes(content),
        timestamps=tuple(value.dump() for value in unsigned.get(SIGNATURE_TIMESTAMP_OID, ())),
    )


def _attributes(field: cms.CMSAttributes) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for attribute in field or ():
        oid = attribute["type"].dotted
        if oid in found:
            raise MalformedDataError(f"attribute {oid} occurs twice")
        found[oid] = list(attribute["values"])
    return found


def _single(attributes: dict[str, list[Any]], oid: str, read: Callable[..., T]) -> T | None:
    values = attributes.get(oid)
    if values is None:
        return None
    if len(values) != 1:
        raise MalformedDataError(f"attribute {oid} must have one value")
    return read(values[0])


def _reference(attributes: dict[str, list[Any]]) -> CertificateReference | None:
    v2 = _single(attributes, SIGNING_CERTIFICATE_V2_OID, lambda v: v["certs"][0])
    if v2 is not None:
        return CertificateReference(v2["hash_algorithm"]["algorithm"].dotted, v2["cert_hash"].native)
    v1 = _single(attributes, _SIGNING_CERTIFICATE_V1_OID, lambda v: v["certs"][0])
    return None if v1 is None else CertificateReference(_SHA1_OID, v1["cert_hash"].native)
