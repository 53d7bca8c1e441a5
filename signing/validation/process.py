"""The validation process for PDF signatures (EN 319 102-1, 5.3, 5.5 and 5.6), step by step.

1. Format checking (5.2.2): every signature field, its ByteRange, the changes after it, its CMS.
2. Identification of the signing certificate (5.2.3).
3. Cryptographic verification (5.2.7): digest, value.
4. Signature acceptance (5.2.8): algorithms, key sizes.
5. Signature time-stamp (5.5.4): the best signature time is the earliest that is proven.
6. Certificate validation at the best signature time, revocation as known now (5.2.6, 5.6.2).
7. Conclusion: the first proven failure decides, else the first open question.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509.oid import NameOID

from signing import algorithms
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.pyhanko_reading import SignatureField, read_structure
from signing.validation.cms_reading import SignedCms, parse_cms, strip_padding
from signing.validation.cryptographic import ALGORITHM_NAMES
from signing.validation.policy import Use, ValidationPolicy
from signing.validation.report import (
    Changes,
    Check,
    Conclusion,
    DocumentValidation,
    Indication,
    SignatureReport,
    SignerIdentity,
    SubIndication,
    TimestampReport,
    Trust,
)
from signing.validation.signer import (
    PathResult,
    check_acceptance,
    check_certificate,
    check_message_digest,
    check_value,
    failed,
    identify_signer,
    passed,
    undecided,
    worst,
)
from signing.validation.timestamps import parse_token, validate_parsed, validate_token
from signing.validation.x509 import Certificate, load_certificate

_CMS_SUB_FILTERS = frozenset({"ETSI.CAdES.detached", "adbe.pkcs7.detached", "ETSI.RFC3161"})
_PADES_SUB_FILTER = "ETSI.CAdES.detached"


@dataclass(frozen=True)
class CertificateValidation:
    """The answer on one certificate by itself."""

    conclusion: Conclusion
    sub_indication: SubIndication | None
    trust: Trust
    checks: tuple[Check, ...]


def validate_pdf(data: bytes, policy: ValidationPolicy, *, at: datetime) -> DocumentValidation:
    """Validate every signature and document time-stamp of a PDF as of ``at``.

    MalformedDataError when it is no PDF, UnsupportedFormatError when encrypted, ResourceLimitError over a limit of
    the policy; a bad signature is an answer, never an exception.
    """
    structure = read_structure(data, policy.limits)
    reports = tuple(_validate_field(data, field, policy, at) for field in structure.fields)
    return DocumentValidation(signatures=reports, validated_at=at, page_count=structure.page_count)


def validate_certificate(
    certificate: bytes, policy: ValidationPolicy, *, at: datetime, use: str
) -> CertificateValidation:
    """Validate a certificate (DER) for ``use`` as of ``at``; a bad one is an answer, never an exception."""
    try:
        parsed = load_certificate(certificate)
    except MalformedDataError as error:
        check = undecided(
            "x509_certificate_validation.format", SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, str(error)
        )
        return CertificateValidation(Conclusion.INDETERMINATE, check.sub_indication, Trust.NONE, (check,))
    result = check_certificate(parsed, (), policy, Use(use), at=at, control_time=at)
    decisive = worst(result.checks)
    return CertificateValidation(
        conclusion=Conclusion.PASSED if decisive is None else decisive.conclusion,
        sub_indication=None if decisive is None else decisive.sub_indication,
        trust=_trust(result),
        checks=result.checks,
    )


@dataclass(frozen=True)
class _Validated:
    """What the steps found on one field."""

    checks: tuple[Check, ...]
    cms: SignedCms | None = None
    certificate: Certificate | None = None
    path: PathResult | None = None
    proven_at: datetime | None = None
    use: Use = Use.SIGNATURE
    timestamps: tuple[TimestampReport, ...] = ()


def _validate_field(data: bytes, field: SignatureField, policy: ValidationPolicy, at: datetime) -> SignatureReport:
    checks = _check_format(field)
    if field.sub_filter not in _CMS_SUB_FILTERS:
        detail = f"unsupported: signatures of kind {field.filter}/{field.sub_filter} cannot be checked here"
        checks += (undecided("format_checking.sub_filter", SubIndication.CUSTOM, detail),)
        return _report(field, _Validated(checks), at, policy)
    try:
        encoded = strip_padding(field.contents)
        if field.is_document_timestamp:
            return _report(field, _validate_document_timestamp(data, field, encoded, checks, policy, at), at, policy)
        cms = parse_cms(encoded)
    except (MalformedDataError, UnsupportedFormatError) as error:
        checks += (failed("format_checking.cms", SubIndication.FORMAT_FAILURE, str(error)),)
        return _report(field, _Validated(checks), at, policy)
    return _report(field, _validate_signature(data, field, cms, checks, policy, at), at, policy)


def _check_format(field: SignatureField) -> tuple[Check, ...]:
    """Step 1: the ByteRange and what came after it."""
    name = "format_checking.byte_range"
    if not field.is_sound:
        detail = "the ByteRange does not leave out exactly the signature's own contents"
        return (failed(name, SubIndication.FORMAT_FAILURE, detail),)
    checks = [passed(name, field.coverage)]
    if field.changes is Changes.FORBIDDEN:
        detail = "the document was changed after this signature"
        checks.append(failed("format_checking.changes_after_signing", SubIndication.HASH_FAILURE, detail))
    else:
        checks.append(passed("format_checking.changes_after_signing", field.changes))
    return tuple(checks)


def _content_digest(data: bytes, field: SignatureField, digest_oid: str) -> bytes:
    running = algorithms.new_digest(digest_oid)
    view = memoryview(data)
    for start, length in (field.byte_range[:2], field.byte_range[2:]):
        running.update(view[start : start + length])
    result: bytes = running.digest()
    return result


def _validate_signature(
    data: bytes,
    field: SignatureField,
    cms: SignedCms,
    checks: tuple[Check, ...],
    policy: ValidationPolicy,
    at: datetime,
) -> _Validated:
    certificate, identified = identify_signer(cms)
    checks += (identified,)
    try:
        digest = _content_digest(data, field, cms.digest_oid) if field.is_sound else b""
    except UnsupportedFormatError as error:
        checks += (
            undecided("signature_acceptance.digest", SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, str(error)),
        )
        return _Validated(checks, cms, certificate)
    checks += (check_message_digest(cms, digest),)
    if certificate is None:
        return _Validated(checks, cms)
    checks += (check_value(cms, certificate), check_acceptance(cms, certificate, policy))
    proven_at = None
    stamps: list[TimestampReport] = []
    for token in cms.timestamps:
        stamp = validate_token(token, cms.signature, policy, at=at)
        stamps.append(stamp.report(token))
        checks += tuple(_advisory(check) for check in stamp.checks)
        if stamp.proven_at is not None:
            proven_at = min(proven_at or stamp.proven_at, stamp.proven_at)
    result, use = _signer_path(certificate, cms, policy, at, proven_at)
    return _Validated(checks + result.checks, cms, certificate, result, proven_at, use, tuple(stamps))


def _advisory(check: Check) -> Check:
    """A bad time-stamp proves no time; by itself it neither breaks nor leaves open the signature (5.5.4)."""
    if check.conclusion is Conclusion.PASSED:
        return check
    return Check(check.name, Conclusion.NOT_APPLICABLE, f"not used: {check.detail}", check.sub_indication)


def _signer_path(
    certificate: Certificate,
    cms: SignedCms,
    policy: ValidationPolicy,
    at: datetime,
    proven_at: datetime | None,
) -> tuple[PathResult, Use]:
    """Step 6, for an authority's signature or else an enterprise's."""
    results = []
    for use in (Use.SIGNATURE, Use.ENTERPRISE):
        result = check_certificate(certificate, cms.certificates, policy, use, at=at, control_time=proven_at or at)
        if worst(result.checks) is None:
            return result, use
        results.append((result, use))
    return next(((r, u) for r, u in results if r.path is not None), results[0])


def _validate_document_timestamp(
    data: bytes,
    field: SignatureField,
    encoded: bytes,
    checks: tuple[Check, ...],
    policy: ValidationPolicy,
    at: datetime,
) -> _Validated:
    token = parse_token(encoded)
    digest = _content_digest(data, field, token.digest_oid) if field.is_sound else b""
    stamp = validate_parsed(token, digest, policy, at=at)
    return _Validated(
        checks + stamp.checks,
        token.cms,
        stamp.certificate,
        proven_at=stamp.proven_at,
        use=Use.TIMESTAMP,
        timestamps=(stamp.report(encoded),),
    )


def _report(field: SignatureField, found: _Validated, at: datetime, policy: ValidationPolicy) -> SignatureReport:
    """Step 7: the checks as one answer."""
    decisive = worst(found.checks)
    kind = _kind(field, found.use)
    return SignatureReport(
        name=field.name,
        kind=kind,
        format="PAdES" if field.sub_filter.startswith("ETSI.") else "CMS",
        sub_filter=field.sub_filter,
        level=_level(field, found),
        algorithm="" if found.cms is None else ALGORITHM_NAMES.get(found.cms.signature_oid, found.cms.signature_oid),
        indication=_indication(decisive),
        sub_indication=None if decisive is None else decisive.sub_indication,
        signer=_signer(found.certificate, policy),
        signer_certificate=None if found.certificate is None else found.certificate.der,
        trust=_trust(found.path),
        claimed_signing_time=field.claimed_signing_time,
        best_signature_time=found.proven_at or at,
        coverage=field.coverage,
        changes_after_signing=field.changes,
        checks=found.checks,
        signature_value=b"" if found.cms is None else found.cms.signature,
        chain=_chain(found),
        timestamps=found.timestamps,
    )


def _chain(found: _Validated) -> tuple[bytes, ...]:
    """The path that was judged, else the signing certificate alone."""
    if found.use is Use.TIMESTAMP:
        return tuple(der for stamp in found.timestamps for der in stamp.chain)
    if found.path is not None and found.path.path is not None:
        return tuple(certificate.der for certificate in found.path.path.certificates)
    return () if found.certificate is None else (found.certificate.der,)


def _indication(decisive: Check | None) -> Indication:
    if decisive is None:
        return Indication.TOTAL_PASSED
    return Indication.TOTAL_FAILED if decisive.conclusion is Conclusion.FAILED else Indication.INDETERMINATE


def _kind(field: SignatureField, use: Use) -> str:
    if field.is_document_timestamp:
        return "document_timestamp"
    if use is Use.ENTERPRISE:
        return "enterprise"
    return "certification" if field.certifies else "approval"


def _level(field: SignatureField, found: _Validated) -> str:
    if found.cms is None or field.sub_filter != _PADES_SUB_FILTER:
        return ""
    return "PAdES-B-T" if found.proven_at is not None else "PAdES-B-B"


def _trust(result: PathResult | None) -> Trust:
    if result is None or result.path is None or worst(result.checks) is not None:
        return Trust.NONE
    return Trust.EGOV_QUALIFIED if result.path.anchor.egov_qualified else Trust.TRUSTED


def signer_identity(
    certificate: bytes, read_credit_code: Callable[[bytes], str | None] | None = None
) -> SignerIdentity:
    """Whom a certificate (DER) names. MalformedDataError when it is none."""
    subject = load_certificate(certificate).parsed.subject
    names = {
        oid: ", ".join(str(a.value) for a in subject.get_attributes_for_oid(oid))
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    }
    return SignerIdentity(
        common_name=names[NameOID.COMMON_NAME],
        organisation=names[NameOID.ORGANIZATION_NAME],
        unified_social_credit_code=None if read_credit_code is None else read_credit_code(certificate),
    )


def _signer(certificate: Certificate | None, policy: ValidationPolicy) -> SignerIdentity:
    return SignerIdentity() if certificate is None else signer_identity(certificate.der, policy.read_credit_code)
