"""Reports of wrong entries: anyone may make one, staff see them and settle them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from gateway.domain.actors import Actor, Scope
from gateway.domain.wrong_entries import WrongEntryOutcome
from gateway.errors import BusyError, FieldError, NotFoundError, StaleStateError, ValidationFailedError
from gateway.persistence.models import AuditEvent, StaffMember, WrongEntry
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies

LONGEST_ABOUT, LONGEST_TEXT, LONGEST_NOTE = 128, 2000, 500
MOST_A_DAY = 1000
"""For all readers together: a flood must fill neither the disk nor the desk."""
MOST_LISTED = 100
_PUBLIC_ACTOR: dict[str, Any] = {"id": "public", "name": "public"}


@dataclass(frozen=True)
class WrongEntryView:
    """A report as staff see it, with what became of it."""

    id: int
    about: str
    text: str
    reported_at: datetime
    handled_at: datetime | None
    """None while it waits."""
    handler_name: str
    outcome: WrongEntryOutcome | None
    """None while it waits, and of what was settled before anybody was asked."""
    note: str


class WrongEntries:
    """Takes reports in, shows them, and keeps what became of them."""

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
            session.add(_event("wrong_entry_reported", row.id, now, _PUBLIC_ACTOR, {}))
            return row.id

    def waiting(self, *, actor: Actor) -> list[WrongEntryView]:
        """Reports that nobody settled, the oldest first. ForbiddenError."""
        actor.require(Scope.LICENCES_READ)
        query = _reports().where(WrongEntry.handled_at.is_(None)).order_by(WrongEntry.reported_at)
        with reading(self._deps.sessions) as session:
            return [_view(*row) for row in session.execute(query.limit(MOST_LISTED))]

    def settled(self, *, before: int | None = None, actor: Actor) -> list[WrongEntryView]:
        """Reports that were settled, the latest first: those of all, or those settled before the one of that number.

        NotFoundError when that one was not; ForbiddenError.
        """
        actor.require(Scope.LICENCES_READ)
        query = _reports().where(WrongEntry.handled_at.is_not(None))
        with reading(self._deps.sessions) as session:
            if before is not None:
                last = session.get(WrongEntry, before)
                if last is None or last.handled_at is None:
                    raise _no_such_report()
                same = and_(WrongEntry.handled_at == last.handled_at, WrongEntry.id < before)
                query = query.where(or_(WrongEntry.handled_at < last.handled_at, same))
            query = query.order_by(WrongEntry.handled_at.desc(), WrongEntry.id.desc()).limit(MOST_LISTED)
            return [_view(*row) for row in session.execute(query)]

    def of(self, number: int, *, actor: Actor) -> WrongEntryView:
        """One report. NotFoundError, ForbiddenError."""
        actor.require(Scope.LICENCES_READ)
        with reading(self._deps.sessions) as session:
            found = session.execute(_reports().where(WrongEntry.id == number)).one_or_none()
        if found is None:
            raise _no_such_report()
        return _view(*found)

    @retried
    def settle(self, number: int, outcome: WrongEntryOutcome, note: str, *, actor: Actor) -> None:
        """Keep what was found and done about a report; ``note`` has up to 500 characters.

        ValidationFailedError, NotFoundError, ForbiddenError; StaleStateError when another settled it.
        """
        actor.require(Scope.LICENCES_READ)
        note = _cleaned(note)
        _check("note", note, LONGEST_NOTE)
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = _locked(session, number)
            row.handled_at, row.handled_by, row.outcome, row.note = now, actor.id, outcome, note
            detail = {"outcome": outcome, "note": note}
            session.add(_event("wrong_entry_settled", number, now, actor.audit(), detail))


def _reports() -> Select[WrongEntry, str]:
    """Reports, each with the name of who settled it."""
    return select(WrongEntry, StaffMember.name).outerjoin(StaffMember, StaffMember.account == WrongEntry.handled_by)


def _view(row: WrongEntry, handler_name: str | None) -> WrongEntryView:
    return WrongEntryView(
        id=row.id,
        about=row.about,
        text=row.text,
        reported_at=row.reported_at,
        handled_at=row.handled_at,
        handler_name=handler_name or row.handled_by or "",
        outcome=None if row.outcome is None else WrongEntryOutcome(row.outcome),
        note=row.note or "",
    )


def _locked(session: Session, number: int) -> WrongEntry:
    row = session.get(WrongEntry, number, with_for_update=True)
    if row is None:
        raise _no_such_report()
    if row.handled_at is not None:
        raise StaleStateError("已由他人处理。Someone settled it already.")
    return row


def _no_such_report() -> NotFoundError:
    return NotFoundError("没有这份报告。No such report.")


def _event(action: str, number: int, now: datetime, actor: dict[str, Any], detail: dict[str, Any]) -> AuditEvent:
    return AuditEvent(occurred_at=now, action=action, subject=str(number), detail=detail, actor=actor)


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
