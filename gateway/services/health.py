"""Readiness: how each dependency stands, by name, and what its failure means (docs/monitoring.md)."""

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from certs.errors import CertsError
from certs.keystore import Keystore
from gateway.domain.conversions import JobState
from gateway.errors import GatewayError, RegistryUnavailableError
from gateway.persistence.models import AuditEvent, ConversionJob, QueuedEvent
from gateway.persistence.schema import can_be_served
from gateway.persistence.session import reading
from gateway.services.bounded import BoundedQuestion
from gateway.services.dependencies import LIST_KEY, LOG_KEY, REPORT_KEY, Dependencies
from gateway.services.pulse import silence
from signing.errors import SigningError

OK = "ok"
AT_REST = "No process does the background work of this machine: events are not logged or delivered from here."
LOG_WAITS = "Events wait for the transparency log: they are not proven, and receivers are not told of them."
NEEDED = frozenset({"database", "schema", "trust", "server"})
"""Without one of these no answer is right: such a process must get no requests."""
_SECONDS, _KEPT_FOR = 3.0, 1.0
_REPLICA_SECONDS = 0.5
_SILENT_SECONDS = 60.0
_LOG_BEHIND_SECONDS = 600.0
_FAULTS = (SQLAlchemyError, GatewayError, CertsError, SigningError, OSError)


@dataclass(frozen=True)
class Readiness:
    """How everything stands."""

    checks: Mapping[str, str]
    """By name ``ok``, or one sentence on what is wrong and what does not work for it."""

    @property
    def missing(self) -> list[str]:
        """What is needed and not there."""
        return [name for name, state in self.checks.items() if state != OK and name in NEEDED]

    @property
    def status(self) -> str:
        """``ok``, ``degraded`` (what is asked is answered rightly, something else does not work) or ``unavailable``."""
        if self.missing:
            return "unavailable"
        return OK if all(state == OK for state in self.checks.values()) else "degraded"


class Health:
    """Checks that are cheap enough for a load balancer to ask every few seconds, and end in three."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        checks: dict[str, Callable[[], str]] = {
            "database": self._database,
            "schema": self._schema,
            "trust": self._trust,
            "keys": self._keys,
            "files": self._files,
            "timestamps": self._timestamps,
            "background": self._background,
            "log": self._log,
            "conversions": self._conversions,
        }
        self._questions = {
            name: BoundedQuestion(check, seconds=_SECONDS, kept_for=_KEPT_FOR) for name, check in checks.items()
        }
        # Each standby is asked how far it is, and so is the database: either may hang.
        self._replicas = BoundedQuestion(self._ask_replicas, seconds=_SECONDS, kept_for=_KEPT_FOR)

    def check(self, *, is_leaving: bool = False, seconds: float = _SECONDS) -> Readiness:
        """Ask everything at once; what does not answer within ``seconds`` is not there.

        ``is_leaving``: the server is about to go.
        """
        for question in self._questions.values():
            question.begin()
        self._replicas.begin()
        until = time.monotonic() + seconds
        told = {name: question.answer(until - time.monotonic()) for name, question in self._questions.items()}
        found = {
            name: f"{name} does not answer in time." if each is None else each.answer for name, each in told.items()
        }
        if is_leaving:
            found["server"] = "This server is about to stop; ask another one."
        return Readiness(found)

    def code_systems(self) -> dict[str, str]:
        """Other systems that read codes, by whether they are asked; one that is down keeps nothing else from working."""
        try:
            return self._deps.code_systems.states()
        except GatewayError:
            return {"configuration": "cannot be used; run doctor"}

    def replicas(self) -> dict[str, str]:
        """Standbys that look-ups read from, by whether they are used; without them everything still works."""
        if not self._deps.settings.replica_urls:
            return {}
        told = self._replicas.answer(_REPLICA_SECONDS)
        return {"replicas": "do not answer in time, or cannot be used; run doctor"} if told is None else told.answer

    def _ask_replicas(self) -> dict[str, str]:
        return self._deps.standbys.states()

    def _database(self) -> str:
        try:
            with self._deps.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, RegistryUnavailableError):
            return "The database does not answer: nothing can be looked up or issued."
        return OK

    def _schema(self) -> str:
        try:
            is_served = can_be_served(self._deps.engine)
        except (SQLAlchemyError, GatewayError):
            return "Unknown, since the database does not answer."
        return OK if is_served else "The schema is older than this release; run init."

    def _trust(self) -> str:
        try:
            policy = self._deps.policy()
        except (CertsError, GatewayError, OSError):
            return "The trust store cannot be read: no signature can be judged."
        return OK if policy.trust_anchors else "The trust store has no anchor; run init."

    def _keys(self) -> str:
        try:
            _require_keys(self._deps.keystore)
        except _FAULTS:
            return "The key store does not open: nothing can be signed, so that no licence is issued."
        return OK

    def _files(self) -> str:
        try:
            self._deps.files.holds(secrets.token_hex(32), ".pdf")
            if self._deps.settings.file_store == "folder":
                self._write_and_remove()
        except _FAULTS:
            return (
                "Files cannot be read or written: nothing is issued, and files of the register are not checked again."
            )
        return OK

    def _write_and_remove(self) -> None:
        path = self._deps.settings.data_dir / "files" / f".readiness-{os.getpid()}"
        path.write_bytes(b"1")
        # Another container with this folder may have the same process number, and have taken it away.
        path.unlink(missing_ok=True)

    def _timestamps(self) -> str:
        remote = self._deps.remote_timestamps
        try:
            if remote is None:
                self._deps.own_unit_stamps()
            elif len(remote.left_alone()) == len(self._deps.settings.timestamp_urls):
                return "No time-stamp provider answers: nothing is issued until one does."
        except _FAULTS:
            return "The time-stamping unit does not work: nothing is issued."
        return OK

    def _background(self) -> str:
        silent = silence(self._deps.settings.data_dir)
        if silent is None:
            return AT_REST
        return OK if silent < _SILENT_SECONDS else f"The background work gave no sign of life for {silent:.0f} seconds."

    def _log(self) -> str:
        try:
            with reading(self._deps.sessions) as session:
                waiting = select(QueuedEvent.event_id).order_by(QueuedEvent.event_id).limit(1).scalar_subquery()
                oldest = session.scalar(select(AuditEvent.occurred_at).where(AuditEvent.id == waiting))
        except (SQLAlchemyError, GatewayError):
            return "Unknown, since the database does not answer."
        if oldest is None or (self._deps.clock() - oldest).total_seconds() < _LOG_BEHIND_SECONDS:
            return OK
        return LOG_WAITS

    def _conversions(self) -> str:
        """Only a queue that several machines share can be without anyone who works on it."""
        queue = self._deps.queue
        try:
            with reading(self._deps.sessions) as session:
                running = session.scalar(
                    select(ConversionJob.id).where(ConversionJob.state == JobState.RUNNING).limit(1)
                )
                if queue is None or running is None or queue.has_worker(session.connection()):
                    return OK
        except (SQLAlchemyError, GatewayError):
            return "Unknown, since the database does not answer."
        return "A conversion runs, and no worker does it: run licence-gateway worker."


def _require_keys(keystore: Keystore) -> None:
    """CertsError or OSError when the password or one of the gateway's own keys is not there."""
    for name in (LOG_KEY, LIST_KEY, REPORT_KEY):
        keystore.certificate(name)
