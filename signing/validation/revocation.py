"""What the evidence says of one certificate's revocation: CRLs and OCSP responses that may be believed.

A CRL counts when the certificate's issuer signed it; an OCSP response when the issuer signed it or a responder whom
the issuer made one for that purpose (RFC 6960, 4.2.2.2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.algorithms import DIGESTS
from signing.errors import MalformedDataError, SigningError
from signing.ocsp import CertId, CertStatus, SingleResponse, cert_id, responder_key_hash
from signing.validation.cryptographic import issued_by
from signing.validation.material import Material
from signing.validation.revocation_data import OcspEvidence, RevocationList
from signing.validation.x509 import Certificate, extension_of, load_all
from signing.x509_fields import subject_name

_OCSP_SIGNING = ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string
CERTIFICATE_HOLD = "certificateHold"
_REASONS = dict(
    enumerate(
        (
            "unspecified",
            "keyCompromise",
            "cACompromise",
            "affiliationChanged",
            "superseded",
            "cessationOfOperation",
            CERTIFICATE_HOLD,
        )
    )
) | {8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise"}


@dataclass(frozen=True)
class RevocationStatus:
    """What one trustworthy piece of evidence says of one certificate."""

    kind: str
    """CRL | OCSP"""
    source: bytes
    """DER of the evidence, for proofs of its existence."""
    issued_at: datetime
    """thisUpdate."""
    next_update: datetime | None
    revoked_at: datetime | None
    """None when the certificate is not revoked."""
    reason: str
    signature_oid: str
    signer: Certificate

    @property
    def is_on_hold(self) -> bool:
        """Whether the revocation may be taken back (RFC 5280, 5.3.1)."""
        return self.revoked_at is not None and self.reason == CERTIFICATE_HOLD


@lru_cache(maxsize=4096)
def statuses_of(certificate: Certificate, issuer: Certificate, material: Material) -> tuple[RevocationStatus, ...]:
    """Every status that the material holds, newest first. Cached: signatures are checked here, no time is looked at."""
    found = (*_from_crls(certificate, issuer, material), *_from_ocsp(certificate, issuer, material))
    return tuple(sorted(found, key=lambda status: status.issued_at, reverse=True))


def _from_crls(certificate: Certificate, issuer: Certificate, material: Material) -> Iterator[RevocationStatus]:
    for crl in crls_of(issuer, material):
        # A list made after the expiry may have dropped the entry, unless it says that it keeps such entries.
        lists_expired = crl.keeps_expired_since <= certificate.not_after
        issued_at = crl.parsed.last_update_utc
        if not crl.speaks_for(certificate) or not (lists_expired or issued_at <= certificate.not_after):
            continue
        entry = crl.entries.get(certificate.parsed.serial_number)
        yield RevocationStatus(
            kind="CRL",
            source=crl.der,
            issued_at=issued_at,
            next_update=crl.parsed.next_update_utc,
            revoked_at=None if entry is None else entry.revoked_at,
            reason="" if entry is None else entry.reason,
            signature_oid=crl.parsed.signature_algorithm_oid.dotted_string,
            signer=issuer,
        )


@lru_cache(maxsize=512)
def crls_of(issuer: Certificate, material: Material) -> tuple[RevocationList, ...]:
    """The lists in the material that this issuer signed."""
    return tuple(crl for crl in material.crls.get(issuer.subject, ()) if crl.is_signed_by(issuer))


def _from_ocsp(certificate: Certificate, issuer: Certificate, material: Material) -> Iterator[RevocationStatus]:
    for evidence in material.ocsp.get(certificate.parsed.serial_number, ()):
        responder = _responder(evidence, issuer, material)
        if responder is None:
            continue
        for single in evidence.parsed.responses:
            if single.status is CertStatus.UNKNOWN or not _is_about(single, certificate, issuer):
                continue
            cutoff = single.archive_cutoff
            lists_expired = cutoff is not None and cutoff <= certificate.not_after
            if single.status is CertStatus.GOOD and not (lists_expired or single.this_update <= certificate.not_after):
                continue
            yield RevocationStatus(
                kind="OCSP",
                source=evidence.der,
                issued_at=single.this_update,
                next_update=single.next_update,
                revoked_at=single.revoked_at,
                reason=_REASONS.get(single.reason or 0, "unspecified"),
                signature_oid=evidence.parsed.signature_oid,
                signer=responder,
            )


def _is_about(single: SingleResponse, certificate: Certificate, issuer: Certificate) -> bool:
    """The CertID names exactly this certificate; SHA-1 is good enough to name one (RFC 6960, 4.1.1)."""
    digest_oid = single.cert_id.digest_oid
    return digest_oid in DIGESTS and _cert_id(certificate, issuer, digest_oid) == single.cert_id


@lru_cache(maxsize=1024)
def _cert_id(certificate: Certificate, issuer: Certificate, digest_oid: str) -> CertId | None:
    try:
        return cert_id(certificate.der, issuer.der, digest_oid)
    except MalformedDataError:
        return None


def _responder(evidence: OcspEvidence, issuer: Certificate, material: Material) -> Certificate | None:
    """Who signed the response and may speak for the issuer, None when nobody is found."""
    for candidate in (issuer, *load_all(evidence.parsed.certificates)):
        if candidate.der != issuer.der and not _is_delegated(candidate, issuer, evidence, material):
            continue
        if _names_responder(evidence, candidate) and _signed_response(evidence, candidate):
            return candidate
    return None


def _names_responder(evidence: OcspEvidence, candidate: Certificate) -> bool:
    response = evidence.parsed
    try:
        if response.responder_name is not None:
            return response.responder_name == subject_name(candidate.der)
        return response.responder_key_hash == responder_key_hash(candidate.der)
    except SigningError:
        return False


def _signed_response(evidence: OcspEvidence, candidate: Certificate) -> bool:
    response = evidence.parsed
    return issued_by(response.signed, response.signature, response.signature_oid, candidate.spki)


def _is_delegated(candidate: Certificate, issuer: Certificate, evidence: OcspEvidence, material: Material) -> bool:
    """RFC 6960, 4.2.2.2: issued by the same CA, for this purpose, and in force when the answer was made."""
    usage = extension_of(candidate, x509.KeyUsage)
    return (
        _OCSP_SIGNING in (candidate.extended_key_usages or ())
        and (usage is None or usage.digital_signature or usage.content_commitment)
        and candidate.is_valid_at(evidence.parsed.produced_at)
        and candidate.is_issued_by(issuer)
        and _is_not_revoked(candidate, issuer, evidence.parsed.produced_at, material)
    )


def _is_not_revoked(responder: Certificate, issuer: Certificate, at: datetime, material: Material) -> bool:
    """RFC 6960, 4.2.2.2.1: either the CA says not to check, or a list of the CA clears the responder."""
    lists = crls_of(issuer, material)
    entries = [entry for crl in lists if (entry := crl.entries.get(responder.parsed.serial_number)) is not None]
    if any(entry.revoked_at <= at for entry in entries):
        return False
    return extension_of(responder, x509.OCSPNoCheck) is not None or bool(lists)
