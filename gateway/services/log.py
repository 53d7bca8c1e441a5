"""The transparency log: gives each audit event its leaf, signs checkpoints, publishes tiles (docs/transparency-log.md).

Events are inserted without a lock, and a trigger queues them. Sequencing has three steps, each of which may be cut off
anywhere and be done again: leaves, in one transaction with their removal from the queue; a checkpoint over all leaves;
files, the checkpoint last.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from certs.errors import KeystoreError
from certs.key_uses import AuthorisedKey, Purpose
from gateway.domain.checkpoints import Checkpoint, LogKey, read_checkpoint, sign_checkpoint, verify_checkpoint
from gateway.domain.merkle import SM3_TREE, Frontier
from gateway.errors import ConfigurationError, LogBrokenError
from gateway.persistence.engines import hold_alone
from gateway.persistence.models import AuditEvent, LogCheckpoint, LogLeaf, QueuedEvent
from gateway.persistence.session import reading
from gateway.services.dependencies import LOG_KEY, Dependencies
from gateway.services.log_publication import LogPublication, require_not_ahead
from gateway.services.log_rows import event_query, frontier_of, leaf_count, logged_event, newest_checkpoint

MOST_IN_BATCH = 500
"""Leaves of one transaction: a few milliseconds in which SQLite lets nobody else write."""
_SEQUENCER_LOCK = 0x6C67_6C6F67
"""Number of PostgreSQL's advisory lock."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Sequenced:
    """What one run did."""

    leaves: int
    """New leaves."""
    size: int
    """Leaves under the newest checkpoint."""


class TransparencyLog:
    """Sequencer and signer of the log; any number of processes may run it at once."""

    def __init__(self, deps: Dependencies, publication: LogPublication) -> None:
        self._deps = deps
        self._publication = publication

    def sequence(self, progress: Progress = lambda _: None) -> Sequenced:
        """Give every queued event its leaf, sign, and publish. ``progress`` gets the number of leaves made so far.

        ConfigurationError without the log's key, KeyUseError or SigningError when it does not sign; LogBrokenError when
        what is stored contradicts what was signed: nothing is signed on top of that.
        """
        made = 0
        while taken := self._take_batch():
            made += taken
            progress(made)
        checkpoint = self._sign()
        self._publication.publish()
        return Sequenced(made, checkpoint.size if checkpoint is not None else 0)

    def backlog(self) -> int:
        """Events that wait for their leaf."""
        with reading(self._deps.sessions) as session:
            return session.scalar(select(func.count()).select_from(QueuedEvent)) or 0

    def checkpoint_note(self) -> str | None:
        """The newest signed checkpoint; None before the first."""
        with reading(self._deps.sessions) as session:
            last = newest_checkpoint(session)
        return None if last is None else last.note

    def key(self) -> LogKey:
        """The public key that the log signs with now. ConfigurationError when there is none."""
        note = self.checkpoint_note()
        origin = self._origin() if note is None else read_checkpoint(note).origin
        return LogKey.of_certificate(origin, self._signer().certificate)

    def _take_batch(self) -> int:
        """Leaves for the oldest queued events; 0 when there are none. What is slow is done before the lock is taken."""
        with reading(self._deps.sessions) as session:
            queued = select(QueuedEvent.event_id).order_by(QueuedEvent.event_id).limit(MOST_IN_BATCH)
            rows = session.execute(event_query().where(AuditEvent.id.in_(queued)).order_by(AuditEvent.id)).all()
        if not rows:
            return 0
        hashes = {row.id: SM3_TREE.leaf(logged_event(row).entry()) for row in rows}
        with self._deps.sessions.begin() as session:
            # One sequencer at a time; SQLite's only writer is that already.
            hold_alone(session, _SEQUENCER_LOCK)
            leaving = delete(QueuedEvent).where(QueuedEvent.event_id.in_(hashes)).returning(QueuedEvent.event_id)
            taken = sorted(session.scalars(leaving))
            first = leaf_count(session)
            leaves = [
                {"leaf_index": index, "event_id": event_id, "leaf_hash": hashes[event_id]}
                for index, event_id in enumerate(taken, first)
            ]
            if leaves:
                session.execute(insert(LogLeaf), leaves)
        return len(rows)

    def _sign(self) -> Checkpoint | None:
        """The newest checkpoint, made when there are leaves that none covers; no transaction waits for the key."""
        # Read before the database, which another process may bring further in between.
        published = self._publication.files.published()
        with reading(self._deps.sessions) as session:
            last = newest_checkpoint(session)
            known = None if last is None else self._verified(last)
            require_not_ahead(published, known)
            frontier = Frontier(SM3_TREE) if last is None else frontier_of(last)
            added = select(LogLeaf.leaf_index, LogLeaf.leaf_hash).where(LogLeaf.leaf_index >= frontier.size)
            for index, leaf_hash in session.execute(added.order_by(LogLeaf.leaf_index)):
                if index != frontier.size:
                    raise LogBrokenError(f"日志缺少第 {frontier.size} 项。Leaf {frontier.size} is missing.")
                frontier.append(leaf_hash)
        if frontier.size == (0 if known is None else known.size):
            return known
        made = Checkpoint(self._origin() if known is None else known.origin, frontier.size, frontier.root())
        row = LogCheckpoint(
            size=made.size,
            peaks=b"".join(frontier.peaks),
            note=sign_checkpoint(made, self._signer()),
            signed_at=self._deps.clock(),
        )
        try:
            with self._deps.sessions.begin() as session:
                session.add(row)
        except IntegrityError:
            return made  # Another process signed the same leaves at the same moment.
        return made

    def _verified(self, row: LogCheckpoint) -> Checkpoint:
        checkpoint = verify_checkpoint(row.note, self._deps.log_certificates())
        if checkpoint.size != row.size or checkpoint.root != frontier_of(row).root():
            raise LogBrokenError(
                f"第 {row.size} 项处的检查点与其记录不符。The checkpoint of size {row.size} differs from its row."
            )
        return checkpoint

    def _origin(self) -> str:
        """The log's first address names it for good; later checkpoints keep the name of the first."""
        return f"{self._deps.settings.public_base_url.partition('://')[2].rstrip('/')}/trust/log"

    def _signer(self) -> AuthorisedKey:
        try:
            return self._deps.keystore.load(LOG_KEY, Purpose.LOG, actor="gateway.log")
        except KeystoreError as error:
            raise ConfigurationError(
                "没有透明日志的签名密钥。The transparency log has no key.", hint="Run: licence-gateway init"
            ) from error
