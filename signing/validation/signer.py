"""The blocks that a signature and a time-stamp share: signer's certificate, digest, value, acceptance, path.

Clauses of EN 319 102-1 stand above the step that they govern.
"""

from dataclasses import dataclass
from datetime import datetime

from signing import algorithms
from signing.errors import InvalidSignatureError, KeyRefusedError, UnsupportedFormatError
from signing.validation.cms_reading import SignedCms
from signing.validation.cryptographic import verify_value
from signing.validation.policy import Use, ValidationPolicy
from signing.validation.report import Check, Conclusion, SubIndication
from signing.validation.revocation import check_revocation
from signing.validation.x509 import Certificate, Failure, Path, build_paths, check_path, load_all
from signing.x509_fields import issuer_and_serial_number, rsa_bits, subject_key_identifier


@dataclass(frozen=True)
class PathResult:
    """The certificate's path and what was checked on it."""

    path: Path | None
    checks: tuple[Check, ...]


def passed(name: str, detail: str = "") -> Check:
    """A check that holds."""
    return Check(name, Conclusion.PASSED, detail)


def failed(name: str, sub_indication: SubIndication, detail: str) -> Check:
    """A check that is proven not to hold."""
    return Check(name, Conclusion.FAILED, detail, sub_indication)


def undecided(name: str, sub_indication: SubIndication, detail: str) -> Check:
    """A check that could not be decided."""
    return Check(name, Conclusion.INDETERMINATE, detail, sub_indication)


def identify_signer(cms: SignedCms) -> tuple[Certificate | None, Check]:
    """5.2.3: the certificate that the signer identifier and the signed reference name."""
    name = "identification.signing_certificate"
    for certificate in load_all(cms.certificates):
        if not _is_named(certificate, cms):
            continue
        reference = cms.certificate_reference
        if reference is None:
            return certificate, undecided(
                name, SubIndication.SIG_CONSTRAINTS_FAILURE, "the signature does not bind its certificate"
            )
        try:
            fits = algorithms.digest(reference.digest_oid, certificate.der) == reference.digest
        except UnsupportedFormatError as error:
            return certificate, undecided(name, SubIndication.SIG_CONSTRAINTS_FAILURE, str(error))
        if not fits:
            return None, undecided(
                name, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the bound certificate is another one"
            )
        return certificate, passed(name, certificate.name)
    return None, undecided(
        name, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signing certificate is not in the signature"
    )


def _is_named(certificate: Certificate, cms: SignedCms) -> bool:
    if cms.issuer_and_serial_number is None:
        return cms.key_identifier == subject_key_identifier(certificate.der)
    return cms.issuer_and_serial_number == issuer_and_serial_number(certificate.der)


def check_message_digest(cms: SignedCms, content_digest: bytes) -> Check:
    """5.2.7, step 1: the digest that was signed is that of the data."""
    name = "cryptographic_verification.message_digest"
    if cms.message_digest is None or not cms.signed_attributes:
        return failed(name, SubIndication.FORMAT_FAILURE, "the signature has no signed message digest")
    if cms.message_digest != content_digest:
        return failed(name, SubIndication.HASH_FAILURE, "the signed data was changed")
    if cms.content_type_oid != cms.encapsulated_type_oid:
        return failed(name, SubIndication.FORMAT_FAILURE, "the signed content type is another one")
    return passed(name)


def check_value(cms: SignedCms, certificate: Certificate) -> Check:
    """5.2.7, step 2: the signature value fits the signed attributes and the key."""
    name = "cryptographic_verification.signature_value"
    try:
        verify_value(certificate.spki, cms.signature_oid, cms.digest_oid, cms.signed_attributes, cms.signature)
    except (InvalidSignatureError, KeyRefusedError) as error:
        return failed(name, SubIndication.SIG_CRYPTO_FAILURE, str(error))
    except UnsupportedFormatError as error:
        return undecided(name, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, str(error))
    return passed(name)


def check_acceptance(cms: SignedCms, certificate: Certificate, policy: ValidationPolicy) -> Check:
    """5.2.8: the algorithms and key sizes are ones that the policy takes."""
    name = "signature_acceptance.cryptographic_constraints"
    reference = cms.certificate_reference
    weak = [
        oid for oid in (cms.digest_oid, reference and reference.digest_oid) if oid and oid not in policy.digest_oids
    ]
    if cms.signature_oid not in policy.signature_oids:
        weak.append(cms.signature_oid)
    if weak:
        detail = f"algorithm {weak[0]} is not accepted"
        return undecided(name, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, detail)
    bits = rsa_bits(certificate.spki)
    if bits is not None and bits < policy.rsa_bits:
        detail = f"an RSA key of {bits} bits is not accepted"
        return undecided(name, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, detail)
    return passed(name)


def check_certificate(
    certificate: Certificate,
    extra: tuple[bytes, ...],
    policy: ValidationPolicy,
    use: Use,
    *,
    at: datetime,
    control_time: datetime,
) -> PathResult:
    """5.2.6: a path to an anchor for ``use`` that holds at ``control_time``, with revocation as known at ``at``."""
    name = "x509_certificate_validation.path"
    first: PathResult | None = None
    for path in build_paths(certificate, extra, policy, use):
        failure: Failure | None = check_path(path, control_time, use)
        found = passed(name, " <- ".join(c.name for c in path.certificates))
        if failure is not None:
            first = first or PathResult(path, (found, failure.check))
            continue
        revocation = check_revocation(path, policy, at=at, control_time=control_time)
        result = PathResult(path, (found, *revocation))
        if all(check.conclusion is not Conclusion.FAILED for check in revocation) and not _open(revocation):
            return result
        first = first or result
    if first is not None:
        return first
    detail = "no path from the certificate to a trust anchor"
    return PathResult(None, (undecided(name, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, detail),))


def _open(checks: list[Check]) -> bool:
    return any(check.conclusion is Conclusion.INDETERMINATE for check in checks)


def worst(checks: tuple[Check, ...]) -> Check | None:
    """The check that decides: the first proven failure, else the first undecided one, None when all hold."""
    for conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE):
        for check in checks:
            if check.conclusion is conclusion:
                return check
    return None
