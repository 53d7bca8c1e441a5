"""Revocation (EN 319 102-1, 5.2.5 and 5.2.6): was a certificate revoked, and is the data fresh enough to tell."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from signing.validation.cryptographic import issued_by
from signing.validation.policy import Revocation, ValidationPolicy
from signing.validation.report import Check, Conclusion, SubIndication
from signing.validation.x509 import Certificate, Path, extension_of

_NAME = "revocation"
_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")


@dataclass(frozen=True)
class RevocationList:
    """A parsed CRL."""

    parsed: x509.CertificateRevocationList
    keeps_expired: bool
    """Whether it lists certificates that expired since (X.509, expiredCertsOnCRL)."""

    def is_signed_by(self, issuer: Certificate) -> bool:
        """Whether the issuer of the certificates signed it and may do so."""
        usage = extension_of(issuer, x509.KeyUsage)
        parsed = self.parsed
        return (
            (usage is None or usage.crl_sign)
            and parsed.issuer == issuer.parsed.subject
            and issued_by(
                parsed.tbs_certlist_bytes,
                parsed.signature,
                parsed.signature_algorithm_oid.dotted_string,
                issuer.spki,
            )
        )


@lru_cache(maxsize=256)
def load_crl(der: bytes) -> RevocationList | None:
    """The CRL, None when it cannot be parsed or is not a full one: such a list proves nothing."""
    try:
        parsed = x509.load_der_x509_crl(der)
        critical = [extension.oid for extension in parsed.extensions if extension.critical]
        keeps_expired = any(e.oid == _EXPIRED_CERTS_ON_CRL for e in parsed.extensions)
    except (ValueError, TypeError, x509.DuplicateExtension):
        return None
    return None if critical or parsed.next_update_utc is None else RevocationList(parsed, keeps_expired)


def check_revocation(path: Path, policy: ValidationPolicy, *, at: datetime, control_time: datetime) -> list[Check]:
    """One check for each certificate below the anchor.

    ``control_time`` is the earliest proven existence of the signature: a revocation after it does no harm.
    """
    checks = []
    for depth, certificate in enumerate(path.certificates[:-1]):
        check = _check(certificate, path.certificates[depth + 1], policy, at, control_time)
        if depth > 0 and check.sub_indication is SubIndication.REVOKED_NO_POE:
            check = replace(check, sub_indication=SubIndication.REVOKED_CA_NO_POE)
        checks.append(check)
    return checks


def _check(
    certificate: Certificate,
    issuer: Certificate,
    policy: ValidationPolicy,
    at: datetime,
    control_time: datetime,
) -> Check:
    lists = [crl for crl in map(load_crl, policy.crls) if crl is not None]
    fresh = [crl for crl in lists if _is_fresh(crl, certificate, at) and crl.is_signed_by(issuer)]
    if not fresh:
        detail = f"no fresh revocation list for {certificate.name}"
        if policy.revocation is Revocation.IF_AVAILABLE:
            return Check(_NAME, Conclusion.NOT_APPLICABLE, detail)
        return Check(_NAME, Conclusion.INDETERMINATE, detail, SubIndication.TRY_LATER)
    newest = max(fresh, key=lambda crl: crl.parsed.last_update_utc)
    entry = newest.parsed.get_revoked_certificate_by_serial_number(certificate.parsed.serial_number)
    if entry is None:
        return Check(_NAME, Conclusion.PASSED, f"{certificate.name} is not on the list of {_day(newest)}")
    revoked_at = entry.revocation_date_utc
    if revoked_at > control_time:
        detail = f"{certificate.name} was revoked at {revoked_at:%Y-%m-%dT%H:%M:%SZ}, after the proven time"
        return Check(_NAME, Conclusion.PASSED, detail)
    detail = f"{certificate.name} was revoked at {revoked_at:%Y-%m-%dT%H:%M:%SZ}"
    # That it was made before the revocation cannot be excluded, only not be proven (5.3.4).
    return Check(_NAME, Conclusion.INDETERMINATE, detail, SubIndication.REVOKED_NO_POE)


def _is_fresh(crl: RevocationList, certificate: Certificate, at: datetime) -> bool:
    parsed = crl.parsed
    if parsed.next_update_utc is None or not parsed.last_update_utc <= at <= parsed.next_update_utc:
        return False
    # A list made after the expiry may have dropped the entry, unless it says that it keeps such entries.
    return crl.keeps_expired or parsed.last_update_utc <= certificate.parsed.not_valid_after_utc


def _day(crl: RevocationList) -> str:
    return f"{crl.parsed.last_update_utc:%Y-%m-%dT%H:%M:%SZ}"
