"""Compares what was delivered with what receivers hold, day by day: nothing is believed because it was once answered with 200."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from gateway.domain.actors import OPERATOR, Actor
from gateway.domain.deliveries import ConnectorKind, DeliveryFailedError, DeliveryState
from gateway.domain.instants import instant
from gateway.domain.library_licence import steps
from gateway.domain.publicity_record import WITHIN, publicity_record, record_key
from gateway.domain.status import china_day
from gateway.errors import ConflictError, ReceiverUnavailableError
from gateway.persistence.models import AuditEvent, Delivery, Licence, LogLeaf, Subscription
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.connectors import Connectors
from gateway.services.dependencies import Dependencies
from gateway.services.subscriptions import find_subscription

FOLDER = "delivery-reconciliations"
MOST_KEPT = 10_000
"""Drifts that a report lists; all are counted."""
_OPEN = (DeliveryState.PENDING, DeliveryState.DEAD)


class DeliveryDriftKind(StrEnum):
    """How the receiver differs from the register."""

    MISSING = "missing"
    """Delivered, and not held there."""
    DIFFERENT = "different"
    """Held, and not as the register has it now."""
    UNKNOWN = "unknown"
    """Held, and never delivered from here."""
    LATE = "late"
    """Not delivered within seven days of the decision (双公示)."""


DRIFT_COLUMNS = ("kind", "licence_number", "position", "field", "ours", "theirs")


@dataclass(frozen=True)
class DeliveryDrift:
    """One difference."""

    kind: DeliveryDriftKind
    licence_number: str
    position: int | None
    field: str = ""
    ours: str = ""
    theirs: str = ""


@dataclass(frozen=True)
class DeliveryComparison:
    """What came of comparing one receiver."""

    subscription_id: str
    as_of: datetime
    compared: int
    """Licences, or events at the data-sharing platform."""
    counts: dict[str, int]
    drifts: tuple[DeliveryDrift, ...]
    sent_again: int

    def to_json(self) -> dict[str, Any]:
        """For answers and files."""
        return asdict(self) | {"as_of": instant(self.as_of)}


@dataclass(frozen=True)
class _Sent:
    """The newest delivery of a licence, or one event."""

    delivery_id: int
    position: int
    licence_id: int
    licence_number: str


class DeliveryReconciliation:
    """Asks receivers what they hold."""

    def __init__(self, deps: Dependencies, connectors: Connectors) -> None:
        self._deps = deps
        self._connectors = connectors

    def compare(
        self, subscription_id: str, *, sends_again: bool = False, actor: Actor = OPERATOR
    ) -> DeliveryComparison:
        """Compare one receiver; with ``sends_again`` what is missing or different there is queued anew. It is on record.

        NotFoundError; ConflictError for a webhook, which cannot be asked; ReceiverUnavailableError.
        """
        with reading(self._deps.sessions) as session:
            row = find_subscription(session, subscription_id)
        if row.kind == ConnectorKind.WEBHOOK:
            raise ConflictError("回调地址不能查询。A webhook cannot be asked what it holds.")
        sent = self._sent(row)
        try:
            found = [*self._differences(row, sent), *self._late(row)]
        except (DeliveryFailedError, KeyError, ValueError, TypeError) as error:
            raise ReceiverUnavailableError(
                f"接收方没有给出可用的答复。The receiver gave no usable answer: {error}.", hint="Try again later."
            ) from error
        again = self._send_again(sent, found) if sends_again else 0
        counts = dict(Counter(drift.kind.value for drift in found))
        report = DeliveryComparison(row.id, self._deps.clock(), len(sent), counts, tuple(found[:MOST_KEPT]), again)
        self._note(report, actor)
        return report

    def daily(self, actor: Actor = OPERATOR) -> int:
        """Compare the receivers that were not compared today (in China) on this machine, and keep the reports; gives how many."""
        folder = self._deps.settings.data_dir / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        day, done = china_day(self._deps.clock()).isoformat(), 0
        with reading(self._deps.sessions) as session:
            wanted = select(Subscription.id).where(Subscription.kind != ConnectorKind.WEBHOOK, Subscription.is_enabled)
            ids = list(session.scalars(wanted))
        for subscription_id in ids:
            target = folder / f"{subscription_id}-{day}.json"
            if not target.exists():
                _write(target, self.compare(subscription_id, actor=actor))
                done += 1
        return done

    def _sent(self, row: Subscription) -> dict[int, _Sent]:
        """What was delivered and is not under way: by event at the data-sharing platform, by licence elsewhere."""
        by_event = row.kind == ConnectorKind.DATA_SHARING
        query = (
            select(Delivery.id, Delivery.position, Licence.id, Licence.licence_number)
            .join(Licence, Licence.id == Delivery.licence_id)
            .where(Delivery.subscription_id == row.id, Delivery.state == DeliveryState.DELIVERED)
            .order_by(Delivery.position)
        )
        if not by_event:
            other = aliased(Delivery)
            under_way = exists().where(
                other.subscription_id == row.id, other.licence_id == Delivery.licence_id, other.state.in_(_OPEN)
            )
            query = query.where(~under_way)
        with reading(self._deps.sessions) as session:
            rows = [_Sent(*found) for found in session.execute(query).all()]
        return {(one.position if by_event else one.licence_id): one for one in rows}

    def _differences(self, row: Subscription, sent: dict[int, _Sent]) -> Iterator[DeliveryDrift]:
        match ConnectorKind(row.kind):
            case ConnectorKind.PUBLICITY:
                yield from self._of_publicity(row, sent)
            case ConnectorKind.LICENCE_LIBRARY:
                for one in sent.values():
                    yield from self._of_library(row, one)
            case _:
                held = self._connectors.received(row)
                for position in sorted(sent.keys() - held):
                    yield _drift(DeliveryDriftKind.MISSING, sent[position])
                for position in sorted(held - sent.keys() - self._under_way(row)):
                    yield DeliveryDrift(DeliveryDriftKind.UNKNOWN, "", position)

    def _of_publicity(self, row: Subscription, sent: dict[int, _Sent]) -> Iterator[DeliveryDrift]:
        held = {record_key(record): record for record in self._connectors.published(row)}
        under_way = {self._expected_key(row, licence_id) for licence_id in self._licences_under_way(row)}
        for one in sent.values():
            licence = self._connectors.standing(one.licence_id)
            ours = publicity_record(licence.application, licence.facts.status, row.options)
            theirs = held.pop(record_key(ours), None)
            if theirs is None:
                yield _drift(DeliveryDriftKind.MISSING, one)
                continue
            for name in sorted(ours.keys() | theirs.keys()):
                if ours.get(name) != theirs.get(name):
                    values = (str(ours.get(name, "")), str(theirs.get(name, "")))
                    yield _drift(DeliveryDriftKind.DIFFERENT, one, name, *values)
        for key in sorted(held.keys() - under_way):
            yield DeliveryDrift(DeliveryDriftKind.UNKNOWN, key[-1], None)

    def _of_library(self, row: Subscription, one: _Sent) -> Iterator[DeliveryDrift]:
        facts = self._connectors.standing(one.licence_id).facts
        todo = steps(self._connectors.stored(row, one.licence_id), facts)
        if todo.create:
            yield _drift(DeliveryDriftKind.MISSING, one, "license_code")
        if todo.issue is not None:
            yield _drift(DeliveryDriftKind.DIFFERENT, one, "license_status", "ISSUED", "CREATED")
        for wrong in todo.abolish:
            values = (str(facts.identifier), wrong.identifier)
            yield _drift(DeliveryDriftKind.DIFFERENT, one, "license_status", *values)

    def _late(self, row: Subscription) -> Iterator[DeliveryDrift]:
        """Decisions that are not public yet though the days are over."""
        if row.kind != ConnectorKind.PUBLICITY:
            return
        query = (
            select(Delivery.id, Delivery.position, Licence.id, Licence.licence_number)
            .join(Licence, Licence.id == Delivery.licence_id)
            .join(LogLeaf, LogLeaf.leaf_index == Delivery.position)
            .join(AuditEvent, AuditEvent.id == LogLeaf.event_id)
            .where(Delivery.subscription_id == row.id, Delivery.state.in_(_OPEN))
            .where(AuditEvent.occurred_at < self._deps.clock() - WITHIN)
            .order_by(Delivery.position)
        )
        with reading(self._deps.sessions) as session:
            for found in session.execute(query).all():
                yield _drift(DeliveryDriftKind.LATE, _Sent(*found))

    def _expected_key(self, row: Subscription, licence_id: int) -> tuple[str, ...]:
        licence = self._connectors.standing(licence_id)
        return record_key(publicity_record(licence.application, licence.facts.status, row.options))

    def _licences_under_way(self, row: Subscription) -> set[int]:
        with reading(self._deps.sessions) as session:
            own = (Delivery.subscription_id == row.id, Delivery.state.in_(_OPEN))
            return set(
                session.scalars(select(Licence.id).join(Delivery, Delivery.licence_id == Licence.id).where(*own))
            )

    def _under_way(self, row: Subscription) -> set[int]:
        with reading(self._deps.sessions) as session:
            own = (Delivery.subscription_id == row.id, Delivery.state.in_(_OPEN))
            return set(session.scalars(select(Delivery.position).where(*own)))

    @retried
    def _send_again(self, sent: dict[int, _Sent], found: list[DeliveryDrift]) -> int:
        kinds = (DeliveryDriftKind.MISSING, DeliveryDriftKind.DIFFERENT)
        positions = {drift.position for drift in found if drift.kind in kinds}
        ids = [one.delivery_id for one in sent.values() if one.position in positions]
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            for delivery_id in ids:
                afresh = {"state": DeliveryState.PENDING, "attempts": 0, "next_attempt_at": now, "delivered_at": None}
                session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**afresh))
        return len(ids)

    @retried
    def _note(self, report: DeliveryComparison, actor: Actor) -> None:
        with self._deps.sessions.begin() as session:
            session.add(
                AuditEvent(
                    occurred_at=report.as_of,
                    action="deliveries_reconciled",
                    subject=report.subscription_id,
                    detail={"compared": report.compared, "drifts": report.counts, "sent_again": report.sent_again},
                    actor=actor.audit(),
                )
            )


def _drift(kind: DeliveryDriftKind, one: _Sent, field: str = "", ours: str = "", theirs: str = "") -> DeliveryDrift:
    return DeliveryDrift(kind, one.licence_number, one.position, field, ours, theirs)


def _write(target: Path, report: DeliveryComparison) -> None:
    temporary = target.with_suffix(".new")
    temporary.write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(target)
