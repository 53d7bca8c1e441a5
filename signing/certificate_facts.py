"""What a reader wants to know of a certificate: whom it names, who issued it, its number and its validity."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from signing.errors import MalformedDataError

_NAMING = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME)
"""Attributes that may name someone, the most telling first."""


@dataclass(frozen=True)
class CertificateFacts:
    """Facts as the certificate states them; nothing here is proven."""

    subject: str
    """Distinguished name (RFC 4514)."""
    issuer: str
    subject_name: str
    """The common name, else the organisation."""
    issuer_name: str
    serial_number: str
    """Hexadecimal, upper case."""
    not_before: datetime
    not_after: datetime
    sha256: str
    """Of the DER, hexadecimal."""


@lru_cache(maxsize=512)
def certificate_facts(der: bytes) -> CertificateFacts:
    """The facts of a certificate (DER). MalformedDataError when it is none."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        return CertificateFacts(
            subject=parsed.subject.rfc4514_string(),
            issuer=parsed.issuer.rfc4514_string(),
            subject_name=_name(parsed.subject),
            issuer_name=_name(parsed.issuer),
            serial_number=f"{parsed.serial_number:X}",
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
            sha256=hashlib.sha256(der).hexdigest(),
        )
    except (ValueError, TypeError) as error:
        raise MalformedDataError("not an X.509 certificate") from error


def _name(name: x509.Name) -> str:
    for oid in _NAMING:
        found = name.get_attributes_for_oid(oid)
        if found:
            return ", ".join(str(attribute.value) for attribute in found)
    return name.rfc4514_string()
