"""Verification: a validation of the presented file joined with the status of the licence that it claims to be."""

import time
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.domain.archive_files import is_archive
from gateway.domain.face_comparison import FaceDifference, compare_claims, compare_document, shown
from gateway.domain.licence_code import LicenceClaims, LicenceCodeError, decode_payload
from gateway.domain.log_proofs import LogProof
from gateway.domain.purpose_copies import CopyTerms
from gateway.domain.status import SAMPLE
from gateway.domain.verification import (
    RegistryFinding,
    RegistryStatus,
    VerificationReport,
)
from gateway.errors import (
    GatewayError,
    NotFoundError,
    RegistryUnavailableError,
)
from gateway.metrics import VERIFICATION_SECONDS, VERIFICATIONS
from gateway.persistence.blobs import FileDigest
from gateway.persistence.models import LicenceVersion, PaperCounterpart, VerificationRecord
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.acceptance_statements import accepted_by_statement
from gateway.services.archive_reports import archive_report
from gateway.services.binding_chains import binding_chain
from gateway.services.dependencies import Dependencies
from gateway.services.file_validation import Attachments, attached_licence, validate_file
from gateway.services.kept_reports import keep_report, new_report_number, restore_report
from gateway.services.listing import WHOLE, current_status, registered_face
from gateway.services.log_proofs import LogProofs
from gateway.services.look_ups import LookUps
from gateway.services.presented_copies import attached_terms, copy_finding
from gateway.services.token_reports import is_token, signed_list_report
from gateway.tracing import span
from signing.cose import parse_sign1
from signing.errors import (
    SigningError,
)


class Verifications:
    """Answers on presented PDFs and keeps a record of each answer."""

    def __init__(self, deps: Dependencies, look_ups: LookUps, log_proofs: LogProofs) -> None:
        self._deps = deps
        self._look_ups = look_ups
        self._log_proofs = log_proofs

    def verify(self, data: bytes, file_name: str, *, at: datetime | None = None) -> VerificationReport:
        """Validate a PDF and ask the registry about it, or check a signed list or an archive package.

        UnreadableInputError for anything else.
        """
        started = time.perf_counter()
        with span("verify"):
            report = self._verified(data, file_name, at or self._deps.clock())
        VERIFICATION_SECONDS.labels(report.document.kind).observe(time.perf_counter() - started)
        VERIFICATIONS.labels(report.answer.genuine, report.answer.in_force).inc()
        return report

    def _verified(self, data: bytes, file_name: str, now: datetime) -> VerificationReport:
        policy, workers = self._deps.policy(), self._deps.workers
        if is_archive(data):
            report = archive_report(data, file_name, self._deps.trust_store, policy, workers, at=now)
        elif is_token(data):
            report = signed_list_report(data, file_name, self._deps.trust_store, policy, at=now)
        else:
            ask = partial(self._ask_registry, FileDigest.of(data).sm3, now)
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

    def _ask_registry(self, document_sm3: str, now: datetime, attachments: Attachments) -> RegistryFinding:
        attachment = attached_licence(attachments)
        terms = attached_terms(attachments) if attachment is None else None
        try:
            return self._look_ups.answer(
                lambda: self._registered(document_sm3, attachment, terms, now),
                lambda found: found.status is RegistryStatus.NOT_FOUND,
            )
        except (SQLAlchemyError, RegistryUnavailableError):
            return RegistryFinding(RegistryStatus.NOT_CHECKED)

    def _registered(
        self, document_sm3: str, attachment: dict[str, Any] | None, terms: CopyTerms | None, now: datetime
    ) -> RegistryFinding:
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
