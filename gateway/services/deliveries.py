"""The queue of deliveries: who may send what now, and what came of it. Safe with any number of senders that die at any moment.

A sender takes a lease in one transaction, sends outside of any, and reports in another; a lease that ends unreported is
given to the next. Of each licence only the oldest open delivery can be taken, so that its events keep their order.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Update, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from gateway.domain.actors import SYSTEM
from gateway.domain.deliveries import BackOff, ConnectorKind, DeliveryFailedError, DeliveryState, Receipt
from gateway.domain.events import LICENCE_TOLD, TOLD
from gateway.persistence.direct import pipelined
from gateway.persistence.inserting import insert_all
from gateway.persistence.models import AuditEvent, Client, Delivery, LogLeaf, Subscription
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.authentication import is_current
from gateway.services.dependencies import Dependencies
from gateway.services.events import read_page
from gateway.services.subscriptions import filter_of

LEASE = timedelta(seconds=120)
"""Longer than the longest attempt by far: who has not reported by then is dead."""
_BATCH = 20
_QUEUED_AT_ONCE = 200
_RETRIES = BackOff(first_seconds=5, longest_seconds=6 * 3600)
_RESTS = BackOff(first_seconds=5, longest_seconds=300)
_LONGEST_ERROR = 200
_RANDOM = 1 << 30
UNDERSTOOD: dict[ConnectorKind, frozenset[str]] = {
    ConnectorKind.WEBHOOK: frozenset(TOLD),
    ConnectorKind.DATA_SHARING: frozenset(LICENCE_TOLD),
    ConnectorKind.PUBLICITY: frozenset({"licence_issued", "licence_version_issued", "licence_status_changed"}),
    ConnectorKind.LICENCE_LIBRARY: frozenset({"licence_issued", "licence_version_issued", "licence_status_changed"}),
}
"""Which events a kind of receiver is told of."""


@dataclass(frozen=True)
class Leased:
    """One delivery that is to be sent now."""

    id: int
    position: int
    licence_id: int | None
    attempts: int


@dataclass(frozen=True)
class Lease:
    """Deliveries of one receiver, of different licences, that the holder of ``token`` may send."""

    subscription: Subscription
    token: str
    deliveries: tuple[Leased, ...]


class Deliveries:
    """Gives out leases and takes reports."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def waiting(self) -> list[str]:
        """Receivers for which there may be something to do, whoever waited longest first; nothing is locked."""
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            last = session.scalar(select(func.max(LogLeaf.leaf_index)))
            due = exists().where(Delivery.subscription_id == Subscription.id, *_is_due(now))
            news = Subscription.position < (-1 if last is None else last)
            query = select(Subscription.id).where(Subscription.is_enabled, *_is_awake(now), or_(news, due))
            return list(session.scalars(query.order_by(Subscription.position)))

    @retried
    def take(self, subscription_id: str) -> Lease | None:
        """Queue what has happened since, and lease what is due; None when there is nothing, or another sender is at it."""
        now, token = self._deps.clock(), secrets.token_hex(16)
        with self._deps.sessions.begin() as session:
            query = select(Subscription).where(Subscription.id == subscription_id, *_is_awake(now))
            row = session.scalar(query.with_for_update(skip_locked=True))
            client = None if row is None or row.client_id is None else session.get(Client, row.client_id)
            if row is None or not row.is_enabled or (client is not None and not is_current(client, now)):
                return None
            self._queue(session, row, client, now)
            # After it took nothing at all, one delivery is the probe.
            heads = self._heads(session, row, now, _BATCH if row.failures == 0 else 1)
            if not heads:
                return None
            if row.failures:
                row.rests_until = now + LEASE
            for each in heads:
                each.leased_by, each.leased_until = token, now + LEASE
            taken = tuple(Leased(each.id, each.position, each.licence_id, each.attempts) for each in heads)
            _ = row.secrets
        return Lease(row, token, taken)

    @retried
    def delivered(self, lease: Lease, delivery: Leased, receipt: Receipt) -> None:
        """It was taken. Does nothing when the lease has ended: then whoever has it now reports."""
        now = self._deps.clock()
        done = {
            "state": DeliveryState.DELIVERED,
            "attempts": delivery.attempts + 1,
            "delivered_at": now,
            "last_status": receipt.status,
            "last_error": "",
            "reference": receipt.reference,
        }
        with self._deps.sessions.begin() as session:
            if _report(session, lease, delivery, done) and lease.subscription.failures:
                self._recovered(session, lease.subscription.id, now)

    @retried
    def failed(self, lease: Lease, delivery: Leased, error: DeliveryFailedError) -> bool:
        """It was not: it is tried again later, or is a dead letter, which is told. When the receiver is away, all the rest waits
        too.
        """
        now, attempts = self._deps.clock(), delivery.attempts + 1
        is_dead = attempts >= self._deps.settings.delivery_attempts
        done = {
            "state": DeliveryState.DEAD if is_dead else DeliveryState.PENDING,
            "attempts": attempts,
            "next_attempt_at": now + _RETRIES.pause(attempts, _chance()),
            "last_status": error.status,
            "last_error": str(error)[:_LONGEST_ERROR],
        }
        with self._deps.sessions.begin() as session:
            if not _report(session, lease, delivery, done):
                return False
            row = session.scalar(select(Subscription).where(Subscription.id == lease.subscription.id).with_for_update())
            assert row is not None
            if error.is_away:
                row.failures += 1
                row.rests_until = now + _RESTS.pause(row.failures, _chance())
            elif row.failures:
                row.failures, row.rests_until = 0, None
            if is_dead:
                session.add(_note(now, "delivery_given_up", row.id, delivery))
        structlog.get_logger().warning(
            "delivery", subscription=lease.subscription.id, position=delivery.position, why=str(error), dead=is_dead
        )
        return is_dead

    @retried
    def give_back(self, lease: Lease) -> None:
        """End the leases of what was not sent."""
        with self._deps.sessions.begin() as session:
            session.execute(
                update(Delivery).where(Delivery.leased_by == lease.token).values(leased_by=None, leased_until=None)
            )

    def _queue(self, session: Session, row: Subscription, client: Client | None, now: datetime) -> None:
        """Make deliveries of the events that concern the receiver, behind those that it has."""
        wanted = filter_of(row, client, UNDERSTOOD[ConnectorKind(row.kind)])
        page = read_page(session, row.position, _QUEUED_AT_ONCE, wanted)
        positions = [event.position for event in page.events]
        # After a replay from an earlier position some of them are there already.
        known = set(
            session.scalars(
                select(Delivery.position).where(Delivery.subscription_id == row.id, Delivery.position.in_(positions))
            )
        )
        fresh = [
            Delivery(
                subscription_id=row.id,
                position=event.position,
                licence_id=event.subject.lane,
                state=DeliveryState.PENDING,
                attempts=0,
                next_attempt_at=now,
                last_error="",
                reference={},
            )
            for event in page.events
            if event.position not in known
        ]
        connection = session.connection()
        with pipelined(connection):
            insert_all(connection, fresh)
        row.position = page.through

    def _heads(self, session: Session, row: Subscription, now: datetime, limit: int) -> Sequence[Delivery]:
        """The oldest open delivery of each licence, and any of no licence, where it is due and nobody sends it."""
        earlier = aliased(Delivery)
        blocked = exists().where(
            earlier.subscription_id == Delivery.subscription_id,
            earlier.licence_id == Delivery.licence_id,
            earlier.state.in_((DeliveryState.PENDING, DeliveryState.DEAD)),
            earlier.position < Delivery.position,
        )
        query = select(Delivery).where(Delivery.subscription_id == row.id, *_is_due(now), ~blocked)
        return session.scalars(query.order_by(Delivery.next_attempt_at, Delivery.position).limit(limit)).all()

    def _recovered(self, session: Session, subscription_id: str, now: datetime) -> None:
        """It takes things again: what was tried while it was away need not wait out its pause."""
        session.execute(
            update(Subscription).where(Subscription.id == subscription_id).values(failures=0, rests_until=None)
        )
        away = (Delivery.subscription_id == subscription_id, Delivery.last_status.is_(None), Delivery.attempts > 0)
        session.execute(
            update(Delivery).where(*away, Delivery.state == DeliveryState.PENDING).values(next_attempt_at=now)
        )


def _is_awake(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (or_(Subscription.rests_until.is_(None), Subscription.rests_until <= now),)


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.state == DeliveryState.PENDING,
        Delivery.next_attempt_at <= now,
        or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now),
    )


def _report(session: Session, lease: Lease, delivery: Leased, values: Mapping[str, object]) -> bool:
    """Whether the lease was still good and the outcome is written."""
    mine = and_(Delivery.id == delivery.id, Delivery.leased_by == lease.token)
    statement: Update = update(Delivery).where(mine).values(**values, leased_by=None, leased_until=None)
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined] # of an UPDATE


def _note(now: datetime, action: str, subscription_id: str, delivery: Leased) -> AuditEvent:
    detail = {"position": delivery.position, "attempts": delivery.attempts + 1}
    return AuditEvent(occurred_at=now, action=action, subject=subscription_id, detail=detail, actor=SYSTEM.audit())


def _chance() -> float:
    """From [0, 1)."""
    return secrets.randbelow(_RANDOM) / _RANDOM
