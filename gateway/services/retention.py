"""What is kept for a time only, and removed when that is over: one call for a timer."""

from dataclasses import asdict, dataclass

from gateway.domain.actors import SYSTEM
from gateway.persistence.models import AuditEvent
from gateway.services.access_records import AccessRecords
from gateway.services.authentication import Authentication
from gateway.services.dependencies import Dependencies
from gateway.services.idempotency import Idempotency
from gateway.services.network_log import NetworkLog


@dataclass(frozen=True)
class Purged:
    """How much was removed."""

    tokens_and_nonces: int
    """Access tokens and nonces that are over, and the counts of past days."""
    kept_answers: int
    access_records: int
    network_log_days: int


class Retention:
    """Removes what is past its time."""

    def __init__(
        self,
        deps: Dependencies,
        authentication: Authentication,
        idempotency: Idempotency,
        access_records: AccessRecords,
        network_log: NetworkLog,
    ) -> None:
        self._deps = deps
        self._authentication = authentication
        self._idempotency = idempotency
        self._access_records = access_records
        self._network_log = network_log

    def purge(self) -> Purged:
        """Remove it; safe to repeat. That records were removed is an audit event, so that no gap is without its reason."""
        purged = Purged(
            tokens_and_nonces=self._authentication.prune(),
            kept_answers=self._idempotency.prune(),
            access_records=self._access_records.prune(),
            network_log_days=self._network_log.prune(),
        )
        if purged.access_records or purged.network_log_days:
            event = AuditEvent(
                occurred_at=self._deps.clock(),
                action="records_purged",
                subject="retention",
                detail=asdict(purged),
                actor=SYSTEM.audit(),
            )
            with self._deps.sessions.begin() as session:
                session.add(event)
        return purged
