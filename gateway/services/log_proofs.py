"""Proofs from the published log: that an event is in it, and that it only grew. They read O(log n) hashes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.domain.checkpoints import Checkpoint, read_checkpoint
from gateway.domain.log_proofs import ConsistencyProof, LicenceLog, LogProof
from gateway.domain.log_tiles import TileNodes
from gateway.domain.merkle import SM3_TREE, consistency_proof, inclusion_proof, tree_root, verify_inclusion
from gateway.errors import FieldError, LogBrokenError, NotFoundError, ValidationFailedError
from gateway.persistence.log_files import LogFiles
from gateway.persistence.models import AuditEvent, LicenceVersion, LogLeaf
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.log_rows import event_query, logged_event


class LogProofs:
    """Answers for everybody; what they say is public in the log anyway."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._files = LogFiles(deps.log_dir)

    def of_licence(self, licence_identifier: str) -> LicenceLog:
        """Every event of one version of a licence: its issue, and what was done to it. NotFoundError when there is none."""
        with reading(self._deps.sessions) as session:
            known = select(LicenceVersion.licence_identifier).where(
                LicenceVersion.licence_identifier == licence_identifier
            )
            if session.scalar(known) is None:
                raise NotFoundError(
                    f"没有证照 {licence_identifier}。No licence is registered under {licence_identifier}."
                )
            return self._of_subject(session, licence_identifier)

    def of_issue(self, session: Session, licence_identifier: str) -> LogProof | None:
        """The proof of a version's issue; None while it waits for the next checkpoint."""
        found = self._of_subject(session, licence_identifier, "licence_issued", "licence_version_issued")
        return found.proofs[0] if found.proofs else None

    def consistency(self, old: int, new: int) -> ConsistencyProof:
        """That the log of ``new`` leaves begins with that of ``old``. NotFoundError when it was not that large yet."""
        if not 0 < old <= new:
            message = "应满足 0 < from ≤ to。Give 0 < from <= to."
            raise ValidationFailedError([FieldError("from", "OUT_OF_RANGE", message)])
        published = self._files.published()
        if published is None or new > published.size:
            raise NotFoundError(f"日志尚未公布到 {new} 项。The log was not published up to {new} leaves.")
        nodes = TileNodes(SM3_TREE, published.size, self._files.read)
        return ConsistencyProof(
            old,
            new,
            tree_root(SM3_TREE, old, nodes).hex(),
            tree_root(SM3_TREE, new, nodes).hex(),
            tuple(part.hex() for part in consistency_proof(SM3_TREE, old, new, nodes)),
        )

    def _of_subject(self, session: Session, subject: str, *actions: str) -> LicenceLog:
        query = event_query().add_columns(LogLeaf.leaf_index).outerjoin(LogLeaf, LogLeaf.event_id == AuditEvent.id)
        query = query.where(AuditEvent.subject == subject).order_by(LogLeaf.leaf_index)
        found = session.execute(query.where(AuditEvent.action.in_(actions)) if actions else query)
        # What hides its subject in the log must not be told by way of the subject.
        rows = [row for row in found if logged_event(row).is_named]
        note = self._files.note()
        checkpoint = Checkpoint("", 0, b"") if note is None else read_checkpoint(note)
        nodes = TileNodes(SM3_TREE, checkpoint.size, self._files.read)
        proofs = []
        for row in rows:
            if row.leaf_index is None or row.leaf_index >= checkpoint.size:
                continue
            proofs.append(_proof(logged_event(row).entry(), row.leaf_index, checkpoint, note or "", nodes))
        return LicenceLog(subject, tuple(proofs), len(rows) - len(proofs))


def _proof(entry: bytes, index: int, checkpoint: Checkpoint, note: str, nodes: TileNodes) -> LogProof:
    """LogBrokenError when the event or a tile was changed: a proof that does not hold is never handed out."""
    leaf_hash = SM3_TREE.leaf(entry)
    path = inclusion_proof(SM3_TREE, index, checkpoint.size, nodes)
    if not verify_inclusion(SM3_TREE, leaf_hash, index, checkpoint.size, path, checkpoint.root):
        raise LogBrokenError(
            f"日志第 {index} 项与检查点不符。Leaf {index} does not lead to the checkpoint.",
            hint="Run: licence-gateway log verify",
        )
    return LogProof(
        leaf_index=index,
        entry=entry.decode(),
        leaf_hash=leaf_hash.hex(),
        inclusion_proof=tuple(part.hex() for part in path),
        tree_size=checkpoint.size,
        checkpoint=note,
    )
