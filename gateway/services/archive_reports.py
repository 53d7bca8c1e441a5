"""Verification reports on archive packages, in the words of every other report. Need no network and no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from certs.trust_store import TrustStore
from gateway.domain.answers import Genuine, InForce
from gateway.domain.archive_files import MEDIA_TYPE
from gateway.domain.archives import MANIFEST
from gateway.domain.conclusion import certificate_reason
from gateway.domain.instants import instant
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.verification import (
    Answer,
    DocumentKind,
    PresentedDocument,
    RegistryFinding,
    RegistryStatus,
    VerificationReport,
)
from gateway.persistence.blobs import FileDigest
from gateway.services.archive_checks import ArchiveReport, check_archive
from gateway.services.list_checks import Signer
from gateway.services.token_reports import signature_report
from signing.validation.policy import ValidationPolicy
from signing.validation.process import CertificateValidation
from signing.validation.report import Conclusion
from signing.workers import WorkerPool

_REASONS = {
    "altered": "ARCHIVE_ALTERED",
    "missing": "ARCHIVE_MISSING",
    "extra": "ARCHIVE_EXTRA",
    "not_genuine": "ARCHIVE_NOT_GENUINE",
    "proof_broken": "ARCHIVE_PROOF_BROKEN",
    "undecided": "ARCHIVE_UNDECIDED",
}
"""By the code of a fault, proof of change first."""
_MOST_NAMED = 5
"""Members that a reason names; `archive verify` names all."""


@dataclass(frozen=True)
class _ManifestFinding:
    """The manifest's signature alone."""

    genuine: Genuine
    certificate: CertificateValidation | None
    signer_certificate: bytes | None


def archive_report(
    data: bytes,
    file_name: str,
    trust_store: TrustStore,
    policy: ValidationPolicy,
    workers: WorkerPool,
    *,
    at: datetime,
) -> VerificationReport:
    """The verification report on an archive package. UnreadableInputError, OverLimitError, BusyError as ``check_archive``."""
    found = check_archive(data, trust_store, policy, workers, at=at, file_name=file_name)
    digest = FileDigest.of(data)
    return VerificationReport(
        document=PresentedDocument(
            file_name, MEDIA_TYPE, digest.size, digest.sha256, digest.sm3, DocumentKind.ARCHIVE_PACKAGE
        ),
        # A record of what was is never in force.
        answer=Answer(found.genuine, InForce.NOT_APPLICABLE, at, tuple(_reasons(found))),
        signatures=(signature_report(_of_manifest(found.signer), MANIFEST, "gateway", found.made_at, at),),
        registry=RegistryFinding(RegistryStatus.NOT_CHECKED),
        policy_name=policy.name,
    )


def _of_manifest(signer: Signer) -> _ManifestFinding:
    genuine = Genuine.UNKNOWN
    if signer.certificate is not None and signer.validation is None:
        genuine = Genuine.NO
    elif signer.validation is not None and signer.validation.conclusion is Conclusion.PASSED:
        genuine = Genuine.YES
    return _ManifestFinding(genuine, signer.validation, signer.certificate)


def _reasons(found: ArchiveReport) -> Iterator[Reason]:
    if found.genuine is Genuine.YES:
        yield reason("GENUINE")
        yield reason("IS_ARCHIVE_PACKAGE", subject=found.subject, made_at=instant(found.made_at))
        return
    signer = found.signer
    if signer.certificate is not None and signer.validation is None:
        yield reason("SIGNATURE_INVALID")
    for fault_code, reason_code in _REASONS.items():
        # A member with many proofs has many faults and one name.
        faults = dict.fromkeys(f.member for f in found.faults if f.code == fault_code and f.member != MANIFEST)
        if faults:
            more = " …" if len(faults) > _MOST_NAMED else ""
            yield reason(reason_code, count=len(faults), names=", ".join(islice(faults, _MOST_NAMED)) + more)
    if signer.certificate is None:
        yield reason("ARCHIVE_SIGNER_UNKNOWN")
    elif signer.validation is not None and signer.validation.conclusion is not Conclusion.PASSED:
        yield certificate_reason(signer.validation.sub_indication)
