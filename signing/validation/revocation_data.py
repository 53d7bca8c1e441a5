"""CRLs (RFC 5280, 5) and OCSP responses (RFC 6960) as evidence: parsed once, nothing in them proven."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from cryptography import x509

from signing import der_reading
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.ocsp import OcspResponse, parse_response
from signing.validation.cryptographic import issued_by
from signing.validation.x509 import Certificate, NameKey, extension_of, name_key

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_UNREADABLE = (
    ValueError,
    TypeError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    MalformedDataError,
)
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RevokedEntry:
    """When and why a certificate was revoked."""

    revoked_at: datetime
    reason: str
    """As RFC 5280, 5.3.1 names it; ``unspecified`` when none is given."""


@dataclass(frozen=True, eq=False)
class RevocationList:
    """A parsed CRL that speaks for all reasons."""

    der: bytes
    parsed: x509.CertificateRevocationList
    scope: x509.IssuingDistributionPoint | None
    """What it is limited to, None when it is a full one."""
    keeps_expired_since: datetime
    """Certificates that expired since then are still listed (X.509, expiredCertsOnCRL)."""

    @cached_property
    def issuer(self) -> NameKey:
        """Issuer for comparing."""
        return name_key(self.parsed.issuer)

    @cached_property
    def entries(self) -> dict[int, RevokedEntry]:
        """By serial number."""
        return {entry.serial_number: RevokedEntry(entry.revocation_date_utc, _reason(entry)) for entry in self.parsed}

    def is_signed_by(self, issuer: Certificate) -> bool:
        """Whether the issuer of the certificates signed it and may do so."""
        usage = extension_of(issuer, x509.KeyUsage)
        parsed = self.parsed
        return (
            (usage is None or usage.crl_sign)
            and self.issuer == issuer.subject
            and issued_by(
                parsed.tbs_certlist_bytes,
                parsed.signature,
                parsed.signature_algorithm_oid.dotted_string,
                issuer.spki,
            )
        )

    def speaks_for(self, certificate: Certificate) -> bool:
        """Whether the certificate is within its scope (RFC 5280, 6.3.3 (b))."""
        if self.scope is None:
            return True
        constraints = extension_of(certificate, x509.BasicConstraints)
        is_ca = constraints is not None and constraints.ca
        if (self.scope.only_contains_user_certs and is_ca) or (self.scope.only_contains_ca_certs and not is_ca):
            return False
        return self.scope.full_name is None or bool(set(self.scope.full_name) & _distribution_points(certificate))


@dataclass(frozen=True, eq=False)
class OcspEvidence:
    """A parsed successful OCSP response."""

    der: bytes
    parsed: OcspResponse


@lru_cache(maxsize=256)
def load_crl(der: bytes) -> RevocationList | None:
    """The CRL, None when it cannot be parsed or is partial, indirect or a delta: such a list proves nothing alone."""
    try:
        parsed = x509.load_der_x509_crl(der)
        if parsed.next_update_utc is None:
            return None
        scope, keeps_expired_since = None, _FOREVER
        for extension in parsed.extensions:
            if isinstance(extension.value, x509.IssuingDistributionPoint):
                scope = extension.value
            elif extension.oid == _EXPIRED_CERTS_ON_CRL and isinstance(extension.value, x509.UnrecognizedExtension):
                keeps_expired_since = der_reading.parse(extension.value.value).time()
            elif extension.critical:
                return None
        is_partial = scope is not None and (
            scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs or scope.relative_name
        )
        if is_partial or _has_foreign_entries(parsed):
            return None
        found = RevocationList(der, parsed, scope, keeps_expired_since)
        # The parser is lazy: what it cannot read must show here, not in the middle of a validation.
        _ = (found.issuer, found.entries, parsed.last_update_utc, parsed.signature_algorithm_oid)
    except _UNREADABLE:
        return None
    return found


def _has_foreign_entries(parsed: x509.CertificateRevocationList) -> bool:
    """Whether an entry has a critical extension; the one there is makes a list indirect (RFC 5280, 5.3.3)."""
    return any(extension.critical for entry in parsed for extension in entry.extensions)


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"


def _distribution_points(certificate: Certificate) -> set[x509.GeneralName]:
    points = extension_of(certificate, x509.CRLDistributionPoints)
    return {name for point in points or () for name in point.full_name or ()}


@lru_cache(maxsize=1024)
def load_ocsp(der: bytes) -> OcspEvidence | None:
    """The response, None when it cannot be parsed or holds no answer."""
    try:
        parsed = parse_response(der)
    except (MalformedDataError, UnsupportedFormatError):
        return None
    return OcspEvidence(der, parsed) if parsed.response_status == 0 else None
