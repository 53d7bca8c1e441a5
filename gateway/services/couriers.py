"""Sends deliveries: makes the message that a receiver understands, signs it, and judges the answer."""

import secrets
import time
from collections.abc import Callable
from functools import cached_property

import orjson
import structlog

from certs.key_uses import Purpose
from gateway.domain.deliveries import (
    ConnectorKind,
    DeliveryFailedError,
    Receipt,
    Signing,
    hmac_signature,
    require_taken,
    signed_content,
    sm2_signature,
)
from gateway.domain.events import ToldEvent
from gateway.errors import GatewayError, StorageError
from gateway.logs import logged_as, said
from gateway.metrics import DELIVERIES, DELIVERY_SECONDS
from gateway.persistence.models import Subscription
from gateway.persistence.session import reading
from gateway.services.connectors import Connectors
from gateway.services.deliveries import LEASE, UNDERSTOOD, Deliveries, Lease, Leased
from gateway.services.dependencies import DELIVERY_KEY, Dependencies
from gateway.services.events import EventFilter, event_at
from gateway.services.postings import Postings
from gateway.services.seals import key_at_work
from gateway.services.subscriptions import good_secrets
from gateway.tracing import span
from signing.errors import SigningError

_JSON = "application/json"
_MOST_BYTES = 64 * 1024
_MOST_HANGING = 64
Until = Callable[[], bool]


class Couriers:
    """Works off the queue of deliveries."""

    def __init__(self, deps: Dependencies, deliveries: Deliveries, postings: Postings, connectors: Connectors) -> None:
        self._deps = deps
        self._deliveries = deliveries
        self._postings = postings
        self._connectors = connectors

    def round(self, until: Until = lambda: False) -> int:
        """Send what is due to every receiver once; gives how many deliveries were tried."""
        tried = 0
        for subscription_id in self._deliveries.waiting():
            lease = None if until() else self._deliveries.take(subscription_id)
            if lease is not None:
                tried += self._carry(lease, until)
        return tried

    def _carry(self, lease: Lease, until: Until) -> int:
        """Send a batch while the lease surely lasts; what is left is given back, as when the receiver is away."""
        ends = time.monotonic() + LEASE.total_seconds() / 2
        tried = 0
        try:
            for delivery in lease.deliveries:
                if until() or time.monotonic() > ends:
                    break
                tried += 1
                # One id for an attempt, in our log, in what is sent and, as receivers like, in theirs.
                with logged_as(work_id=secrets.token_hex(16)):
                    if self._is_away(lease, delivery):
                        break
        finally:
            if tried < len(lease.deliveries):
                self._deliveries.give_back(lease)
        return tried

    def _is_away(self, lease: Lease, delivery: Leased) -> bool:
        """Attempt one delivery and report what came of it; whether the receiver takes nothing at all."""
        kind, started = lease.subscription.kind, time.monotonic()
        try:
            with span("deliver", kind=kind):
                receipt = self._send(lease.subscription, delivery)
        except DeliveryFailedError as error:
            is_dead = self._deliveries.failed(lease, delivery, error)
            DELIVERIES.labels(kind, "dead" if is_dead else "failed").inc()
            return error.is_away
        finally:
            DELIVERY_SECONDS.labels(kind).observe(time.monotonic() - started)
        self._deliveries.delivered(lease, delivery, receipt)
        DELIVERIES.labels(kind, "delivered").inc()
        return False

    def _send(self, row: Subscription, delivery: Leased) -> Receipt:
        """DeliveryFailedError when it was not taken, or could not even be made; that is not the receiver's fault."""
        try:
            event = self._event(row, delivery.position)
            return self._by_kind[ConnectorKind(row.kind)](row, delivery, event)
        except (GatewayError, SigningError, KeyError, ValueError) as error:
            structlog.get_logger().error("delivery", **said(error), subscription=row.id)
            raise DeliveryFailedError(f"not made: {type(error).__name__}") from error

    @cached_property
    def _by_kind(self) -> dict[ConnectorKind, Callable[[Subscription, Leased, ToldEvent], Receipt]]:
        return {
            ConnectorKind.WEBHOOK: self._webhook,
            ConnectorKind.DATA_SHARING: self._shared,
            ConnectorKind.PUBLICITY: self._published,
            ConnectorKind.LICENCE_LIBRARY: self._stored,
        }

    def _event(self, row: Subscription, position: int) -> ToldEvent:
        wanted = EventFilter(is_sample=row.is_sample, actions=UNDERSTOOD[ConnectorKind(row.kind)])
        with reading(self._deps.sessions) as session:
            found = event_at(session, position, wanted)
        if found is None:
            raise StorageError(f"There is no event at {position}.", hint="Verify the log: licence-gateway log verify.")
        return found

    def _webhook(self, row: Subscription, delivery: Leased, event: ToldEvent) -> Receipt:
        """Standard Webhooks: the id is that of the event, and the same whenever it is sent."""
        body, now = self._body(event), self._deps.clock()
        message_id, timestamp = f"evt_{delivery.position}", int(now.timestamp())
        content = signed_content(message_id, timestamp, body)
        if row.signing == Signing.SM2:
            name, signature = self._signed(content)
            signatures, key = [sm2_signature(signature)], {"webhook-key": name}
        else:
            key = {}
            signatures = [hmac_signature(secret, content) for secret in good_secrets(self._deps, row, now)]
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
            **key,
        }
        return Receipt(require_taken(self._postings.post(row.url, body, headers)).status)

    def _shared(self, row: Subscription, delivery: Leased, event: ToldEvent) -> Receipt:
        del delivery
        return Receipt(require_taken(self._postings.through_gateway(row, row.url, self._body(event))).status)

    def _published(self, row: Subscription, delivery: Leased, event: ToldEvent) -> Receipt:
        del event
        return self._connectors.publish(row, _licence_of(delivery))

    def _stored(self, row: Subscription, delivery: Leased, event: ToldEvent) -> Receipt:
        del event
        return self._connectors.store(row, _licence_of(delivery))

    def _body(self, event: ToldEvent) -> bytes:
        return orjson.dumps(event.to_json(self._deps.settings.public_base_url))

    def _signed(self, content: bytes) -> tuple[str, bytes]:
        """The name of the key, which is that of its published certificate, and the signature."""
        with key_at_work(DELIVERY_KEY):
            key = self._deps.keystore.load(DELIVERY_KEY, Purpose.RECEIPT, actor="gateway.deliveries")
            return key.name, key.sign(content)


def _licence_of(delivery: Leased) -> int:
    """These receivers are told of licences only. ValueError for anything else."""
    if delivery.licence_id is None:
        raise ValueError("This receiver is told of licences only.")
    return delivery.licence_id
