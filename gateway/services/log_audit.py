"""Checks the whole log in the database: every event against its leaf, every leaf against the signed checkpoints."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from gateway.domain.checkpoints import Checkpoint, verify_checkpoint
from gateway.domain.log_faults import LeafReading, faults_of_leaves, wrong_checkpoint
from gateway.domain.log_proofs import LogFault, LogFindings
from gateway.domain.log_tiles import TILE_WIDTH, Tile, split_hashes, tile_width
from gateway.domain.merkle import SM3_TREE, Frontier
from gateway.errors import LogBrokenError, NotFoundError, RegistryUnavailableError
from gateway.persistence.engines import one_state
from gateway.persistence.log_files import LogFiles
from gateway.persistence.models import AuditEvent, LogCheckpoint, LogLeaf, QueuedEvent
from gateway.services.dependencies import Dependencies
from gateway.services.log_rows import event_query, frontier_of, logged_event

_CHUNK = 500
_MOST_NAMED = 1000
"""Wrong leaves that are named; where more are wrong, the rest of the log is."""
_UNREADABLE = (ValueError, TypeError, AttributeError, DatabaseError, RegistryUnavailableError)
"""What reading a row raises whose columns hold no values of their types: SQLite lets them."""
Progress = Callable[[int, int], None]


class LogAudit:
    """Reads everything in one snapshot; nothing that it finds is mended."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._files = LogFiles(deps.log_dir)

    def verify(self, against: str | None = None, progress: Progress = lambda *_: None) -> LogFindings:
        """What is wrong, row by row. ``against``: the note of an older checkpoint that the log must contain.

        ``progress`` gets the leaves that were read and their number.
        """
        published = self._files.published()
        with self._deps.sessions() as session:
            _hold_snapshot(session)
            checkpoints, faults = self._checkpoints(session)
            if against is not None:
                older = verify_checkpoint(against, self._deps.log_certificates())
                checkpoints.append(older)
            if published is not None:
                checkpoints.append(published)
            leaves, first_wrong = self._leaves(session, checkpoints, progress)
            faults += faults_of_leaves(leaves, root_differs=first_wrong)
            faults += _loose_events(session)
            queued = session.scalar(select(func.count()).select_from(QueuedEvent)) or 0
            size = session.scalar(select(func.count()).select_from(LogLeaf)) or 0
        return LogFindings(size, len(checkpoints), queued, tuple(faults))

    def _checkpoints(self, session: Session) -> tuple[list[Checkpoint], list[LogFault]]:
        """Every stored checkpoint whose signature and row fit, smallest first, and a fault for each other."""
        certificates, found, faults = self._deps.log_certificates(), [], []
        for size in session.scalars(select(LogCheckpoint.size).order_by(LogCheckpoint.size)).all():
            try:
                row = session.get_one(LogCheckpoint, size)
                checkpoint = verify_checkpoint(row.note, certificates)
            except LogBrokenError as error:
                faults.append(wrong_checkpoint(size, error.message))
                continue
            except _UNREADABLE:
                faults.append(wrong_checkpoint(size, "无法读取。It cannot be read."))
                continue
            session.expunge(row)
            if checkpoint.size != row.size or checkpoint.root != frontier_of(row).root():
                faults.append(wrong_checkpoint(row.size, "记录与签名内容不符。The row differs from the note."))
            found.append(checkpoint)
        return found, faults

    def _leaves(
        self, session: Session, checkpoints: list[Checkpoint], progress: Progress
    ) -> tuple[list[LeafReading], tuple[int, int] | None]:
        """The leaves that do not fit, and between which sizes the tree first left what was signed."""
        total = session.scalar(select(func.count()).select_from(LogLeaf)) or 0
        roots: dict[int, set[bytes]] = {}
        for checkpoint in checkpoints:
            roots.setdefault(checkpoint.size, set()).add(checkpoint.root)
        odd: list[LeafReading] = []
        wrong: tuple[int, int] | None = None
        frontier, good = Frontier(SM3_TREE), 0
        tiles = _TileHashes(self._files)
        following = 0
        for number, (index, event_id, leaf_hash, computed) in enumerate(_rows(session)):
            reading = LeafReading(index - following, index, event_id, leaf_hash, computed, tiles.at(index))
            following = index + 1
            if not reading.fits and len(odd) < _MOST_NAMED:
                odd.append(reading)
            frontier.append(leaf_hash)
            if wrong is None and frontier.size in roots:
                is_signed = roots[frontier.size] == {frontier.root()}
                good, wrong = (frontier.size, None) if is_signed else (good, (good, frontier.size))
            if number % _CHUNK == 0:
                progress(number, total)
        progress(total, total)
        largest = max(roots, default=0)
        if wrong is None and largest > frontier.size:
            wrong = (frontier.size, largest)
        return odd, wrong


class _TileHashes:
    """The published leaf hashes, as a second witness; where no tile is readable there is none."""

    def __init__(self, files: LogFiles) -> None:
        self._files = files
        published = files.published()
        self._size = 0 if published is None else published.size
        self._number = -1
        self._hashes: list[bytes] = []

    def at(self, index: int) -> bytes | None:
        number, offset = divmod(index, TILE_WIDTH)
        if number != self._number:
            self._number, self._hashes = number, self._read(number)
        return self._hashes[offset] if offset < len(self._hashes) else None

    def _read(self, number: int) -> list[bytes]:
        tile = Tile(0, number, tile_width(0, number, self._size))
        if not tile.width:
            return []
        try:
            return split_hashes(tile, self._files.read(tile))
        except (NotFoundError, LogBrokenError, OSError):
            return []


def _hold_snapshot(session: Session) -> None:
    """One state for all queries, while others go on writing."""
    session.connection(execution_options=one_state(session.get_bind()))


def _rows(session: Session) -> Iterator[tuple[int, int, bytes, bytes | None]]:
    """(index, event, stored hash, hash of the event as it is now) in order; the last is None without a readable event."""
    after = -1
    while True:
        query = select(LogLeaf.leaf_index, LogLeaf.event_id, LogLeaf.leaf_hash).where(LogLeaf.leaf_index > after)
        leaves = session.execute(query.order_by(LogLeaf.leaf_index).limit(_CHUNK)).all()
        if not leaves:
            return
        wanted = event_query().where(AuditEvent.id.in_([leaf.event_id for leaf in leaves]))
        computed = _hashes_of(session, wanted, [leaf.event_id for leaf in leaves])
        for leaf in leaves:
            yield leaf.leaf_index, leaf.event_id, leaf.leaf_hash, computed.get(leaf.event_id)
        after = leaves[-1].leaf_index


def _hashes_of(session: Session, wanted: Select[Any], event_ids: list[int]) -> dict[int, bytes]:
    """Leaf hashes of events; a row whose columns hold no values of their types any more is empty."""
    try:
        return {row.id: SM3_TREE.leaf(logged_event(row).entry()) for row in session.execute(wanted)}
    except _UNREADABLE:
        if len(event_ids) == 1:
            return {event_ids[0]: b""}
    found: dict[int, bytes] = {}
    for event_id in event_ids:
        found |= _hashes_of(session, event_query().where(AuditEvent.id == event_id), [event_id])
    return found


def _loose_events(session: Session) -> list[LogFault]:
    """Events that are neither in the log nor on their way, and those that are both."""
    in_log = select(LogLeaf.event_id).where(LogLeaf.event_id == AuditEvent.id).exists()
    queued = select(QueuedEvent.event_id).where(QueuedEvent.event_id == AuditEvent.id).exists()
    loose = [
        LogFault("unlogged", f"事件 {i} 绕过日志插入。Event {i} was inserted past the log.", event_id=i)
        for i in session.scalars(select(AuditEvent.id).where(~in_log, ~queued).order_by(AuditEvent.id))
    ]
    return loose + [
        LogFault("unlogged", f"事件 {i} 已在日志中却又排队。Event {i} is queued though it is in the log.", event_id=i)
        for i in session.scalars(select(AuditEvent.id).where(in_log, queued).order_by(AuditEvent.id))
    ]
