"""Signature acceptance validation (EN 319 102-1, 5.2.8): are the algorithms and keys good enough at a time?"""

from collections.abc import Iterator
from datetime import datetime

from signing.validation.algorithm_constraints import NEVER, AlgorithmConstraints, key_size
from signing.validation.checks import broken, passed
from signing.validation.cms_reading import SignedCms
from signing.validation.cryptographic import ALGORITHM_NAMES, RSA_ENCRYPTION
from signing.validation.report import Check, SubIndication
from signing.validation.x509 import Certificate

_NAME = "signature_acceptance.algorithms"


def check_acceptance(cms: SignedCms, spki: bytes, constraints: AlgorithmConstraints, at: datetime) -> Check:
    """Every algorithm of a signature and the size of its key (DER SubjectPublicKeyInfo) against the policy at ``at``."""
    for until, what in _reliability(cms, spki, constraints):
        if until < at:
            end = "" if until == NEVER else f" since {until:%Y-%m-%d}"
            return broken(_NAME, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, f"{what} is not reliable{end}")
    return passed(_NAME, ALGORITHM_NAMES.get(cms.signature_oid, cms.signature_oid))


def reliable_until(cms: SignedCms, spki: bytes, constraints: AlgorithmConstraints) -> datetime:
    """When the first of a signature's algorithms stops being reliable."""
    return min(until for until, _ in _reliability(cms, spki, constraints))


def _reliability(cms: SignedCms, spki: bytes, constraints: AlgorithmConstraints) -> Iterator[tuple[datetime, str]]:
    yield constraints.signature_until(cms.signature_oid), f"signature algorithm {cms.signature_oid}"
    yield constraints.digest_until(cms.digest_oid), f"digest algorithm {cms.digest_oid}"
    if cms.certificate_reference is not None:
        digest_oid = cms.certificate_reference.digest_oid
        yield constraints.digest_until(digest_oid), f"digest algorithm {digest_oid} of the certificate reference"
    kind, bits = key_size(spki)
    yield constraints.key_until(spki), f"a key of {bits} bits ({kind or 'unknown'})"


def certificate_until(certificate: Certificate, issuer: Certificate, constraints: AlgorithmConstraints) -> datetime:
    """Until when the issuer's signature on a certificate is reliable."""
    if certificate.signature_oid == RSA_ENCRYPTION:
        return NEVER
    return min(constraints.signature_until(certificate.signature_oid), constraints.key_until(issuer.spki))


def unreliable_certificate(
    certificate: Certificate, issuer: Certificate, constraints: AlgorithmConstraints, at: datetime
) -> Check | None:
    """What is wrong with the issuer's signature on a certificate at ``at``, None when it is reliable."""
    until = certificate_until(certificate, issuer, constraints)
    if until >= at:
        return None
    return broken(
        "x509_certificate_validation.algorithms",
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        f"the signature {certificate.signature_oid} on {certificate.name} is not reliable",
    )
