"""Licences: issuing both forms in one act, and what the public may read of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.answers import LicenceAnswer
from gateway.domain.applications import Application, parse_application
from gateway.domain.basis import ORDINARY, Basis, check_basis
from gateway.domain.forms import check_forms
from gateway.domain.orders import VersionOrder, first_identifier
from gateway.domain.status import china_day, day_start
from gateway.errors import ConflictError, NotFoundError
from gateway.persistence.blobs import StoredDocument
from gateway.persistence.models import Licence, LicenceVersion
from gateway.persistence.retrying import retried
from gateway.persistence.session import Question, reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import HolderBinding, SealInUse, make_draft
from gateway.services.enterprises import Enterprises, binding_question
from gateway.services.listing import WHOLE, Listing
from gateway.services.recording import RecordedVersion, VersionToRecord, document_of, record_version
from gateway.services.seals import Seals, key_at_work, seal_question
from gateway.services.status_places import draw_place, place_question, require_place_free


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
        code, is_sample = application.authority.code, actor.is_sandbox
        place = None if is_sample else place_question(code)
        questions = [
            _number_question(application, is_sample=is_sample),
            binding_question(application.holder_code),
            seal_question(code, is_sample=is_sample),
            *([] if place is None else [place]),
        ]
        with self._deps.quick_reads.ahead(questions):
            known = self._known(application, is_sample=is_sample)
            if known is not None:
                return known
            binding = self._enterprises.binding(application.holder_code, application.holder_name)
            seal = self._seals.in_use(application.authority, is_sample=is_sample)
            status_place = None if place is None else draw_place(self._deps.quick_reads, code, asked=place)
        order = VersionOrder(
            application,
            first_identifier(application, is_sample=is_sample),
            takes_effect_at=day_start(application.valid_from),
            duplicates=duplicates,
            is_sample=is_sample,
            status_place=status_place,
        )
        return self._record(order, binding, seal, actor)

    def check(self, record: Mapping[str, object], *, basis: Basis = ORDINARY, actor: Actor = OPERATOR) -> Application:
        """What ``issue`` checks before it signs anything; the same errors."""
        application = self.parse(record, basis, actor)
        check_forms(application.licence_type, 0)
        if self._known(application, is_sample=actor.is_sandbox) is None:
            self._enterprises.binding(application.holder_code, application.holder_name)
        return application

    def parse(
        self, record: Mapping[str, object], basis: Basis, actor: Actor, scope: Scope = Scope.LICENCES_ISSUE
    ) -> Application:
        """The application, checked against the catalogue and the actor's limits."""
        today = china_day(self._deps.clock())
        application = parse_application(record, self._catalogue.load(), today=today)
        actor.require(scope, application.authority.code, application.licence_type.local_type_code)
        check_basis(basis, application.issued_on)
        return replace(application, basis=basis)

    def public_answer(self, licence_identifier: str) -> LicenceAnswer:
        """The masked face and the re-checked state of one licence. NotFoundError when there is none."""
        return self._public(LicenceVersion.licence_identifier == licence_identifier, licence_identifier)

    def public_file(self, licence_identifier: str) -> bytes:
        """The signed PDF, where the type lets everyone have it; else it is not found, as if there were no such licence.

        NotFoundError, StorageError.
        """
        answer = self.public_answer(licence_identifier)
        if not answer.is_file_public:
            raise NotFoundError(f"No licence is registered under {licence_identifier}.")
        return self._deps.files.read(answer.listed.electronic_sm3, ".pdf")

    def answer_by_digest(self, sm3: str) -> LicenceAnswer:
        """The same for the licence whose registered electronic file has this SM3 digest, in lower-case hexadecimal."""
        return self._public(LicenceVersion.electronic_sm3 == sm3, sm3)

    def _public(self, condition: ColumnElement[bool], asked: str) -> LicenceAnswer:
        with reading(self._deps.sessions) as session:
            version = session.scalar(select(LicenceVersion).where(condition).options(*WHOLE))
        if version is None:
            raise NotFoundError(f"No licence is registered under {asked}.")
        return self._listing.answer(version)

    def _known(self, application: Application, *, is_sample: bool) -> IssuedLicence | None:
        """The first answer, when this number of this authority and type was issued already."""
        asked = _number_question(application, is_sample=is_sample)
        rows = self._deps.quick_reads.rows(asked.statement, asked.parameters)
        if not rows:
            return None
        with reading(self._deps.sessions) as session:
            found = session.get_one(Licence, rows[0].id, options=[_WITH_FILES])
            version = found.versions[0]
            recorded = RecordedVersion.of(version)
        if version.application_sm3 != application.digest():
            raise ConflictError(
                f"{application.licence_type.name} {application.licence_number} 已登记，内容不同。"
                "It is registered with other content.",
                hint=f"Compare it with {version.licence_identifier}; a change needs a new version, not a second issue.",
            )
        return self.outcome(application, recorded, newly_issued=False)

    def _record(self, order: VersionOrder, binding: HolderBinding, seal: SealInUse, actor: Actor) -> IssuedLicence:
        """Draft and record a first version; a lost race gives the winner's answer."""
        with key_at_work(seal.key_id):
            draft = make_draft(self._deps, order, binding, seal)

        try:
            recorded = record_version(self._deps, VersionToRecord(draft, binding, seal), actor, lambda _: None)
        except IntegrityError as error:
            require_place_free(error)
            known = self._known(order.application, is_sample=order.is_sample)
            if known is None:
                raise
            return known
        return self.outcome(order.application, recorded, newly_issued=True)

    def outcome(self, application: Application, recorded: RecordedVersion, *, newly_issued: bool) -> IssuedLicence:
        """What a caller is told of a recorded version."""
        store = self._deps.files
        files = [document_of(store, paper.file) for paper in recorded.papers]
        return IssuedLicence(
            newly_issued=newly_issued,
            licence_identifier=recorded.licence_identifier,
            licence_type_name=application.licence_type.name,
            licence_number=application.licence_number,
            holder_name=recorded.holder_name,
            holder_code=application.holder_code,
            issuing_authority=application.authority.name,
            qr_text=recorded.qr_text,
            electronic_file=document_of(store, recorded.electronic),
            electronic_sm3=recorded.electronic.sm3,
            paper_file=files[0] if files else None,
            paper_sm3=recorded.papers[0].file.sm3 if files else None,
            duplicate_files=tuple(files[1:]),
            papers=tuple(IssuedPaper(paper.kind, paper.copy_number, paper.file.sm3) for paper in recorded.papers),
            revision=recorded.revision,
        )


def _number_question(application: Application, *, is_sample: bool) -> Question:
    """Whether this number of this authority and type was issued already."""
    parameters = {
        "type": application.licence_type.local_type_code,
        "authority": application.authority.code,
        "number": application.licence_number,
        "is_sample": is_sample,
    }
    return Question(_NUMBERED, parameters)


_NUMBERED = select(Licence.id).where(
    Licence.local_type_code == bindparam("type"),
    Licence.authority_code == bindparam("authority"),
    Licence.licence_number == bindparam("number"),
    Licence.is_sample == bindparam("is_sample"),
)
_WITH_FILES = selectinload(Licence.versions).selectinload(LicenceVersion.paper)
