"""Licences: issuing both forms in one act, status changes, and what the public may read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from gateway.domain.answers import LicenceAnswer
from gateway.domain.applications import Application, parse_application
from gateway.domain.status import CHINA_STANDARD_TIME, LicenceStatus
from gateway.errors import ConflictError, NotFoundError
from gateway.persistence.blobs import FileDigest
from gateway.persistence.models import (
    AuditEvent,
    Licence,
    LicenceVersion,
    PaperCounterpart,
    StatusChange,
    StoredFile,
)
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import Draft, HolderBinding, SealInUse, make_draft
from gateway.services.enterprises import Enterprises
from gateway.services.listing import WHOLE, Listing
from gateway.services.seals import Seals, key_at_work

PDF = ".pdf"


@dataclass(frozen=True)
class IssuedLicence:
    """The outcome of one application."""

    newly_issued: bool
    """False when the same application had been issued before; then everything below is the first answer."""
    licence_identifier: str
    licence_type_name: str
    licence_number: str
    holder_name: str
    holder_code: str
    issuing_authority: str
    qr_text: str
    electronic_file: Path
    electronic_sm3: str
    paper_file: Path
    paper_sm3: str


class Licences:
    """The registry of licences."""

    def __init__(
        self,
        deps: Dependencies,
        catalogue: Catalogues,
        enterprises: Enterprises,
        seals: Seals,
        listing: Listing,
    ) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._enterprises = enterprises
        self._seals = seals
        self._listing = listing

    def issue(self, record: Mapping[str, object]) -> IssuedLicence:
        """Issue one application in both forms, exactly once.

        ``record`` uses the Guangdong or the national vocabulary. Raises ValidationFailedError naming each broken
        field, ConflictError when the number was issued with other content, BindingRefusedError when the electronic
        business licence does not serve, StorageError when the disk does not.
        """
        application = self._parse(record)
        with reading(self._deps.sessions) as session:
            known = self._known(session, application)
            if known is not None:
                return known
            binding = self._enterprises.binding(session, application.holder_code, application.holder_name)
            seal = self._seals.in_use(session, application.authority.code)
        with key_at_work(seal.key_id):
            draft = make_draft(self._deps, application, binding, seal)
        return self._record(application, binding, seal, draft)

    def check(self, record: Mapping[str, object]) -> Application:
        """What ``issue`` checks before it signs anything; the same errors."""
        application = self._parse(record)
        with reading(self._deps.sessions) as session:
            if self._known(session, application) is None:
                self._enterprises.binding(session, application.holder_code, application.holder_name)
        return application

    def change_status(
        self,
        licence_identifier: str,
        status: LicenceStatus,
        *,
        legal_ground: str,
        reason: str,
        effective_at: datetime | None = None,
    ) -> None:
        """Record a transition of the licence; its electronic form stays as it was signed."""
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            version = session.get(LicenceVersion, licence_identifier)
            if version is None:
                raise NotFoundError(f"No licence is registered under {licence_identifier}.")
            session.add(
                StatusChange(
                    licence_id=version.licence_id,
                    status=status,
                    effective_at=effective_at or now,
                    recorded_at=now,
                    legal_ground=legal_ground,
                    reason=reason,
                )
            )
            session.add(
                AuditEvent(
                    occurred_at=now,
                    action="licence_status_changed",
                    subject=licence_identifier,
                    detail={"status": status, "legal_ground": legal_ground, "reason": reason},
                )
            )

    def public_answer(self, licence_identifier: str) -> LicenceAnswer:
        """The masked face and the re-checked state of one licence. NotFoundError when there is none."""
        with reading(self._deps.sessions) as session:
            version = session.scalar(
                select(LicenceVersion).where(LicenceVersion.licence_identifier == licence_identifier).options(*WHOLE)
            )
        if version is None:
            raise NotFoundError(f"No licence is registered under {licence_identifier}.")
        return self._listing.answer(version)

    def _parse(self, record: Mapping[str, object]) -> Application:
        today = self._deps.clock().astimezone(CHINA_STANDARD_TIME).date()
        return parse_application(record, self._catalogue.load(), today=today)

    def _known(self, session: Session, application: Application) -> IssuedLicence | None:
        """The first answer, when this number of this authority and type was issued already."""
        found = session.scalar(
            select(Licence)
            .where(
                Licence.local_type_code == application.licence_type.local_type_code,
                Licence.authority_code == application.authority.code,
                Licence.licence_number == application.licence_number,
            )
            .options(selectinload(Licence.versions).selectinload(LicenceVersion.paper))
        )
        if found is None:
            return None
        version = found.versions[0]
        if version.application_sm3 != application.digest():
            raise ConflictError(
                f"{application.licence_type.name} {application.licence_number} is registered with other content.",
                hint=f"Compare it with {version.licence_identifier}; a change needs a new version, not a second issue.",
            )
        return self._outcome(application, version, newly_issued=False)

    def _record(self, application: Application, binding: HolderBinding, seal: SealInUse, draft: Draft) -> IssuedLicence:
        """Store both files and all rows in one transaction; a lost race gives the winner's answer."""
        files = self._deps.files
        with files.writing():
            digests = files.stage([(draft.electronic, PDF), (draft.paper, PDF)])
            names = [(digest.sm3, PDF) for digest in digests]
            try:
                with self._deps.sessions.begin() as session:
                    version = _rows(application, binding, seal, draft, digests, self._deps.clock())
                    session.add_all([*_file_rows(digests), version.licence, _issue_event(version)])
            except IntegrityError:
                files.discard(names)
                with reading(self._deps.sessions) as session:
                    known = self._known(session, application)
                if known is None:
                    raise
                return known
            # Any other failure leaves the commit in doubt: the staged files stay, and recovery settles them.
            files.publish(names)
        return self._outcome(application, version, newly_issued=True)

    def _outcome(self, application: Application, version: LicenceVersion, *, newly_issued: bool) -> IssuedLicence:
        paper = version.paper[0]
        return IssuedLicence(
            newly_issued=newly_issued,
            licence_identifier=version.licence_identifier,
            licence_type_name=application.licence_type.name,
            licence_number=application.licence_number,
            holder_name=version.holder_name,
            holder_code=application.holder_code,
            issuing_authority=application.authority.name,
            qr_text=version.qr_text,
            electronic_file=self._deps.files.path(version.electronic_sm3, PDF),
            electronic_sm3=version.electronic_sm3,
            paper_file=self._deps.files.path(paper.paper_sm3, PDF),
            paper_sm3=paper.paper_sm3,
        )


def _issue_event(version: LicenceVersion) -> AuditEvent:
    return AuditEvent(
        occurred_at=version.signed_at,
        action="licence_issued",
        subject=version.licence_identifier,
        detail={
            "electronic_sm3": version.electronic_sm3,
            "paper_sm3": version.paper[0].paper_sm3,
            "seal_key_id": version.seal_key_id,
            "holder_certificate_sm3": version.holder_certificate_sm3,
        },
    )


def _file_rows(digests: list[FileDigest]) -> list[StoredFile]:
    return [StoredFile(sm3=d.sm3, sha256=d.sha256, size=d.size, suffix=PDF) for d in digests]


def _rows(
    application: Application,
    binding: HolderBinding,
    seal: SealInUse,
    draft: Draft,
    digests: list[FileDigest],
    now: datetime,
) -> LicenceVersion:
    """The rows of one newly issued licence, hung on its first version."""
    electronic, paper = digests
    licence = Licence(
        local_type_code=application.licence_type.local_type_code,
        authority_code=application.authority.code,
        licence_number=application.licence_number,
        holder_code=application.holder_code,
        recorded_at=now,
    )
    licence.status_changes.append(
        StatusChange(
            status=LicenceStatus.VALID,
            effective_at=draft.signed_at,
            recorded_at=now,
            legal_ground="",
            reason="issued",
        )
    )
    version = LicenceVersion(
        licence_identifier=draft.licence_identifier,
        version=draft.licence_identifier.split(".")[-2],
        holder_name=application.holder_name,
        face_items=dict(application.items),
        issued_on=application.issued_on,
        valid_from=application.valid_from,
        valid_until=application.valid_until,
        application_sm3=application.digest(),
        qr_text=draft.qr_text,
        seal_key_id=seal.key_id,
        holder_certificate_sm3=binding.certificate_sm3,
        electronic_sm3=electronic.sm3,
        signed_at=draft.signed_at,
        licence=licence,
    )
    version.paper.append(PaperCounterpart(kind="original", paper_sm3=paper.sm3))
    return version
