"""Records a drafted version: files staged, every row in one transaction, files published (architecture: Issue)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from gateway.domain.actors import Actor
from gateway.domain.catalogue import Forms
from gateway.domain.forms import check_complete
from gateway.domain.orders import VersionKind, VersionOrder
from gateway.domain.status import LicenceStatus
from gateway.metrics import ISSUE_SECONDS, ISSUED, timed
from gateway.persistence.blobs import FileDigest, FileStore, StoredDocument
from gateway.persistence.direct import pipelined
from gateway.persistence.inserting import insert_all, insert_numbered
from gateway.persistence.models import (
    AuditEvent,
    Licence,
    LicenceVersion,
    Obligation,
    PaperCounterpart,
    StatusChange,
    StatusPlace,
    StoredFile,
)
from gateway.persistence.sealing import FieldVault
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import Draft, HolderBinding, SealInUse
from gateway.services.sealed_places import version_face
from gateway.tracing import span

PDF = ".pdf"


@dataclass(frozen=True)
class VersionToRecord:
    """A drafted version with what it was made from."""

    draft: Draft
    binding: HolderBinding | None
    seal: SealInUse


@dataclass(frozen=True)
class RecordedPaper:
    """One print-ready paper of a version."""

    kind: str
    copy_number: int
    file: FileDigest


@dataclass(frozen=True)
class RecordedVersion:
    """What a caller is told of a version in the register."""

    licence_identifier: str
    holder_name: str
    qr_text: str
    electronic: FileDigest
    papers: tuple[RecordedPaper, ...]
    """The original first."""
    revision: int
    """Of the licence."""

    @classmethod
    def of(cls, row: LicenceVersion) -> "RecordedVersion":
        """A version that was read, with its licence and papers."""
        papers = tuple(RecordedPaper(paper.kind, paper.copy_number, _digest(paper.file)) for paper in row.paper)
        electronic, revision = _digest(row.electronic), row.licence.revision
        return cls(row.licence_identifier, row.holder_name, row.qr_text, electronic, papers, revision)


def record_version(
    deps: Dependencies,
    entry: VersionToRecord,
    actor: Actor,
    place: Callable[[Session], Licence | None],
) -> RecordedVersion:
    """``record_versions`` for one."""
    return record_versions(deps, [entry], actor, place)[0]


def record_versions(
    deps: Dependencies,
    entries: Sequence[VersionToRecord],
    actor: Actor,
    place: Callable[[Session], Licence | None],
) -> list[RecordedVersion]:
    """Store the files and the rows of versions, all or none; ``place`` is asked in the same transaction for the licence
    that goes on with them, and gives None when each begins a new one.

    ConflictError when not every form of a type was made. An error that ``place`` or a constraint raises leaves
    nothing behind. Any other failure leaves the commit in doubt: the staged files stay, and recovery settles them.
    """
    with timed(ISSUE_SECONDS, "record"), span("record", versions=len(entries)):
        return _stored(deps, entries, actor, place)


def _stored(
    deps: Dependencies,
    entries: Sequence[VersionToRecord],
    actor: Actor,
    place: Callable[[Session], Licence | None],
) -> list[RecordedVersion]:
    for entry in entries:
        _check_forms(entry.draft)
    files = deps.files
    with files.writing():
        staged = _stage(files, entries)
        names = [(digest.sm3, PDF) for digests in staged for digest in digests]
        in_doubt = False
        try:
            with deps.sessions.begin() as session:
                licence = place(session)
                session.flush()
                connection = session.connection()
                with pipelined(connection):
                    revision = _insert(connection, _Batch(deps, entries, staged, actor), licence)
                in_doubt = True
        except BaseException:
            if not in_doubt:
                files.discard(names)
            raise
        files.publish(names)
    for entry in entries:
        ISSUED.labels(entry.draft.order.kind, _yes_or_no(entry.draft.order.is_sample)).inc()
    return [_recorded(entry, digests, revision) for entry, digests in zip(entries, staged, strict=True)]


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


@dataclass(frozen=True)
class _Batch:
    """Versions that are recorded together."""

    deps: Dependencies
    entries: Sequence[VersionToRecord]
    files: Sequence[Sequence[FileDigest]]
    """Of each entry, the electronic form first."""
    actor: Actor


def _insert(connection: Connection, batch: _Batch, licence: Licence | None) -> int:
    """Every row, those that others name first; gives the revision of the licences."""
    drafts = [entry.draft for entry in batch.entries]
    orders = [draft.order for draft in drafts]
    insert_all(connection, [_file(digest) for digests in batch.files for digest in digests])
    if licence is None:
        numbers = insert_numbered(connection, [_new_licence(order, batch.deps.clock()) for order in orders])
    else:
        numbers = [licence.id for _ in orders]
    versions = [
        _version(batch.deps.vault, entry, number, digests[0])
        for entry, number, digests in zip(batch.entries, numbers, batch.files, strict=True)
    ]
    insert_all(connection, versions)
    if licence is None:
        changes = [_first_change(order, number, batch) for order, number in zip(orders, numbers, strict=True)]
        insert_all(connection, changes)
    papers = [
        PaperCounterpart(
            licence_identifier=str(draft.order.identifier),
            kind=paper.kind,
            copy_number=paper.copy_number,
            paper_sm3=digest.sm3,
        )
        for draft, digests in zip(drafts, batch.files, strict=True)
        for paper, digest in zip(draft.papers, digests[1:], strict=True)
    ]
    insert_all(connection, papers)
    insert_all(connection, [obligation for order in orders for obligation in _obligations(order)])
    insert_all(connection, [place for order in orders for place in _places(order)])
    events = [
        _event(version, draft, [digest.sm3 for digest in digests[1:]], batch.actor)
        for version, draft, digests in zip(versions, drafts, batch.files, strict=True)
    ]
    insert_all(connection, events)
    return 1 if licence is None else licence.revision


def _check_forms(draft: Draft) -> None:
    """The paper of a converted licence was issued before; every other one is made in the same act."""
    is_paper_there = draft.order.kind is VersionKind.CONVERSION
    licence_type = draft.order.application.licence_type
    has_original = any(paper.copy_number == 0 and paper.pdf for paper in draft.papers)
    if is_paper_there and licence_type.forms is not Forms.ELECTRONIC_ONLY:
        has_original = True
    check_complete(licence_type, has_electronic=bool(draft.electronic), has_original=has_original)


def _stage(files: FileStore, entries: Sequence[VersionToRecord]) -> list[list[FileDigest]]:
    """Write every file in one go; gives the digests of each entry, the electronic form first."""
    forms = [[entry.draft.electronic, *(paper.pdf for paper in entry.draft.papers)] for entry in entries]
    digests = iter(files.stage((data, PDF) for own in forms for data in own))
    return [[next(digests) for _ in own] for own in forms]


def _new_licence(order: VersionOrder, now: datetime) -> Licence:
    application = order.application
    return Licence(
        local_type_code=application.licence_type.local_type_code,
        authority_code=application.authority.code,
        licence_number=application.licence_number,
        holder_code=application.holder_code,
        recorded_at=now,
        is_sample=order.is_sample,
    )


def _first_change(order: VersionOrder, licence_id: int, batch: _Batch) -> StatusChange:
    """A licence is valid from the day on which its first version takes effect."""
    return StatusChange(
        licence_id=licence_id,
        status=LicenceStatus.VALID,
        effective_at=order.takes_effect_at,
        recorded_at=batch.deps.clock(),
        legal_ground="",
        reason="converted" if order.kind is VersionKind.CONVERSION else "issued",
        deciding_authority_code=order.application.authority.code,
        actor=batch.actor.audit(),
    )


def _version(vault: FieldVault, entry: VersionToRecord, licence_id: int, electronic: FileDigest) -> LicenceVersion:
    draft, binding = entry.draft, entry.binding
    order, application = draft.order, draft.order.application
    place = version_face(str(order.identifier))
    return LicenceVersion(
        licence_identifier=str(order.identifier),
        licence_id=licence_id,
        version=order.identifier.version,
        kind=order.kind,
        supersedes=order.supersedes,
        takes_effect_at=order.takes_effect_at,
        change_reason=order.change_reason,
        holder_name=application.holder_name,
        face_items=vault.seal_face(dict(application.items), application.licence_type.sensitive_labels, place),
        issued_on=application.issued_on,
        valid_from=application.valid_from,
        valid_until=application.valid_until,
        application_sm3=application.digest(),
        qr_text=draft.qr_text,
        seal_key_id=entry.seal.key_id,
        holder_certificate_sm3=None if binding is None else binding.certificate_sm3,
        electronic_sm3=electronic.sm3,
        signed_at=draft.signed_at,
        applied_at=application.basis.applied_at,
    )


def _obligations(order: VersionOrder) -> list[Obligation]:
    identifier = str(order.identifier)
    return [
        Obligation(licence_identifier=identifier, kind=spec.kind, items=list(spec.items), due_on=spec.due_on)
        for spec in order.application.basis.obligations
    ]


def _places(order: VersionOrder) -> list[StatusPlace]:
    """The place that the code names, taken for good; a sample has none."""
    if order.status_place is None:
        return []
    code = order.application.authority.code
    return [StatusPlace(licence_identifier=str(order.identifier), authority_code=code, place=order.status_place)]


def _event(version: LicenceVersion, draft: Draft, papers: list[str], actor: Actor) -> AuditEvent:
    return AuditEvent(
        occurred_at=version.signed_at,
        action="licence_issued" if version.supersedes is None else "licence_version_issued",
        subject=version.licence_identifier,
        detail={
            "kind": version.kind,
            "supersedes": version.supersedes,
            "electronic_sm3": version.electronic_sm3,
            "paper_sm3": papers,
            "seal_key_id": version.seal_key_id,
            "holder_certificate_sm3": version.holder_certificate_sm3,
            "obligations": draft.order.application.basis.to_json(),
        },
        actor=actor.audit(),
    )


def _file(digest: FileDigest) -> StoredFile:
    return StoredFile(sm3=digest.sm3, sha256=digest.sha256, size=digest.size, suffix=PDF)


def _digest(row: StoredFile) -> FileDigest:
    return FileDigest(row.sm3, row.sha256, row.size)


def _recorded(entry: VersionToRecord, digests: Sequence[FileDigest], revision: int) -> RecordedVersion:
    draft, (electronic, *files) = entry.draft, digests
    order = draft.order
    papers = tuple(
        RecordedPaper(paper.kind, paper.copy_number, file) for paper, file in zip(draft.papers, files, strict=True)
    )
    name = order.application.holder_name
    return RecordedVersion(str(order.identifier), name, draft.qr_text, electronic, papers, revision)


def document_of(store: FileStore, file: FileDigest | StoredFile) -> StoredDocument:
    """The PDF that a row or digest names, to be read when it is asked for."""
    return StoredDocument(store, file.sm3, PDF, file.sha256)
