"""What is kept for a time only, and removed when that is over: in portions, up to a limit a run, each portion on record.

Never removed here: licences, versions, status changes, events and the leaves of the transparency log. So the feed of events
goes back to its beginning, whatever was removed of what was sent.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from gateway.domain.actors import SYSTEM, Actor
from gateway.domain.deliveries import ConnectorKind, DeliveryState
from gateway.domain.instants import instant
from gateway.domain.status import china_day
from gateway.persistence.base import Base
from gateway.persistence.models import (
    AccessRecord,
    AccessToken,
    AuditEvent,
    DailyUse,
    Delivery,
    IdempotencyRecord,
    SignerExchangeContent,
    Subscription,
    UsedNonce,
)
from gateway.persistence.pruning import PORTION, count_over, delete_portion
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.authentication import day_of_use
from gateway.services.dependencies import Dependencies
from gateway.services.network_log import NetworkLog

REPORT = "retention.json"
"""What the daily run of this machine removed last."""
NETWORK_LOG = "network_log_days"

Progress = Callable[[str, int], None]
"""Told the kind and how many of it went with the last portion."""


@dataclass(frozen=True)
class Purged:
    """What one run removed, or with ``was_dry`` would have removed without a limit."""

    as_of: datetime
    was_dry: bool
    counts: dict[str, int]
    """By kind; every kind is named."""
    is_complete: bool
    """Whether nothing was left over for the next run."""

    def to_json(self) -> dict[str, Any]:
        """For answers and files."""
        return asdict(self) | {"as_of": instant(self.as_of)}


@dataclass(frozen=True)
class _Kind:
    """Rows of one table whose time is over."""

    name: str
    entity: type[Base]
    over: ColumnElement[bool]
    is_on_record: bool = False
    """Whether each removal is an audit event; tokens and kept answers are over by themselves within a day."""


class Retention:
    """Removes what is past its time."""

    def __init__(self, deps: Dependencies, network_log: NetworkLog) -> None:
        self._deps = deps
        self._network_log = network_log

    def purge(
        self, *, dry_run: bool = False, progress: Progress = lambda _name, _count: None, actor: Actor = SYSTEM
    ) -> Purged:
        """Remove it, ``GATEWAY_RETENTION_ROWS`` rows at most; safe to repeat, to interrupt, and to run on several machines.

        That records were removed is an audit event, so that no gap is without its reason.
        """
        now = self._deps.clock()
        if dry_run:
            counts, is_complete = self._counted(now), True
        else:
            counts, is_complete = self._removed(now, progress, actor)
        return Purged(now, dry_run, counts, is_complete)

    def daily(self) -> bool:
        """Purge once a day (in China) on this machine and keep the report; whether it has to be called again soon."""
        report, today = self._deps.settings.data_dir / REPORT, china_day(self._deps.clock())
        if _day_of(report) == today.isoformat():
            return False
        purged = self.purge()
        if purged.is_complete:
            content = purged.to_json() | {"day": today.isoformat()}
            report.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return not purged.is_complete

    def _counted(self, now: datetime) -> dict[str, int]:
        with reading(self._deps.sessions) as session:
            counts = {kind.name: count_over(session, kind.entity, kind.over) for kind in self._kinds(now)}
        return counts | {NETWORK_LOG: len(self._network_log.past())}

    def _removed(self, now: datetime, progress: Progress, actor: Actor) -> tuple[dict[str, int], bool]:
        left, counts = self._deps.settings.retention_rows, {}
        for kind in self._kinds(now):
            counts[kind.name] = 0
            if kind.entity is Delivery:
                self._raise_floors(kind.over)
            while left and (gone := self._remove(kind, min(PORTION, left), now, actor)):
                counts[kind.name] += gone
                left -= gone
                progress(kind.name, gone)
        days = self._network_log.past()
        if days:
            # First the word, then the deed: a process that dies between leaves files that the next run removes.
            self._note(NETWORK_LOG, len(days), now, actor)
            self._network_log.remove(days)
        return counts | {NETWORK_LOG: len(days)}, left > 0

    def _kinds(self, now: datetime) -> Iterator[_Kind]:
        settings = self._deps.settings
        yield _Kind("access_tokens", AccessToken, AccessToken.expires_at < now)
        yield _Kind("nonces", UsedNonce, UsedNonce.expires_at < now)
        yield _Kind("daily_counts", DailyUse, DailyUse.day < day_of_use(now))
        yield _Kind("kept_answers", IdempotencyRecord, IdempotencyRecord.expires_at < now)
        since = now - timedelta(days=settings.access_record_days)
        yield _Kind("access_records", AccessRecord, AccessRecord.accessed_at < since, is_on_record=True)
        said = now - timedelta(days=settings.exchange_days)
        over = SignerExchangeContent.kept_at < said
        yield _Kind("signer_exchange_contents", SignerExchangeContent, over, is_on_record=True)
        past = _is_past(now - timedelta(days=settings.delivery_days))
        yield _Kind("deliveries", Delivery, past, is_on_record=True)

    @retried
    def _remove(self, kind: _Kind, most: int, now: datetime, actor: Actor) -> int:
        with self._deps.sessions.begin() as session:
            gone = delete_portion(session, kind.entity, kind.over, most)
            if gone and kind.is_on_record:
                session.add(_event(kind.name, gone, now, actor))
        return gone

    @retried
    def _raise_floors(self, over: ColumnElement[bool]) -> None:
        """Say first from where on each receiver's deliveries are whole: a replay from before is refused from now on."""
        through = select(func.max(Delivery.position)).where(Delivery.subscription_id == Subscription.id, over)
        last = through.correlate(Subscription).scalar_subquery()
        with self._deps.sessions.begin() as session:
            session.execute(
                update(Subscription)
                .where(last > Subscription.pruned_through)
                .values(pruned_through=last)
                .execution_options(synchronize_session=False)
            )

    @retried
    def _note(self, name: str, removed: int, now: datetime, actor: Actor) -> None:
        with self._deps.sessions.begin() as session:
            session.add(_event(name, removed, now, actor))


def _event(name: str, removed: int, now: datetime, actor: Actor) -> AuditEvent:
    return AuditEvent(
        occurred_at=now, action="records_purged", subject="retention", detail={name: removed}, actor=actor.audit()
    )


def _day_of(report: Path) -> str | None:
    """The day of the last whole run; None when there was none, or its report was cut short."""
    try:
        return str(json.loads(report.read_text(encoding="utf-8"))["day"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_past(before: datetime) -> ColumnElement[bool]:
    """Deliveries that were taken before an instant and that no daily comparison needs.

    It compares each licence with the newest delivery where a receiver holds licences, and every single event at the
    data-sharing platform, of which therefore none is removed.
    """
    newer, receiver = aliased(Delivery), aliased(Subscription)
    has_newer = exists().where(
        newer.subscription_id == Delivery.subscription_id,
        newer.licence_id == Delivery.licence_id,
        newer.position > Delivery.position,
        newer.state == DeliveryState.DELIVERED,
    )

    def of(*kinds: ConnectorKind) -> ColumnElement[bool]:
        return Delivery.subscription_id.in_(select(receiver.id).where(receiver.kind.in_(kinds)))

    by_licence = and_(of(ConnectorKind.PUBLICITY, ConnectorKind.LICENCE_LIBRARY), has_newer)
    is_old = and_(Delivery.state == DeliveryState.DELIVERED, Delivery.delivered_at < before)
    return and_(is_old, or_(of(ConnectorKind.WEBHOOK), by_licence))
