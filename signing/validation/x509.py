"""X.509 certificates as the validation reads them (RFC 5280, 4)."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TypeAlias, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from signing.errors import MalformedDataError
from signing.validation.cryptographic import issued_by
from signing.x509_fields import public_key_info

T = TypeVar("T", bound=x509.ExtensionType)
NameKey: TypeAlias = tuple[frozenset[tuple[str, str]], ...]
"""A name for comparing: attribute types and folded values, RDN by RDN (RFC 5280, 7.1)."""


def name_key(name: x509.Name) -> NameKey:
    """Names that differ only in case, white space and string type are one name."""
    return tuple(frozenset((a.oid.dotted_string, _folded(a.value)) for a in rdn) for rdn in name.rdns)


def _folded(value: str | bytes) -> str:
    return value.hex() if isinstance(value, bytes) else " ".join(value.casefold().split())


@dataclass(frozen=True, eq=False)
class Certificate:
    """A parsed certificate with the bytes it came from."""

    der: bytes
    parsed: x509.Certificate

    @cached_property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return public_key_info(self.der)

    @cached_property
    def name(self) -> str:
        """The subject for reports."""
        return self.parsed.subject.rfc4514_string()

    @cached_property
    def subject(self) -> NameKey:
        """The subject for comparing."""
        return name_key(self.parsed.subject)

    @cached_property
    def issuer(self) -> NameKey:
        """The issuer for comparing."""
        return name_key(self.parsed.issuer)

    @cached_property
    def not_before(self) -> datetime:
        """Start of the validity, aware UTC."""
        return self.parsed.not_valid_before_utc

    @cached_property
    def not_after(self) -> datetime:
        """End of the validity, aware UTC."""
        return self.parsed.not_valid_after_utc

    @cached_property
    def signature_oid(self) -> str:
        """Algorithm of the issuer's signature."""
        return self.parsed.signature_algorithm_oid.dotted_string

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are one name."""
        return self.subject == self.issuer

    @cached_property
    def extended_key_usages(self) -> frozenset[str] | None:
        """OIDs, None when the certificate does not restrict them."""
        found = extension_of(self, x509.ExtendedKeyUsage)
        return None if found is None else frozenset(oid.dotted_string for oid in found)

    def has_critical(self, oid: x509.ObjectIdentifier) -> bool:
        """Whether it has this extension and marks it critical."""
        return any(extension.oid == oid and extension.critical for extension in self.parsed.extensions)

    def is_valid_at(self, at: datetime) -> bool:
        """Whether ``at`` is within its validity."""
        return self.not_before <= at <= self.not_after

    def is_issued_by(self, issuer: "Certificate") -> bool:
        """Whether names and signature say so."""
        parsed = self.parsed
        return self.issuer == issuer.subject and issued_by(
            parsed.tbs_certificate_bytes, parsed.signature, self.signature_oid, issuer.spki
        )


@lru_cache(maxsize=4096)
def load_certificate(der: bytes) -> Certificate:
    """MalformedDataError when ``der`` is no certificate with readable extensions."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        _ = (parsed.extensions, parsed.subject, parsed.issuer, parsed.not_valid_after_utc, parsed.not_valid_before_utc)
        certificate = Certificate(der, parsed)
        _ = certificate.spki
    except (
        ValueError,
        TypeError,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    ) as error:
        raise MalformedDataError("a certificate cannot be parsed") from error
    return certificate


def load_all(ders: tuple[bytes, ...]) -> list[Certificate]:
    """The parsable ones among ``ders``; what cannot be parsed cannot be part of a path."""
    found = []
    for der in ders:
        try:
            found.append(load_certificate(der))
        except MalformedDataError:
            continue
    return found


def extension_of(certificate: Certificate, kind: type[T]) -> T | None:
    """The extension of this kind, None when the certificate has none."""
    try:
        return certificate.parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
