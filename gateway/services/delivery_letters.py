"""Deliveries as people see them: how receivers stand, dead letters, and what is decided on them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, update
from sqlalchemy.orm import Session, joinedload

from gateway.domain.actors import OPERATOR, Actor, ActorKind, Scope
from gateway.domain.deliveries import DeliveryState
from gateway.domain.instants import instant
from gateway.errors import ConflictError, NotFoundError
from gateway.persistence.models import AuditEvent, Delivery, Licence, LogLeaf, Subscription
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.subscriptions import find_subscription

MOST_LISTED = 200


@dataclass(frozen=True)
class ReceiverView:
    """How one receiver stands."""

    id: str
    name: str
    kind: str
    url: str
    client_id: str | None
    is_enabled: bool
    is_away: bool
    """It took nothing the last time."""
    behind: int
    """Leaves that were not looked at yet."""
    pending: int
    dead: int
    delivered: int
    oldest_pending_position: int | None

    def to_json(self) -> dict[str, Any]:
        """For answers."""
        return asdict(self)


@dataclass(frozen=True)
class DeliveryView:
    """One delivery."""

    id: int
    subscription_id: str
    subscription_name: str
    position: int
    licence_number: str
    """Empty where the event is about no licence."""
    state: str
    attempts: int
    next_attempt_at: datetime
    last_status: int | None
    last_error: str
    delivered_at: datetime | None
    reference: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """For answers."""
        at = {"next_attempt_at": instant(self.next_attempt_at), "delivered_at": instant(self.delivered_at)}
        return asdict(self) | at


class DeliveryLetters:
    """Shows and decides; a department meets its own receivers only."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def receivers(self, *, actor: Actor = OPERATOR) -> list[ReceiverView]:
        """Every receiver within the actor's limits, by name. ForbiddenError."""
        _require_reader(actor)
        with reading(self._deps.sessions) as session:
            last = session.scalar(select(func.max(LogLeaf.leaf_index)))
            rows = session.scalars(select(Subscription).where(*_own(actor)).order_by(Subscription.name)).all()
            counts = _counts(session)
            return [_receiver(row, counts, -1 if last is None else last) for row in rows]

    def listed(
        self,
        state: DeliveryState | None = None,
        *,
        subscription_id: str | None = None,
        after_id: int = 0,
        limit: int = 50,
        actor: Actor = OPERATOR,
    ) -> list[DeliveryView]:
        """Deliveries in order; the last id is the cursor. ForbiddenError."""
        _require_reader(actor)
        query = (
            select(Delivery, Licence.licence_number)
            .join(Delivery.subscription)
            .outerjoin(Licence, Licence.id == Delivery.licence_id)
            .where(*_own(actor), Delivery.id > after_id)
            .options(joinedload(Delivery.subscription))
            .order_by(Delivery.id)
            .limit(max(1, min(limit, MOST_LISTED)))
        )
        if state is not None:
            query = query.where(Delivery.state == state)
        if subscription_id is not None:
            query = query.where(Delivery.subscription_id == subscription_id)
        with reading(self._deps.sessions) as session:
            return [_view(row, number or "") for row, number in session.execute(query).all()]

    def retry(self, delivery_id: int, *, actor: Actor = OPERATOR) -> DeliveryView:
        """Send a dead letter again, soon, with all its attempts. NotFoundError, ForbiddenError, ConflictError."""
        return self._decide(delivery_id, DeliveryState.PENDING, "delivery_retried", actor)

    def skip(self, delivery_id: int, *, actor: Actor = OPERATOR) -> DeliveryView:
        """Leave a dead letter out, so that what happened to the licence later goes on. As ``retry``."""
        return self._decide(delivery_id, DeliveryState.SKIPPED, "delivery_skipped", actor)

    @retried
    def retry_all(self, subscription_id: str, *, actor: Actor = OPERATOR) -> int:
        """Send every dead letter of a receiver again; gives how many. NotFoundError, ForbiddenError."""
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = _find_own(session, subscription_id, actor)
            dead = (Delivery.subscription_id == row.id, Delivery.state == DeliveryState.DEAD)
            statement = update(Delivery).where(*dead).values(**_afresh(now))
            count = int(session.execute(statement).rowcount)  # type: ignore[attr-defined] # of an UPDATE
            session.add(_note(now, "delivery_retried", row.id, {"count": count}, actor))
        return count

    @retried
    def replay(self, subscription_id: str, cursor: int, *, actor: Actor = OPERATOR) -> int:
        """Send everything again from a cursor of the feed on; gives how many were sent or queued before.

        NotFoundError, ForbiddenError; ConflictError when some of it is kept no longer: sent without it, the rest would be
        out of order.
        """
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = _find_own(session, subscription_id, actor)
            if cursor <= row.pruned_through:
                raise ConflictError(
                    f"游标 {cursor} 早于保留的送达记录。Deliveries are kept from cursor {row.pruned_through + 1} on.",
                    hint="Replay from there; what came before is in the feed: GET /api/v1/events.",
                )
            again = (Delivery.subscription_id == row.id, Delivery.position >= cursor)
            # Whoever sends one of them right now loses the lease: what it reports does not count.
            statement = update(Delivery).where(*again).values(**_afresh(now))
            count = int(session.execute(statement).rowcount)  # type: ignore[attr-defined] # of an UPDATE
            row.position = min(row.position, cursor - 1)
            row.failures, row.rests_until = 0, None
            session.add(_note(now, "subscription_replayed", row.id, {"cursor": cursor, "count": count}, actor))
        return count

    @retried
    def _decide(self, delivery_id: int, state: DeliveryState, action: str, actor: Actor) -> DeliveryView:
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = session.get(Delivery, delivery_id, with_for_update=True)
            if row is None:
                raise NotFoundError(f"没有第 {delivery_id} 项送达。There is no delivery {delivery_id}.")
            _find_own(session, row.subscription_id, actor)
            if row.state != DeliveryState.DEAD:
                raise ConflictError(
                    "只有未能送达的才可重送或略过。Only a dead letter can be sent again or left out.",
                    hint="To send again what was delivered: subscription replay.",
                )
            for name, value in (_afresh(now) | {"state": state}).items():
                setattr(row, name, value)
            session.add(_note(now, action, row.subscription_id, {"position": row.position}, actor))
            number = session.scalar(select(Licence.licence_number).where(Licence.id == row.licence_id))
            return _view(row, number or "")


def _require_reader(actor: Actor) -> None:
    """Administrators see deliveries too: dead letters are theirs to settle."""
    if Scope.ADMINISTER not in actor.scopes:
        actor.require(Scope.EVENTS_READ)


def _own(actor: Actor) -> Sequence[ColumnElement[bool]]:
    """Clients see the receivers that are theirs; operators, and administrators of all authorities, see every one."""
    if actor.kind is ActorKind.CLIENT:
        return (Subscription.client_id == actor.id,)
    return () if actor.authority_codes is None else (false(),)


def _find_own(session: Session, subscription_id: str, actor: Actor) -> Subscription:
    """NotFoundError when it is not the actor's, ForbiddenError when it may read no events."""
    _require_reader(actor)
    found = session.scalar(select(Subscription.id).where(Subscription.id == subscription_id, *_own(actor)))
    row = find_subscription(session, found or "")
    session.refresh(row, with_for_update=True)
    return row


def _afresh(now: datetime) -> dict[str, object]:
    """What a delivery is set to that begins anew."""
    return {
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "next_attempt_at": now,
        "leased_by": None,
        "leased_until": None,
        "delivered_at": None,
    }


def _counts(session: Session) -> dict[str, dict[str, tuple[int, int]]]:
    """Of each receiver by state: how many, and the first position."""
    grouped = select(Delivery.subscription_id, Delivery.state, func.count(), func.min(Delivery.position))
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for subscription_id, state, count, first in session.execute(
        grouped.group_by(Delivery.subscription_id, Delivery.state)
    ):
        found.setdefault(subscription_id, {})[state] = (count, first)
    return found


def _receiver(row: Subscription, counts: dict[str, dict[str, tuple[int, int]]], last: int) -> ReceiverView:
    own = counts.get(row.id, {})
    return ReceiverView(
        id=row.id,
        name=row.name,
        kind=row.kind,
        url=row.url,
        client_id=row.client_id,
        is_enabled=row.is_enabled,
        is_away=row.failures > 0,
        behind=max(0, last - row.position),
        pending=own.get(DeliveryState.PENDING, (0, 0))[0],
        dead=own.get(DeliveryState.DEAD, (0, 0))[0],
        delivered=own.get(DeliveryState.DELIVERED, (0, 0))[0],
        oldest_pending_position=own[DeliveryState.PENDING][1] if DeliveryState.PENDING in own else None,
    )


def _view(row: Delivery, licence_number: str) -> DeliveryView:
    return DeliveryView(
        id=row.id,
        subscription_id=row.subscription_id,
        subscription_name=row.subscription.name,
        position=row.position,
        licence_number=licence_number,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_status=row.last_status,
        last_error=row.last_error,
        delivered_at=row.delivered_at,
        reference=row.reference,
    )


def _note(now: datetime, action: str, subscription_id: str, detail: dict[str, Any], actor: Actor) -> AuditEvent:
    return AuditEvent(occurred_at=now, action=action, subject=subscription_id, detail=detail, actor=actor.audit())
