"""The feed of events: the transparency log's leaves, in order, as far as they concern an actor's licences and signing requests.

Whatever writes an audit event queues it by a trigger in the same transaction, and the sequencer gives it its leaf within
about a second. So the log is the outbox: nothing more is written when a licence is issued.
"""

import time
from dataclasses import dataclass
from operator import attrgetter

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.events import LICENCE_TOLD, SIGNING_TOLD, TOLD, LicenceSubject, SigningSubject, ToldEvent
from gateway.persistence.models import AuditEvent, Licence, LicenceVersion, LogLeaf, SigningRequest
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.signing_rows import asked_by
from gateway.services.waiting_places import waiting_place

START = -1
"""The position before the first event."""
MOST_IN_PAGE = 200
_WINDOW = 5_000
"""Leaves that one question looks at: a bound on its time where few of them are the actor's."""
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class EventFilter:
    """Whose events; None asks for nothing."""

    is_sample: bool = False
    authority_codes: frozenset[str] | None = None
    type_codes: frozenset[str] | None = None
    enterprise_code: str | None = None
    """Of an enterprise's own system, which acts for no authority: only what that itself asked for."""
    actions: frozenset[str] = frozenset(TOLD)

    @classmethod
    def of(cls, actor: Actor) -> "EventFilter":
        """What an actor may see."""
        return cls(actor.is_sandbox, actor.authority_codes, actor.type_codes, actor.enterprise_code)


@dataclass(frozen=True)
class EventPage:
    """Events in order, and where the next question begins."""

    events: tuple[ToldEvent, ...]
    through: int
    """Every event up to this position was looked at."""
    has_more: bool
    """Whether there are leaves behind it already."""


class Events:
    """Reads the feed."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @property
    def source(self) -> str:
        """Who tells: this gateway."""
        return self._deps.settings.public_base_url

    def page(self, after: int, limit: int, *, actor: Actor = OPERATOR, wait_seconds: float = 0) -> EventPage:
        """Events behind a position within the actor's limits. ForbiddenError.

        With ``wait_seconds`` and nothing to tell it waits for the next one so long, while a place to wait is free: who waits
        holds a process of the server.
        """
        actor.require(Scope.EVENTS_READ)
        wanted, until = EventFilter.of(actor), time.monotonic() + wait_seconds
        found = self._read(after, limit, wanted)
        if wait_seconds <= 0 or found.events or found.has_more:
            return found
        with waiting_place(self._deps.settings) as is_free:
            while is_free and not found.events and not found.has_more and time.monotonic() < until:
                time.sleep(_LOOK_SECONDS)
                found = self._read(found.through, limit, wanted)
        return found

    def _read(self, after: int, limit: int, wanted: EventFilter) -> EventPage:
        with reading(self._deps.sessions) as session:
            return read_page(session, after, max(1, min(limit, MOST_IN_PAGE)), wanted)


def read_page(session: Session, after: int, limit: int, wanted: EventFilter) -> EventPage:
    """The events behind a position, within a window of leaves."""
    last = session.scalar(select(func.max(LogLeaf.leaf_index)))
    last = START if last is None else last
    through = min(last, after + _WINDOW)
    events = _between(session, after, through, limit, wanted)
    if len(events) == limit:
        through = events[-1].position
    through = max(through, after)
    return EventPage(events, through, has_more=through < last)


def event_at(session: Session, position: int, wanted: EventFilter) -> ToldEvent | None:
    """The event in a place; None when there is none that is wanted."""
    return next(iter(_between(session, position - 1, position, 1, wanted)), None)


def _between(session: Session, after: int, through: int, limit: int, wanted: EventFilter) -> tuple[ToldEvent, ...]:
    """The first events behind a position and up to another, of licences and of signing requests, in order."""
    found: list[ToldEvent] = []
    for told, query_of, event_of in _SOURCES:
        actions = sorted(wanted.actions & frozenset(told))
        if actions:
            query = query_of(wanted).where(
                AuditEvent.action.in_(actions), LogLeaf.leaf_index > after, LogLeaf.leaf_index <= through
            )
            found += map(event_of, session.execute(query.order_by(LogLeaf.leaf_index).limit(limit)))
    return tuple(sorted(found, key=attrgetter("position"))[:limit])


def _licence_query(wanted: EventFilter) -> Select[*tuple[object, ...]]:
    """Leaves with their events and licences."""
    query = (
        select(
            LogLeaf.leaf_index,
            AuditEvent.occurred_at,
            AuditEvent.action,
            AuditEvent.detail,
            LicenceVersion.licence_identifier,
            LicenceVersion.licence_id,
            Licence.licence_number,
            Licence.local_type_code,
            Licence.authority_code,
            Licence.holder_code,
            Licence.is_sample,
        )
        .join(AuditEvent, AuditEvent.id == LogLeaf.event_id)
        .join(LicenceVersion, LicenceVersion.licence_identifier == AuditEvent.subject)
        .join(Licence, Licence.id == LicenceVersion.licence_id)
        .where(Licence.is_sample == wanted.is_sample)
    )
    if wanted.authority_codes is not None:
        query = query.where(Licence.authority_code.in_(sorted(wanted.authority_codes)))
    if wanted.type_codes is not None:
        query = query.where(Licence.local_type_code.in_(sorted(wanted.type_codes)))
    return query


def _licence_event(row: "Row[*tuple[object, ...]]") -> ToldEvent:
    """A row of ``_licence_query``."""
    subject = LicenceSubject(
        licence_id=row.licence_id,
        licence_identifier=row.licence_identifier,
        licence_number=row.licence_number,
        local_type_code=row.local_type_code,
        authority_code=row.authority_code,
        holder_code=row.holder_code,
        is_sample=row.is_sample,
    )
    return ToldEvent(row.leaf_index, row.occurred_at, row.action, subject, row.detail)


def _signing_query(wanted: EventFilter) -> Select[*tuple[object, ...]]:
    """Leaves with their events and signing requests. A request is of who asked and of no type of licence."""
    return (
        select(
            LogLeaf.leaf_index,
            AuditEvent.occurred_at,
            AuditEvent.action,
            AuditEvent.detail,
            SigningRequest.id,
            SigningRequest.department_code,
            SigningRequest.enterprise_code,
        )
        .join(AuditEvent, AuditEvent.id == LogLeaf.event_id)
        .join(SigningRequest, SigningRequest.id == AuditEvent.subject)
        .where(SigningRequest.is_sample == wanted.is_sample, *asked_by(wanted.authority_codes, wanted.enterprise_code))
    )


def _signing_event(row: "Row[*tuple[object, ...]]") -> ToldEvent:
    """A row of ``_signing_query``."""
    subject = SigningSubject(row.id, row.department_code, row.enterprise_code)
    return ToldEvent(row.leaf_index, row.occurred_at, row.action, subject, row.detail)


_SOURCES = (
    (LICENCE_TOLD, _licence_query, _licence_event),
    (SIGNING_TOLD, _signing_query, _signing_event),
)
