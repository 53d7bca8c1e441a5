"""Rows of the transparency log as its domain sees them."""

from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from gateway.domain.log_entries import LoggedEvent
from gateway.domain.log_tiles import HASH_BYTES
from gateway.domain.merkle import SM3_TREE, Frontier
from gateway.persistence.models import AuditEvent, LogCheckpoint, LogLeaf


def newest_checkpoint(session: Session) -> LogCheckpoint | None:
    """The row of the largest signed size."""
    return session.scalars(select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)).first()


def leaf_count(session: Session) -> int:
    """Leaves in the log: the next index."""
    last = session.scalar(select(func.max(LogLeaf.leaf_index)))
    return 0 if last is None else last + 1


def frontier_of(row: LogCheckpoint) -> Frontier:
    """The tree's right edge at a checkpoint."""
    peaks = [row.peaks[at : at + HASH_BYTES] for at in range(0, len(row.peaks), HASH_BYTES)]
    return Frontier(SM3_TREE, row.size, peaks)


def event_query() -> Select[Any]:
    """The columns that ``logged_event`` needs, and the id."""
    return select(
        AuditEvent.id,
        AuditEvent.occurred_at,
        AuditEvent.action,
        AuditEvent.subject,
        AuditEvent.detail,
        AuditEvent.actor,
        AuditEvent.salt,
    )


def logged_event(row: Row[Any]) -> LoggedEvent:
    """A row of ``event_query`` as the log sees it."""
    return LoggedEvent(row.occurred_at, row.action, row.subject, row.detail, row.actor, row.salt)
