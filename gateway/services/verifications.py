"""Verification: a validation of the presented file joined with the status of the licence that it claims to be."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.domain.conclusion import conclude
from gateway.domain.face_comparison import FaceDifference, compare_claims, compare_document, shown
from gateway.domain.licence_code import LicenceClaims, LicenceCodeError, decode_payload
from gateway.domain.log_proofs import LogProof
from gateway.domain.parties import parties_of, stated
from gateway.domain.purpose_copies import ATTACHMENT as COPY_ATTACHMENT
from gateway.domain.signed_list import ATTACHMENT as LIST_ATTACHMENT
from gateway.domain.status import SAMPLE
from gateway.domain.verification import (
    DocumentKind,
    PresentedDocument,
    RegistryFinding,
    RegistryStatus,
    VerificationReport,
)
from gateway.errors import (
    BusyError,
    GatewayError,
    NotFoundError,
    OverLimitError,
    RegistryUnavailableError,
    UnreadableInputError,
)
from gateway.metrics import VERIFICATION_SECONDS, VERIFICATIONS
from gateway.persistence.blobs import FileDigest
from gateway.persistence.models import LicenceVersion, PaperCounterpart, VerificationRecord
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.acceptance_statements import accepted_by_statement
from gateway.services.binding_chains import binding_chain
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import ATTACHMENT_NAME
from gateway.services.kept_reports import keep_report, new_report_number, restore_report
from gateway.services.listing import WHOLE, current_status, registered_face
from gateway.services.log_proofs import LogProofs
from gateway.services.presented_copies import attached_terms, copy_finding
from gateway.services.token_reports import is_token, signed_list_report
from gateway.tracing import span
from signing.cose import parse_sign1
from signing.errors import (
    MalformedDataError,
    ResourceLimitError,
    SigningError,
    UnsupportedFormatError,
    WorkerProblemError,
    WorkersBusyError,
)
from signing.pdf.reading import read_attachments
from signing.validation.policy import ValidationPolicy
from signing.validation.process import validate_pdf
from signing.validation.relevance import relevant_revocation_data
from signing.workers import WorkerPool

MEDIA_TYPE = "application/pdf"
REPORT_ATTACHMENT = "verification-report.json"
"""Name of what a signed report carries for machines; a file with it says that it is a report."""


@contextmanager
def _reading(file_name: str) -> Iterator[None]:
    """Say in our own words why a file could not be read."""
    try:
        yield
    except WorkersBusyError as error:
        raise BusyError("核验繁忙，请稍后再试。Too many files wait to be read.", hint="Try again later.") from error
    except ResourceLimitError as error:
        raise OverLimitError(
            f"{file_name}：文件超出处理限额。The file takes too much to read: {error}",
            hint="Save it anew as an ordinary PDF.",
        ) from error
    except (MalformedDataError, UnsupportedFormatError, WorkerProblemError) as error:
        raise UnreadableInputError(
            f"{file_name}：文件无法处理。The file cannot be processed: {error}",
            hint="Present the PDF as you received it, complete and not encrypted.",
        ) from error


def validate_file(
    data: bytes,
    file_name: str,
    policy: ValidationPolicy,
    ask_registry: Callable[[], RegistryFinding],
    *,
    at: datetime,
    workers: WorkerPool,
) -> VerificationReport:
    """The report on one PDF, read in a worker process, with what the registry says about it.

    Needs no network and no database: counterparties call it with their own policy. UnreadableInputError when it is no
    usable PDF, OverLimitError when it takes too much to read, BusyError when too many wait. The registry is asked last.
    """
    with _reading(file_name):
        validation = workers.run(validate_pdf, data, policy, at=at)
    registry = ask_registry()
    digest = FileDigest.of(data)
    kind = document_kind(data, workers)
    terms = attached_terms(data, workers) if kind is DocumentKind.PURPOSE_COPY else None
    is_over = terms is not None and terms.is_expired(at)
    licence = attached_licence(data, workers)
    parties = stated(parties_of(validation.signatures, licence), registry.accepted_by)
    chains = [chain for s in validation.signatures for chain in (s.chain, *(stamp.chain for stamp in s.timestamps))]
    return VerificationReport(
        document=PresentedDocument(file_name, MEDIA_TYPE, digest.size, digest.sha256, digest.sm3, kind),
        answer=conclude(
            validation.signatures,
            registry,
            at,
            kind,
            is_expired_copy=is_over,
            parties=None if licence is None else parties,
        ),
        signatures=validation.signatures,
        registry=registry,
        policy_name=policy.name,
        revocation_data=relevant_revocation_data(chains, policy.crls, policy.ocsp_responses),
        purpose_copy=terms,
        parties=parties,
    )


class Verifications:
    """Answers on presented PDFs and keeps a record of each answer."""

    def __init__(self, deps: Dependencies, log_proofs: LogProofs) -> None:
        self._deps = deps
        self._log_proofs = log_proofs

    def verify(self, data: bytes, file_name: str, *, at: datetime | None = None) -> VerificationReport:
        """Validate a PDF and ask the registry about it, or check a signed list. UnreadableInputError for anything else."""
        started = time.perf_counter()
        with span("verify"):
            report = self._verified(data, file_name, at or self._deps.clock())
        VERIFICATION_SECONDS.labels(report.document.kind).observe(time.perf_counter() - started)
        VERIFICATIONS.labels(report.answer.genuine, report.answer.in_force).inc()
        return report

    def _verified(self, data: bytes, file_name: str, now: datetime) -> VerificationReport:
        policy, workers = self._deps.policy(), self._deps.workers
        if is_token(data):
            report = signed_list_report(data, file_name, self._deps.trust_store, policy, at=now)
        else:
            ask = lambda: self._ask_registry(data, now)  # noqa: E731 - asked last, when the file was read
            report = validate_file(data, file_name, policy, ask, at=now, workers=workers)
        numbered = replace(report, report_number=new_report_number(report))
        return numbered if self._record(numbered) else report

    def kept_report(self, report_number: str) -> VerificationReport:
        """The report that was given under this number, exactly as it was. NotFoundError when there is none."""
        # Whatever is asked for, in one look: a number with the right day and digest costs no other time than nonsense.
        with reading(self._deps.sessions) as session:
            found = session.scalar(select(VerificationRecord).where(VerificationRecord.report_number == report_number))
        if found is None:
            raise NotFoundError("没有这个编号的核验报告。No verification report is kept under this number.")
        return restore_report(found.report)

    def _ask_registry(self, data: bytes, now: datetime) -> RegistryFinding:
        attachment, document_sm3 = attached_licence(data, self._deps.workers), FileDigest.of(data).sm3
        terms = attached_terms(data, self._deps.workers) if attachment is None else None
        try:
            with reading(self._deps.sessions) as session:
                if attachment is None and (found := copy_finding(session, document_sm3, terms, now)) is not None:
                    return found
                found = registry_finding(session, document_sm3, attachment, now)
                version = self._version(session, found.licence_identifier)
                return replace(
                    found,
                    log=self._log_proof(session, found.licence_identifier),
                    bindings=() if version is None else binding_chain(self._deps, session, version, now),
                    accepted_by=None
                    if version is None or version.electronic_sm3 != document_sm3
                    else accepted_by_statement(self._deps, session, version),
                )
        except (SQLAlchemyError, RegistryUnavailableError):
            return RegistryFinding(RegistryStatus.NOT_CHECKED)

    def _version(self, session: Session, licence_identifier: str | None) -> LicenceVersion | None:
        """A registered version; None for a sample, of which there is no more to tell."""
        version = None if licence_identifier is None else session.get(LicenceVersion, licence_identifier)
        return None if version is None or version.licence.is_sample else version

    def _log_proof(self, session: Session, licence_identifier: str | None) -> LogProof | None:
        """The proof of the issue; that it cannot be made says nothing about the licence."""
        try:
            return None if licence_identifier is None else self._log_proofs.of_issue(session, licence_identifier)
        except (GatewayError, OSError):
            return None

    @retried
    def _record(self, report: VerificationReport) -> bool:
        """Whether the report was kept. The answer stands without its record; then it has no number."""
        record = VerificationRecord(
            verified_at=report.answer.checked_at,
            document_sm3=report.document.sm3,
            genuine=report.answer.genuine,
            in_force=report.answer.in_force,
            report_number=report.report_number,
            report=keep_report(report),
        )
        try:
            with self._deps.sessions.begin() as session:
                session.add(record)
        except (SQLAlchemyError, RegistryUnavailableError):
            return False
        return True


def registry_finding(
    session: Session, document_sm3: str, attachment: dict[str, Any] | None, now: datetime
) -> RegistryFinding:
    """What the registry holds on the licence that a file is, or by its attachment claims to be."""
    version = _version_of(session, document_sm3, attachment)
    if version is None:
        return RegistryFinding(RegistryStatus.NOT_FOUND)
    return RegistryFinding(
        status=RegistryStatus.FOUND,
        licence_identifier=version.licence_identifier,
        licence_status=SAMPLE if version.licence.is_sample else current_status(version, now),
        differences=() if attachment is None else compare_attachment(attachment, version),
    )


def document_kind(data: bytes, workers: WorkerPool) -> DocumentKind:
    """What a PDF says that it is, by its attachments; who says so is for the signatures to tell."""
    try:
        names = workers.run(read_attachments, data)
    except SigningError:
        return DocumentKind.DOCUMENT
    if REPORT_ATTACHMENT in names:
        return DocumentKind.VERIFICATION_REPORT
    if LIST_ATTACHMENT in names and ATTACHMENT_NAME not in names:
        return DocumentKind.SIGNED_LIST
    # What carries a licence as well is judged as that licence.
    is_copy = COPY_ATTACHMENT in names and ATTACHMENT_NAME not in names
    return DocumentKind.PURPOSE_COPY if is_copy else DocumentKind.DOCUMENT


def attached_licence(data: bytes, workers: WorkerPool) -> dict[str, Any] | None:
    """The machine-readable licence attached to a PDF, None when there is none that can be read."""
    try:
        content = workers.run(read_attachments, data).get(ATTACHMENT_NAME)
        document = None if content is None else json.loads(content)
    except (SigningError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def compare_attachment(attachment: dict[str, Any], version: LicenceVersion) -> tuple[FaceDifference, ...]:
    """What the attached licence and the code in it say against what the register says, field by field."""
    face = registered_face(version)
    found, text = compare_document(attachment, face), attachment.get("qr_text")
    if text == version.qr_text:
        return found
    # Another code than the registered one: what it says, or where it says the same, that it is another.
    other = compare_claims(claims, face) if (claims := claims_in(text)) is not None else ()
    return (*found, *(other or (FaceDifference("qr_code", shown(text), shown(version.qr_text)),)))


def claims_in(text: object) -> LicenceClaims | None:
    """What a licence's code says, whoever signed it; None for what is no such code."""
    try:
        return LicenceClaims.decode(parse_sign1(decode_payload(str(text).rpartition("/")[2])).payload)
    except (LicenceCodeError, SigningError):
        return None


def _version_of(session: Session, document_sm3: str, attachment: dict[str, Any] | None) -> LicenceVersion | None:
    named = str(attachment.get("licence_identifier", "")) if attachment else ""
    return session.scalars(
        select(LicenceVersion)
        .outerjoin(PaperCounterpart)
        .where(
            or_(
                LicenceVersion.electronic_sm3 == document_sm3,
                PaperCounterpart.paper_sm3 == document_sm3,
                LicenceVersion.licence_identifier == named,
            )
        )
        .options(*WHOLE)
    ).first()
