"""What goes on beside the requests, in threads of one worker process of a machine: the one that holds the lock.

When that process ends, however it ends, the kernel frees the lock and another one goes on. One that is stopped finishes what it
has in hand, or gives it back, before.
"""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from gateway.container import Container
from gateway.logs import said
from gateway.persistence.engines import is_embedded
from gateway.services.pulse import LOCK, beat, watched
from gateway.worker import Until, work

_FILES_AT_ONCE, _ROUND_SECONDS, _IDLE_SECONDS = 100, 2.0, 30.0
"""Files that are looked at between two pauses, the pause, and the one at the end of a round."""
_WATCH_SECONDS = 60.0
"""How often certificates of electronic business licences that are due are asked for."""
_COMPLETION_SECONDS = 5.0
_COMPARISON_SECONDS = 600.0
"""How often it is asked whether receivers were compared today."""
_RETENTION_SECONDS = 600.0
"""How often it is asked whether what is past its time was removed today."""
_DELIVERY_SECONDS = 1.0
"""How often an idle thread looks for something to deliver."""
_LOG_SECONDS = 1.0
"""How often the transparency log takes in what was recorded since."""

_STOP_SECONDS = 20.0
"""How long what was begun may take when the process is to end; gunicorn kills a worker after 30."""

Round = Callable[[], float]
"""Does some of the work; gives the seconds until it is to be called again."""


class Background:
    """The background work of this machine, done as soon as no other process does it, until the process ends."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._lead, name="background", daemon=True).start()

    def stop(self) -> None:
        """Begin nothing more, and wait a while for what was begun. What takes longer is cut off as by a kill, without harm."""
        self._stopped.set()
        until = time.monotonic() + _STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _lead(self) -> None:
        path = self._container.settings.data_dir / LOCK
        while not _is_held(path):
            time.sleep(_IDLE_SECONDS)
        if self._stopped.is_set():
            return
        tasks = rounds(self._container, self._stopped.is_set)
        self._threads = [
            threading.Thread(target=self._keep, args=(name, task), name=name, daemon=True)
            for name, task in tasks.items()
        ]
        for thread in self._threads:
            thread.start()

    def _keep(self, name: str, task: Round) -> None:
        """Until stopped. Whatever goes wrong is logged and tried again: a database, a key or a disk may be away for a while."""
        log = structlog.get_logger()
        while not self._stopped.is_set():
            pause = _ROUND_SECONDS
            try:
                pause = watched(name, task)
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever it was
                log.error(name, **said(error))  # noqa: TRY400 - no trace each time
            self._stopped.wait(pause)


def _is_held(path: Path) -> bool:
    """Wait for the lock, which stays with the process. False when the disk has no place for it now."""
    try:
        # A plain descriptor stays open for as long as the process lives.
        fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), fcntl.LOCK_EX)
    except OSError as error:
        structlog.get_logger().error("background", **said(error))
        return False
    return True


def rounds(container: Container, until: Until) -> dict[str, Round]:
    """The work by its name, which is also that of its thread. What takes long asks ``until`` whether to go on."""
    couriers = {
        f"deliveries-{n}": lambda: _deliver(container, until) for n in range(container.settings.delivery_threads)
    }
    converting: dict[str, Round] = {}
    # On PostgreSQL `licence-gateway worker` converts, on as many machines as one likes.
    if container.settings.conversion_processes and is_embedded(container.settings.resolved_database_url):
        converting = {"conversions": lambda: _convert(container, until)}
    relays: dict[str, Round] = {}
    if container.settings.enterprise_signer is not None:
        relays = {"signer-relays": lambda: _relay(container)}
    return {
        "transparency-log": lambda: _sequence(container),
        "signature-checks": _Rechecking(container),
        "certificates": lambda: _watch(container),
        "signing-requests": lambda: _complete(container),
        "delivery-comparisons": lambda: _compare(container),
        "retention": lambda: _purge(container),
        **couriers,
        **converting,
        **relays,
    }


def _sequence(container: Container) -> float:
    """Take new events into the transparency log; when that fails the log is behind, and issuing goes on."""
    beat(container.settings.data_dir)
    container.log.sequence()
    return _LOG_SECONDS


class _Rechecking:
    """Checks registered files again before their checks grow too old, some at a time with pauses."""

    def __init__(self, container: Container) -> None:
        self._checks = container.signature_checks
        self._last = secrets.token_hex(32)
        """By chance, so that machines seldom do what another one just did."""

    def __call__(self) -> float:
        done = self._checks.recheck(self._last, _FILES_AT_ONCE)
        self._last = done.last or ""
        return _IDLE_SECONDS if done.last is None else _ROUND_SECONDS


def _watch(container: Container) -> float:
    """Look at registered certificates of electronic business licences that are due."""
    return _ROUND_SECONDS if container.certificate_watch.round().looked_at else _WATCH_SECONDS


def _complete(container: Container) -> float:
    """Complete signing requests that another process left, and note those that are over."""
    container.signing_completion.resume()
    return _COMPLETION_SECONDS


def _relay(container: Container) -> float:
    """Take over what the national service has by now on open signing requests."""
    container.signer_relays.advance_open()
    return _ROUND_SECONDS


def _deliver(container: Container, until: Until) -> float:
    """Send events to their receivers; a process that dies leaves leases that end, one that is stopped gives them back."""
    return 0.0 if container.couriers.round(until) else _DELIVERY_SECONDS


def _compare(container: Container) -> float:
    """Ask the receivers of connectors what they hold, each once a day."""
    container.delivery_reconciliation.daily()
    return _COMPARISON_SECONDS


def _purge(container: Container) -> float:
    """Remove what is past its time, some at a time, once a day."""
    return _ROUND_SECONDS if container.retention.daily() else _RETENTION_SECONDS


def _convert(container: Container, until: Until) -> float:
    """Convert paper licences of the past in processes of their own, while there are any to convert."""
    service, settings = container.conversions, container.settings

    def is_at_end() -> bool:
        return until() or not service.pending_chunks(most=1)

    if not is_at_end():
        work(settings, processes=settings.conversion_processes, until=is_at_end)
    return _ROUND_SECONDS
