"""Reports of wrong entries: anyone may make one, staff see them and settle them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.domain.actors import Actor, Scope
from gateway.errors import BusyError, FieldError, NotFoundError, StaleStateError, ValidationFailedError
from gateway.persistence.models import AuditEvent, WrongEntry
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies

LONGEST_ABOUT, LONGEST_TEXT = 128, 2000
MOST_A_DAY = 1000
"""For all readers together: a flood must fill neither the disk nor the desk."""
MOST_LISTED = 100
_PUBLIC_ACTOR: dict[str, Any] = {"id": "public", "name": "public"}


@dataclass(frozen=True)
class WrongEntryView:
    """A report as staff see it."""

    id: int
    about: str
    text: str
    reported_at: datetime


class WrongEntries:
    """Takes reports in and shows those that wait."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @retried
    def report(self, about: str, text: str) -> int:
        """Keep a report and give its number. ValidationFailedError names the field; BusyError on a day of too many."""
        about, text = _cleaned(about), _cleaned(text)
        _check("about", about, LONGEST_ABOUT)
        _check("text", text, LONGEST_TEXT)
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            recent = select(func.count()).where(WrongEntry.reported_at > now - timedelta(days=1))
            if (session.scalar(recent) or 0) >= MOST_A_DAY:
                raise BusyError("今天的报告太多，请明天再试。Too many reports today; try again tomorrow.")
            row = WrongEntry(about=about, text=text, reported_at=now)
            session.add(row)
            session.flush()
            session.add(_event("wrong_entry_reported", row.id, now, _PUBLIC_ACTOR))
            return row.id

    def waiting(self, *, actor: Actor) -> list[WrongEntryView]:
        """Reports that nobody settled, the oldest first. ForbiddenError."""
        actor.require(Scope.LICENCES_READ)
        query = (
            select(WrongEntry)
            .where(WrongEntry.handled_at.is_(None))
            .order_by(WrongEntry.reported_at)
            .limit(MOST_LISTED)
        )
        with reading(self._deps.sessions) as session:
            return [WrongEntryView(row.id, row.about, row.text, row.reported_at) for row in session.scalars(query)]

    @retried
    def settle(self, number: int, *, actor: Actor) -> None:
        """Note that a report was dealt with. NotFoundError; StaleStateError when another did; ForbiddenError."""
        actor.require(Scope.LICENCES_READ)
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = _locked(session, number)
            row.handled_at, row.handled_by = now, actor.id
            session.add(_event("wrong_entry_settled", number, now, actor.audit()))


def _locked(session: Session, number: int) -> WrongEntry:
    row = session.get(WrongEntry, number, with_for_update=True)
    if row is None:
        raise NotFoundError("没有这份报告。No such report.")
    if row.handled_at is not None:
        raise StaleStateError("已由他人处理。Someone settled it already.")
    return row


def _event(action: str, number: int, now: datetime, actor: dict[str, Any]) -> AuditEvent:
    return AuditEvent(occurred_at=now, action=action, subject=str(number), detail={}, actor=actor)


def _cleaned(text: str) -> str:
    """Without control characters, which no field of a register holds; line breaks stay."""
    return "".join(c for c in text.strip() if c.isprintable() or c in "\n\t")


def _check(field: str, value: str, longest: int) -> None:
    if not value:
        raise ValidationFailedError([FieldError(field, "MISSING", "请填写。Fill this in.")])
    if len(value) > longest:
        raise ValidationFailedError(
            [FieldError(field, "TOO_LONG", f"最多 {longest} 字。At most {longest} characters.")]
        )
