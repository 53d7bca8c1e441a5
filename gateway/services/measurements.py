"""What is asked of the register, the trust store and the disk when the metrics are read (docs/monitoring.md).

A question is put by one thread at a time, is waited for two seconds, and its answer serves for a while: who reads often, or while
the database hangs, burdens nothing. Each count goes over an index and stops at a bound.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from shutil import disk_usage

from prometheus_client import Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, text
from sqlalchemy.orm import Session

from gateway.domain.conversions import JobState
from gateway.domain.deliveries import DeliveryState
from gateway.persistence.engines import answer_within
from gateway.persistence.models import (
    AuditEvent,
    Client,
    ConversionChunk,
    ConversionJob,
    Delivery,
    LogCheckpoint,
    LogLeaf,
    QueuedEvent,
    SignatureCheck,
    StatusListToken,
    Subscription,
)
from gateway.persistence.models.deliveries import UNDELIVERED
from gateway.persistence.session import reading
from gateway.services.bounded import BoundedQuestion
from gateway.services.dependencies import Dependencies
from gateway.services.freshness import Freshness

MOST_COUNTED = 10_000
"""Counts stop here: a backlog of more is no other fault."""
_SECONDS, _KEPT_FOR, _STALE_AFTER = 2.0, 10.0, 60.0
_STATEMENT_MS = 2_000


@dataclass(frozen=True)
class Sample:
    """One value of a gauge."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "gateway_register_up": ("1 while the register answers within two seconds.", ()),
    "gateway_log_queue_depth": ("Events that wait for their leaf in the transparency log; stops at 10000.", ()),
    "gateway_log_queue_oldest_timestamp_seconds": ("When the oldest of them happened.", ()),
    "gateway_log_size": ("Leaves of the transparency log.", ()),
    "gateway_log_checkpoint_size": ("Leaves under the newest signed checkpoint.", ()),
    "gateway_log_checkpoint_timestamp_seconds": ("When that was signed.", ()),
    "gateway_deliveries": (
        "Deliveries by kind of receiver, pending or dead; each receiver's stop at 10000.",
        ("kind", "state"),
    ),
    "gateway_delivery_oldest_timestamp_seconds": (
        "When the oldest event happened that a receiver should have been told of and was not.",
        ("kind",),
    ),
    "gateway_receivers_away": ("Receivers that took nothing the last time.", ("kind",)),
    "gateway_conversion_jobs": ("Conversions of paper licences by state; over ones are left out.", ("state",)),
    "gateway_conversion_rows_pending": ("Rows of running conversions that are not settled.", ()),
    "gateway_conversion_oldest_job_timestamp_seconds": ("When the oldest running conversion began.", ()),
    "gateway_signature_check_oldest_timestamp_seconds": ("When the file was checked whose check is the oldest.", ()),
    "gateway_status_list_oldest_timestamp_seconds": (
        "When the status list was signed whose signature is the oldest.",
        (),
    ),
    "gateway_revocation_this_update_timestamp_seconds": ("When revocation data were made, by file.", ("kind", "file")),
    "gateway_revocation_next_update_timestamp_seconds": ("Until when revocation data hold, by file.", ("kind", "file")),
    "gateway_certificate_not_after_timestamp_seconds": ("End of each published certificate, by file.", ("file",)),
    "gateway_data_free_bytes": ("Free room on the disk of the data directory.", ()),
}
"""Name: help and labels."""


class Measurements(Collector):
    """Answers when the metrics are read."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._freshness = Freshness(deps.trust_dir)
        self._register = _bounded(self._ask_register)
        self._files = _bounded(self._ask_files)

    def collect(self) -> Iterable[Metric]:
        """Every gauge for which there is a value; a register that is away leaves its own out."""
        register, files = self._register.answer(), self._files.answer()
        samples = [Sample("gateway_register_up", 0.0 if register is None else 1.0)]
        samples += () if register is None else register.answer
        samples += () if files is None else files.answer
        found: dict[str, GaugeMetricFamily] = {}
        for sample in samples:
            if sample.name not in found:
                said, labels = GAUGES[sample.name]
                found[sample.name] = GaugeMetricFamily(sample.name, said, labels=labels)
            found[sample.name].add_metric(sample.labels, sample.value)
        return found.values()

    def _ask_register(self) -> tuple[Sample, ...]:
        with reading(self._deps.sessions) as session:
            answer_within(session, _STATEMENT_MS)
            now = self._deps.clock()
            return (*_log(session), *_deliveries(session, now), *_conversions(session), *_checks(session))

    def _ask_files(self) -> tuple[Sample, ...]:
        free = Sample("gateway_data_free_bytes", disk_usage(self._deps.settings.data_dir).free)
        return (free, *_trust(self._freshness))


def _bounded(ask: Callable[[], tuple[Sample, ...]]) -> BoundedQuestion[tuple[Sample, ...]]:
    return BoundedQuestion(ask, seconds=_SECONDS, kept_for=_KEPT_FOR, stale_after=_STALE_AFTER)


def _at(name: str, at: datetime | None, *labels: str) -> Iterator[Sample]:
    """An instant, where there is one."""
    if at is not None:
        yield Sample(name, at.timestamp(), labels)


def _count(session: Session, query: Select[*tuple[int, ...]]) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED).subquery())) or 0


def _log(session: Session) -> Iterator[Sample]:
    yield Sample("gateway_log_queue_depth", _count(session, select(QueuedEvent.event_id)))
    oldest = select(func.min(QueuedEvent.event_id)).scalar_subquery()
    waiting = session.scalar(select(AuditEvent.occurred_at).where(AuditEvent.id == oldest))
    yield from _at("gateway_log_queue_oldest_timestamp_seconds", waiting)
    last = session.scalar(select(func.max(LogLeaf.leaf_index)))
    yield Sample("gateway_log_size", 0 if last is None else last + 1)
    checkpoint = session.execute(
        select(LogCheckpoint.size, LogCheckpoint.signed_at).order_by(LogCheckpoint.size.desc()).limit(1)
    ).first()
    if checkpoint is not None:
        yield Sample("gateway_log_checkpoint_size", checkpoint.size)
        yield from _at("gateway_log_checkpoint_timestamp_seconds", checkpoint.signed_at)


def _deliveries(session: Session, now: datetime) -> Iterator[Sample]:
    """By kind. A receiver that nobody sends to on purpose is not behind."""
    last = session.scalar(select(func.max(LogLeaf.leaf_index)))
    counts: dict[tuple[str, str], int] = {}
    away: dict[str, int] = {}
    oldest: dict[str, int] = {}
    for row in session.execute(_RECEIVERS.where(_is_served(now))):
        away[row.kind] = away.get(row.kind, 0) + (row.failures > 0)
        for state in (DeliveryState.PENDING, DeliveryState.DEAD):
            key = (row.kind, state.value)
            counts[key] = counts.get(key, 0) + _count(session, _open(row.id, state))
        first = session.scalar(_open(row.id, DeliveryState.PENDING).order_by(Delivery.position).limit(1))
        behind = row.position + 1 if last is not None and row.position < last else None
        for position in (first, behind):
            if position is not None:
                oldest[row.kind] = min(position, oldest.get(row.kind, position))
    yield from (Sample("gateway_deliveries", number, labels) for labels, number in counts.items())
    yield from (Sample("gateway_receivers_away", number, (kind,)) for kind, number in away.items())
    for kind, position in oldest.items():
        event = select(AuditEvent.occurred_at).join(LogLeaf, LogLeaf.event_id == AuditEvent.id)
        at = session.scalar(event.where(LogLeaf.leaf_index == position))
        yield from _at("gateway_delivery_oldest_timestamp_seconds", at, kind)


_RECEIVERS = select(Subscription.id, Subscription.kind, Subscription.position, Subscription.failures).outerjoin(
    Client, Client.id == Subscription.client_id
)


def _is_served(now: datetime) -> ColumnElement[bool]:
    has_client = Client.is_enabled & or_(Client.valid_until.is_(None), Client.valid_until > now)
    return Subscription.is_enabled & or_(Subscription.client_id.is_(None), has_client)


def _open(subscription_id: str, state: DeliveryState) -> Select[int]:
    """Positions of a receiver's deliveries in a state, over the index of those that are not done."""
    return select(Delivery.position).where(
        Delivery.subscription_id == subscription_id,
        text(UNDELIVERED),
        Delivery.state == literal_column(f"'{state.value}'"),
    )


def _conversions(session: Session) -> Iterator[Sample]:
    open_states = (JobState.STAGING, JobState.RUNNING, JobState.PAUSED)
    query = select(ConversionJob.state, func.count()).where(ConversionJob.state.in_(open_states))
    found: dict[str, int] = dict(iter(session.execute(query.group_by(ConversionJob.state))))
    yield from (Sample("gateway_conversion_jobs", found.get(state, 0), (state.value,)) for state in open_states)
    running = select(ConversionJob.id).where(ConversionJob.state == JobState.RUNNING)
    pending = select(func.sum(ConversionChunk.pending)).where(
        ConversionChunk.job_id.in_(running), ConversionChunk.pending > 0
    )
    yield Sample("gateway_conversion_rows_pending", session.scalar(pending) or 0)
    oldest = select(func.min(ConversionJob.created_at)).where(ConversionJob.state == JobState.RUNNING)
    yield from _at("gateway_conversion_oldest_job_timestamp_seconds", session.scalar(oldest))


def _checks(session: Session) -> Iterator[Sample]:
    oldest = session.scalar(select(func.min(SignatureCheck.checked_at)))
    yield from _at("gateway_signature_check_oldest_timestamp_seconds", oldest)
    signed = session.scalar(select(func.min(StatusListToken.signed_at)))
    yield from _at("gateway_status_list_oldest_timestamp_seconds", signed)


def _trust(freshness: Freshness) -> Iterator[Sample]:
    for data in freshness.revocation_data():
        yield from _at("gateway_revocation_this_update_timestamp_seconds", data.this_update, data.kind, data.file)
        yield from _at("gateway_revocation_next_update_timestamp_seconds", data.next_update, data.kind, data.file)
    for file, end in freshness.certificate_ends():
        yield from _at("gateway_certificate_not_after_timestamp_seconds", end, file)
