"""The validation process for PDF signatures (EN 319 102-1): pure, from bytes, policy and time to a frozen report.

1. Format checking (5.2.2): every signature field, its kind, ByteRange, what came after it, its certification, its CMS.
2. Validation context initialisation (5.2.4): trust material of the policy, evidence of the document security store.
3. Document time-stamps, last to first (5.6.3): proofs of existence for all that they cover (``long_term``).
4. Each signature (5.5, ``with_time``): identification (5.2.3), X.509 certificate validation (5.2.6) with revocation
   freshness (5.2.5), cryptographic verification (5.2.7), acceptance (5.2.8), signature time-stamps (5.4).
5. What cannot be accepted now is judged as of the best signature time (5.6.2, ``past``).
6. Level, trust and conclusion: the first proven failure decides, else the first open question.

No step reads a file, a clock or a network: whoever holds the document and the anchors gets the same verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509.oid import NameOID

from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.pdf.reading import read_structure
from signing.pdf.structure import PdfStructure, SignatureField
from signing.ses import SealSignature, parse_seal_signature
from signing.validation.basic import SignedObject
from signing.validation.checks import broken, decisive
from signing.validation.cms_reading import SignedCms, parse_cms, strip_padding
from signing.validation.context import ValidationContext, open_context
from signing.validation.cryptographic import ALGORITHM_NAMES
from signing.validation.format_checking import (
    ADOBE,
    GB_CMS,
    PADES,
    SEAL,
    SUPPORTED,
    check_certification,
    check_kind,
    check_range,
)
from signing.validation.levels import level_of
from signing.validation.long_term import LongTerm, ReadField, read_field, validate_document_timestamps
from signing.validation.policy import Use, ValidationPolicy
from signing.validation.profiles import cms_object, gb_object
from signing.validation.report import (
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
from signing.validation.seals import seal_object
from signing.validation.timestamps import TimestampValidation
from signing.validation.with_time import TimedResult, validate_with_time
from signing.validation.x509 import Certificate, load_certificate
from signing.validation.x509_validation import validate_x509

_CMS_CHECK = "format_checking.cms"
_SIGNATURE_USES = (Use.SIGNATURE, Use.ENTERPRISE)


@dataclass(frozen=True)
class CertificateValidation:
    """The answer on one certificate by itself."""

    conclusion: Conclusion
    sub_indication: SubIndication | None
    trust: Trust
    checks: tuple[Check, ...]
    chain: tuple[bytes, ...] = ()
    """DER of the path that was found, from the certificate to its anchor; empty without one."""


def validate_pdf(data: bytes, policy: ValidationPolicy, *, at: datetime) -> DocumentValidation:
    """Validate every signature and document time-stamp of a PDF as of ``at``.

    MalformedDataError when it is no PDF, UnsupportedFormatError when encrypted, ResourceLimitError over a limit of
    the policy; a bad signature is an answer, never an exception.
    """
    structure = read_structure(data, policy.limits, policy.permitted_changes)
    return validate_structure(data, structure, policy, at=at)


def validate_structure(
    data: bytes, structure: PdfStructure, policy: ValidationPolicy, *, at: datetime
) -> DocumentValidation:
    """As ``validate_pdf``, for a document whose structure was read before (in a worker that may die)."""
    # 1.
    parsed = tuple(_Parsed.read(data, field) for field in structure.fields)
    fields = tuple(p.read_field for p in parsed)
    # 2.
    context = open_context(policy, at, structure.validation_data)
    # 3.
    long_term = validate_document_timestamps(fields, context)
    document = _Document(structure, fields, context.knowing(long_term.proofs), long_term)
    return DocumentValidation(
        signatures=tuple(document.judge(p) for p in parsed), validated_at=at, page_count=structure.page_count
    )


def validate_certificate(
    certificate: bytes, policy: ValidationPolicy, *, at: datetime, use: str
) -> CertificateValidation:
    """Validate a certificate (DER) for ``use`` as of ``at``; a bad one is an answer, never an exception."""
    try:
        parsed = load_certificate(certificate)
    except MalformedDataError as error:
        sub = SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
        check = broken("x509_certificate_validation.format", sub, str(error))
        return CertificateValidation(Conclusion.INDETERMINATE, sub, Trust.NONE, (check,))
    finding = validate_x509(parsed, open_context(policy, at), Use(use))
    check_that_decides = decisive(finding.checks)
    return CertificateValidation(
        conclusion=Conclusion.PASSED if check_that_decides is None else check_that_decides.conclusion,
        sub_indication=None if check_that_decides is None else check_that_decides.sub_indication,
        trust=finding.trust,
        checks=finding.checks,
        chain=() if finding.path is None else tuple(each.der for each in finding.path.certificates),
    )


@dataclass(frozen=True)
class _Parsed:
    """A field with its contents taken apart, or why that failed."""

    read_field: ReadField
    seal: SealSignature | None = None
    flaw: Check | None = None

    @staticmethod
    def read(data: bytes, field: SignatureField) -> "_Parsed":
        """1., the contents."""
        try:
            if field.sub_filter == SEAL:
                seal = parse_seal_signature(strip_padding(field.contents))
                return _Parsed(read_field(data, field, None), seal)
            cms = parse_cms(strip_padding(field.contents)) if field.sub_filter in SUPPORTED else None
            return _Parsed(read_field(data, field, cms))
        except (MalformedDataError, UnsupportedFormatError) as error:
            flaw = broken(_CMS_CHECK, SubIndication.FORMAT_FAILURE, str(error))
            return _Parsed(read_field(data, field, None), flaw=flaw)


@dataclass(frozen=True)
class _Document:
    """What the judgement of one signature needs to know of the others."""

    structure: PdfStructure
    fields: tuple[ReadField, ...]
    context: ValidationContext
    long_term: LongTerm

    def judge(self, parsed: _Parsed) -> SignatureReport:
        """The report on one field."""
        read = parsed.read_field
        field = read.field
        # 1.
        checks = (*check_range(field), check_kind(field))
        if parsed.flaw is not None:
            return self._report(read, (*checks, parsed.flaw))
        if field.is_document_timestamp:
            return self._report_timestamp(read, checks, self.long_term.timestamps[field.name])
        try:
            signed = self._signed(parsed)
        except UnsupportedFormatError as error:
            sub = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
            return self._report(read, (*checks, broken("signature_acceptance.digest", sub, str(error))))
        if signed is None:
            return self._report(read, checks)
        # 4. and 5.
        timed = validate_with_time(
            signed,
            self.context,
            _SIGNATURE_USES,
            content=read.covered.content() if signed.cms.content_timestamps else b"",
            made_after=self.long_term.made_after(self.fields, read),
        )
        certification = check_certification(self.structure.fields, field)
        return self._report(read, (*checks, *timed.checks, *certification), signed=signed, timed=timed)

    def _signed(self, parsed: _Parsed) -> SignedObject | None:
        """The signature by its profile; None for a kind that cannot be checked."""
        read, cms = parsed.read_field, parsed.read_field.cms
        if parsed.seal is not None:
            return seal_object(parsed.seal, read.covered.digest, self.context)
        if cms is None:
            return None
        if read.field.sub_filter == GB_CMS:
            return gb_object(cms, read.covered)
        is_bound = read.field.sub_filter == PADES or self.context.policy.requires_certificate_reference
        return cms_object(cms, read.covered, needs_reference=is_bound)

    def _report_timestamp(
        self, read: ReadField, checks: tuple[Check, ...], stamp: TimestampValidation
    ) -> SignatureReport:
        result = stamp.result
        return self._report(
            read,
            (*checks, *stamp.checks),
            cms=read.cms,
            certificate=stamp.certificate,
            best=stamp.proven_at,
            timestamps=(stamp.report(strip_padding(read.field.contents)),),
            trust=Trust.NONE if stamp.proven_at is None or result is None else result.x509.trust,
        )

    def _report(
        self,
        read: ReadField,
        checks: tuple[Check, ...],
        *,
        signed: SignedObject | None = None,
        timed: TimedResult | None = None,
        cms: SignedCms | None = None,
        certificate: Certificate | None = None,
        best: datetime | None = None,
        timestamps: tuple[TimestampReport, ...] = (),
        trust: Trust = Trust.NONE,
    ) -> SignatureReport:
        """6."""
        field = read.field
        cms = cms or (signed.cms if signed else read.cms)
        if timed is not None:
            certificate, best, trust = timed.result.certificate, timed.existed_at, timed.result.x509.trust
            tokens = timed.result.signed.cms.timestamps
            timestamps = tuple(s.report(t) for s, t in zip(timed.all_timestamps, tokens, strict=True))
        check = decisive(checks)
        return SignatureReport(
            name=field.name,
            kind=_kind(field, timed),
            format=_format(field.sub_filter),
            sub_filter=field.sub_filter,
            level=self._level(read, timed),
            algorithm="" if cms is None else ALGORITHM_NAMES.get(cms.signature_oid, cms.signature_oid),
            indication=_indication(check),
            sub_indication=None if check is None else check.sub_indication,
            signer=_signer(certificate, self.context.policy),
            signer_certificate=None if certificate is None else certificate.der,
            trust=trust,
            claimed_signing_time=field.claimed_signing_time or (cms.claimed_signing_time if cms else None),
            best_signature_time=best or self.context.at,
            coverage=field.coverage,
            changes_after_signing=field.changes,
            checks=checks,
            changed_objects=field.changed_objects,
            signed_end=field.signed_end,
            signature_value=b"" if cms is None else cms.signature,
            chain=timed.result.chain if timed is not None else tuple(d for stamp in timestamps for d in stamp.chain),
            timestamps=timestamps,
        )

    def _level(self, read: ReadField, timed: TimedResult | None) -> str:
        return level_of(read, timed, self.fields, self.long_term, self.structure.validation_data)


def _indication(check: Check | None) -> Indication:
    if check is None:
        return Indication.TOTAL_PASSED
    return Indication.TOTAL_FAILED if check.conclusion is Conclusion.FAILED else Indication.INDETERMINATE


def _format(sub_filter: str) -> str:
    if sub_filter == SEAL:
        return "SES"
    return "CMS" if sub_filter in (ADOBE, GB_CMS) or not sub_filter.startswith("ETSI.") else "PAdES"


def _kind(field: SignatureField, timed: TimedResult | None) -> str:
    if field.is_document_timestamp:
        return "document_timestamp"
    if field.sub_filter == SEAL:
        return "seal"
    if timed is not None and timed.result.use is Use.ENTERPRISE:
        return "enterprise"
    return "certification" if field.certifies else "approval"


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
