"""Records a drafted version: files staged, every row in one transaction, files published (architecture: Issue)."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from gateway.domain.actors import Actor
from gateway.domain.forms import check_complete
from gateway.persistence.blobs import FileDigest, FileStore, StoredDocument
from gateway.persistence.models import (
    AuditEvent,
    LicenceVersion,
    Obligation,
    PaperCounterpart,
    StoredFile,
)
from gateway.persistence.sealing import FieldVault
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import Draft, HolderBinding, SealInUse
from gateway.services.sealed_places import version_face

PDF = ".pdf"


def record_version(
    deps: Dependencies,
    draft: Draft,
    binding: HolderBinding,
    seal: SealInUse,
    actor: Actor,
    place: Callable[[Session, LicenceVersion], None],
) -> LicenceVersion:
    """Store the files and the rows of one version; ``place`` puts it under its licence, in the same transaction.

    ConflictError when not every form of the type was made. An error that ``place`` or a constraint raises leaves
    nothing behind. Any other failure leaves the commit in doubt: the staged files stay, and recovery settles them.
    """
    check_complete(
        draft.order.application.licence_type,
        has_electronic=bool(draft.electronic),
        has_original=any(paper.copy_number == 0 and paper.pdf for paper in draft.papers),
    )
    files = deps.files
    with files.writing():
        digests = files.stage([(draft.electronic, PDF), *((paper.pdf, PDF) for paper in draft.papers)])
        names = [(digest.sm3, PDF) for digest in digests]
        rows = _file_rows(digests)
        version = _version(deps.vault, draft, binding, seal, rows)
        in_doubt = False
        try:
            with deps.sessions.begin() as session:
                place(session, version)
                session.add_all([*rows, version, _event(version, draft, actor)])
                session.flush()
                in_doubt = True
        except BaseException:
            if not in_doubt:
                files.discard(names)
            raise
        files.publish(names)
    return version


def _version(
    vault: FieldVault, draft: Draft, binding: HolderBinding, seal: SealInUse, files: list[StoredFile]
) -> LicenceVersion:
    order, application = draft.order, draft.order.application
    electronic, *papers = files
    place = version_face(str(order.identifier))
    version = LicenceVersion(
        licence_identifier=str(order.identifier),
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
        seal_key_id=seal.key_id,
        holder_certificate_sm3=binding.certificate_sm3,
        electronic_sm3=electronic.sm3,
        electronic=electronic,
        signed_at=draft.signed_at,
    )
    version.paper = [
        PaperCounterpart(kind=paper.kind, copy_number=paper.copy_number, paper_sm3=file.sm3, file=file)
        for paper, file in zip(draft.papers, papers, strict=True)
    ]
    version.obligations += [
        Obligation(kind=spec.kind, items=list(spec.items), due_on=spec.due_on) for spec in application.basis.obligations
    ]
    return version


def _event(version: LicenceVersion, draft: Draft, actor: Actor) -> AuditEvent:
    return AuditEvent(
        occurred_at=version.signed_at,
        action="licence_issued" if version.supersedes is None else "licence_version_issued",
        subject=version.licence_identifier,
        detail={
            "kind": version.kind,
            "supersedes": version.supersedes,
            "electronic_sm3": version.electronic_sm3,
            "paper_sm3": [paper.paper_sm3 for paper in version.paper],
            "seal_key_id": version.seal_key_id,
            "holder_certificate_sm3": version.holder_certificate_sm3,
            "obligations": draft.order.application.basis.to_json(),
        },
        actor=actor.audit(),
    )


def _file_rows(digests: list[FileDigest]) -> list[StoredFile]:
    return [StoredFile(sm3=d.sm3, sha256=d.sha256, size=d.size, suffix=PDF) for d in digests]


def document_of(store: FileStore, row: StoredFile) -> StoredDocument:
    """The file that a row names, to be read when it is asked for."""
    return StoredDocument(store, row.sm3, row.suffix, row.sha256)
