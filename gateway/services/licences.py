"""Licences: issuing both forms in one act, and what the public may read of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.answers import LicenceAnswer
from gateway.domain.applications import Application, parse_application
from gateway.domain.basis import ORDINARY, Basis, check_basis
from gateway.domain.forms import check_forms
from gateway.domain.orders import VersionOrder, first_identifier
from gateway.domain.status import CHINA_STANDARD_TIME, LicenceStatus, day_start
from gateway.errors import ConflictError, NotFoundError
from gateway.persistence.blobs import StoredDocument
from gateway.persistence.models import Licence, LicenceVersion, StatusChange
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import HolderBinding, SealInUse, make_draft
from gateway.services.enterprises import Enterprises
from gateway.services.listing import WHOLE, Listing
from gateway.services.recording import document_of, record_version
from gateway.services.seals import Seals, key_at_work


@dataclass(frozen=True)
class IssuedPaper:
    """One print-ready paper."""

    kind: str
    copy_number: int
    sm3: str


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
    electronic_file: StoredDocument
    electronic_sm3: str
    paper_file: StoredDocument | None
    """The original (正本); None for a type that exists only electronically."""
    paper_sm3: str | None
    duplicate_files: tuple[StoredDocument, ...] = ()
    papers: tuple[IssuedPaper, ...] = ()
    """The original first."""
    revision: int = 1
    """Of the licence, for If-Match."""


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

    @retried
    def issue(
        self, record: Mapping[str, object], *, basis: Basis = ORDINARY, duplicates: int = 0, actor: Actor = OPERATOR
    ) -> IssuedLicence:
        """Issue one application in both forms, exactly once.

        ``record`` uses the Guangdong or the national vocabulary; ``basis`` names commitments and tolerated papers;
        ``duplicates`` is the number of 副本. Raises ValidationFailedError naming each broken field, ForbiddenError,
        ConflictError when the number was issued with other content, BindingRefusedError when the electronic
        business licence does not serve, StorageError when the disk does not.
        """
        application = self.parse(record, basis, actor)
        check_forms(application.licence_type, duplicates)
        with reading(self._deps.sessions) as session:
            known = self._known(session, application, is_sample=actor.is_sandbox)
            if known is not None:
                return known
            binding = self._enterprises.binding(session, application.holder_code, application.holder_name)
            seal = self._seals.in_use(session, application.authority, is_sample=actor.is_sandbox)
        order = VersionOrder(
            application,
            first_identifier(application, is_sample=actor.is_sandbox),
            takes_effect_at=day_start(application.valid_from),
            duplicates=duplicates,
            is_sample=actor.is_sandbox,
        )
        return self._record(order, binding, seal, actor)

    def check(self, record: Mapping[str, object], *, basis: Basis = ORDINARY, actor: Actor = OPERATOR) -> Application:
        """What ``issue`` checks before it signs anything; the same errors."""
        application = self.parse(record, basis, actor)
        check_forms(application.licence_type, 0)
        with reading(self._deps.sessions) as session:
            if self._known(session, application, is_sample=actor.is_sandbox) is None:
                self._enterprises.binding(session, application.holder_code, application.holder_name)
        return application

    def parse(
        self, record: Mapping[str, object], basis: Basis, actor: Actor, scope: Scope = Scope.LICENCES_ISSUE
    ) -> Application:
        """The application, checked against the catalogue and the actor's limits."""
        today = self._deps.clock().astimezone(CHINA_STANDARD_TIME).date()
        application = parse_application(record, self._catalogue.load(), today=today)
        actor.require(scope, application.authority.code, application.licence_type.local_type_code)
        check_basis(basis, application.issued_on)
        return replace(application, basis=basis)

    def public_answer(self, licence_identifier: str) -> LicenceAnswer:
        """The masked face and the re-checked state of one licence. NotFoundError when there is none."""
        with reading(self._deps.sessions) as session:
            version = session.scalar(
                select(LicenceVersion).where(LicenceVersion.licence_identifier == licence_identifier).options(*WHOLE)
            )
        if version is None:
            raise NotFoundError(f"No licence is registered under {licence_identifier}.")
        return self._listing.answer(version)

    def _known(self, session: Session, application: Application, *, is_sample: bool) -> IssuedLicence | None:
        """The first answer, when this number of this authority and type was issued already."""
        found = session.scalar(
            select(Licence)
            .where(
                Licence.local_type_code == application.licence_type.local_type_code,
                Licence.authority_code == application.authority.code,
                Licence.licence_number == application.licence_number,
                Licence.is_sample == is_sample,
            )
            .options(selectinload(Licence.versions).selectinload(LicenceVersion.paper))
        )
        if found is None:
            return None
        version = found.versions[0]
        if version.application_sm3 != application.digest():
            raise ConflictError(
                f"{application.licence_type.name} {application.licence_number} 已登记，内容不同。"
                "It is registered with other content.",
                hint=f"Compare it with {version.licence_identifier}; a change needs a new version, not a second issue.",
            )
        return self.outcome(application, version, newly_issued=False)

    def _record(self, order: VersionOrder, binding: HolderBinding, seal: SealInUse, actor: Actor) -> IssuedLicence:
        """Draft and record a first version; a lost race gives the winner's answer."""
        with key_at_work(seal.key_id):
            draft = make_draft(self._deps, order, binding, seal)

        def place(_: Session, version: LicenceVersion) -> None:
            version.licence = self._new_licence(order, actor)

        try:
            version = record_version(self._deps, draft, binding, seal, actor, place)
        except IntegrityError:
            with reading(self._deps.sessions) as session:
                known = self._known(session, order.application, is_sample=order.is_sample)
            if known is None:
                raise
            return known
        return self.outcome(order.application, version, newly_issued=True)

    def _new_licence(self, order: VersionOrder, actor: Actor) -> Licence:
        application, now = order.application, self._deps.clock()
        licence = Licence(
            local_type_code=application.licence_type.local_type_code,
            authority_code=application.authority.code,
            licence_number=application.licence_number,
            holder_code=application.holder_code,
            recorded_at=now,
            is_sample=order.is_sample,
        )
        licence.status_changes.append(
            StatusChange(
                status=LicenceStatus.VALID,
                effective_at=order.takes_effect_at,
                recorded_at=now,
                legal_ground="",
                reason="issued",
                deciding_authority_code=application.authority.code,
                actor=actor.audit(),
            )
        )
        return licence

    def outcome(self, application: Application, version: LicenceVersion, *, newly_issued: bool) -> IssuedLicence:
        """What a caller is told of a recorded version."""
        store = self._deps.files
        original = next(iter(version.paper), None)
        return IssuedLicence(
            newly_issued=newly_issued,
            licence_identifier=version.licence_identifier,
            licence_type_name=application.licence_type.name,
            licence_number=application.licence_number,
            holder_name=version.holder_name,
            holder_code=application.holder_code,
            issuing_authority=application.authority.name,
            qr_text=version.qr_text,
            electronic_file=document_of(store, version.electronic),
            electronic_sm3=version.electronic_sm3,
            paper_file=None if original is None else document_of(store, original.file),
            paper_sm3=None if original is None else original.paper_sm3,
            duplicate_files=tuple(document_of(store, paper.file) for paper in version.paper[1:]),
            papers=tuple(IssuedPaper(paper.kind, paper.copy_number, paper.paper_sm3) for paper in version.paper),
            revision=version.licence.revision,
        )
