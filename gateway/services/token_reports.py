"""Verification reports on signed tokens: a licence's own QR code, and a signed list. Need no network and no database."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from certs.trust_store import TrustStore
from gateway.domain.answers import Genuine, InForce
from gateway.domain.licence_code import LicenceClaims
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.signed_list import MEDIA_TYPE
from gateway.domain.verification import (
    Answer,
    DocumentKind,
    PresentedDocument,
    RegistryFinding,
    RegistryStatus,
    VerificationReport,
)
from gateway.persistence.blobs import FileDigest
from gateway.services.licence_codes import check_licence_code
from gateway.services.list_checks import check_signed_list, status_by_lists
from signing.validation.policy import ValidationPolicy
from signing.validation.process import CertificateValidation, signer_identity
from signing.validation.report import (
    Changes,
    Coverage,
    Indication,
    SignatureReport,
    SignerIdentity,
    SubIndication,
    Trust,
)

CODE_MEDIA_TYPE = "text/plain"
_TAGGED_SIGN1 = b"\xd2\x84"
"""How a COSE_Sign1 begins: tag 18, an array of four."""


class TokenFinding(Protocol):
    """What came of checking any token's signature."""

    @property
    def genuine(self) -> Genuine:
        """Whether a known key made it."""

    @property
    def certificate(self) -> CertificateValidation | None:
        """None when it came to no validation."""

    @property
    def signer_certificate(self) -> bytes | None:
        """DER; None when the key is not known here."""


def is_token(data: bytes) -> bool:
    """Whether a file says that it is a COSE_Sign1."""
    return data.startswith(_TAGGED_SIGN1)


def licence_code_report(
    text: str,
    payload: str,
    file_name: str,
    trust_store: TrustStore,
    policy: ValidationPolicy,
    *,
    at: datetime,
    status_lists: Iterable[bytes] = (),
) -> VerificationReport:
    """The verification report on a licence QR code by itself: what a counterparty without a network can know.

    With ``status_lists`` (tokens) at hand it tells whether the licence is in force, as of when they were signed.
    """
    finding = check_licence_code(payload, trust_store, policy, at=at)
    digest = FileDigest.of(text.encode())
    claims = finding.claims
    in_force = InForce.UNKNOWN
    standing: tuple[Reason, ...] = (reason("REGISTRY_NOT_CHECKED"),)
    if finding.genuine is Genuine.NO:
        in_force = InForce.NOT_APPLICABLE
    elif claims is not None and finding.genuine is Genuine.YES:
        in_force, standing = status_by_lists(claims, status_lists, trust_store, policy, at=at)
    return VerificationReport(
        document=PresentedDocument(file_name, CODE_MEDIA_TYPE, digest.size, digest.sha256, digest.sm3),
        answer=Answer(finding.genuine, in_force, at, (*finding.reasons, *standing)),
        signatures=(
            signature_report(finding, "licence_code", "seal", None if claims is None else claims.issued_at, at),
        ),
        registry=RegistryFinding(RegistryStatus.NOT_CHECKED, None if claims is None else claims.licence_identifier),
        policy_name=policy.name,
    )


def with_status(
    report: VerificationReport,
    claims: LicenceClaims,
    status_lists: Iterable[bytes],
    trust_store: TrustStore,
    policy: ValidationPolicy,
) -> VerificationReport:
    """A report on a genuine licence that did not ask the register, with its status by status lists.

    ``claims`` are those of the code that the file's signature covers.
    """
    answer = report.answer
    if answer.genuine is not Genuine.YES or answer.in_force is not InForce.UNKNOWN:
        return report
    in_force, standing = status_by_lists(claims, status_lists, trust_store, policy, at=answer.checked_at)
    kept = tuple(each for each in answer.reasons if each.code != "REGISTRY_NOT_CHECKED")
    return replace(report, answer=replace(answer, in_force=in_force, reasons=(*kept, *standing)))


def signed_list_report(
    token: bytes, file_name: str, trust_store: TrustStore, policy: ValidationPolicy, *, at: datetime
) -> VerificationReport:
    """The verification report on a signed list: whether a gateway made it, and whether it may stand for ``at``."""
    finding = check_signed_list(token, trust_store, policy, at=at)
    digest, stated = FileDigest.of(token), finding.stated
    document = PresentedDocument(
        file_name, MEDIA_TYPE, digest.size, digest.sha256, digest.sm3, DocumentKind.SIGNED_LIST
    )
    return VerificationReport(
        document=document,
        answer=Answer(finding.genuine, finding.in_force, at, finding.reasons),
        signatures=(signature_report(finding, "list", "gateway", None if stated is None else stated.as_of, at),),
        registry=RegistryFinding(RegistryStatus.NOT_CHECKED),
        policy_name=policy.name,
        # What was altered is shown to nobody as what a gateway said.
        signed_list=stated if finding.genuine is Genuine.YES else None,
    )


def signature_report(
    finding: TokenFinding, name: str, kind: str, claimed_at: datetime | None, at: datetime
) -> SignatureReport:
    """The signature of a token; ``claimed_at`` is what it says of its instant, None when it cannot be read."""
    validation = finding.certificate
    indication = {
        Genuine.YES: Indication.TOTAL_PASSED,
        Genuine.NO: Indication.TOTAL_FAILED,
        Genuine.UNKNOWN: Indication.INDETERMINATE,
    }[finding.genuine]
    sub_indication = None if validation is None else validation.sub_indication
    if finding.genuine is Genuine.NO:
        sub_indication = SubIndication.SIG_CRYPTO_FAILURE
    elif validation is None:
        is_readable = claimed_at is not None
        sub_indication = SubIndication.NO_SIGNING_CERTIFICATE_FOUND if is_readable else SubIndication.FORMAT_FAILURE
    certificate = finding.signer_certificate
    return SignatureReport(
        name=name,
        kind=kind,
        format="COSE",
        sub_filter="",
        level="",
        algorithm="SM2-with-SM3",
        indication=indication,
        sub_indication=sub_indication,
        signer=SignerIdentity() if certificate is None else signer_identity(certificate),
        signer_certificate=certificate,
        trust=Trust.NONE if validation is None else validation.trust,
        claimed_signing_time=claimed_at,
        best_signature_time=at,
        coverage=Coverage.ENTIRE_FILE,
        changes_after_signing=Changes.NONE,
        checks=() if validation is None else validation.checks,
    )
