"""What goes on beside the requests, in threads of one worker process of a machine: the one that holds the lock.

When that process ends, however it ends, the kernel frees the lock and another one goes on.
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
from gateway.services.pulse import LOCK, beat, watched
from gateway.worker import work

_FILES_AT_ONCE, _ROUND_SECONDS, _IDLE_SECONDS = 100, 2.0, 30.0
"""Files that are looked at between two pauses, the pause, and the one at the end of a round."""
_WATCH_SECONDS = 60.0
"""How often certificates of electronic business licences that are due are asked for."""
_COMPLETION_SECONDS = 5.0
_COMPARISON_SECONDS = 600.0
"""How often it is asked whether receivers were compared today."""
_DELIVERY_SECONDS = 1.0
"""How often an idle thread looks for something to deliver."""
_LOG_SECONDS = 1.0
"""How often the transparency log takes in what was recorded since."""

Round = Callable[[], float]
"""Does some of the work; gives the seconds until it is to be called again."""


def begin(container: Container) -> None:
    """Do the background work of this machine as soon as no other process does, until the process ends."""
    threading.Thread(target=_lead, args=(container,), name="background", daemon=True).start()


def _lead(container: Container) -> None:
    path = container.settings.data_dir / LOCK
    while not _is_held(path):
        time.sleep(_IDLE_SECONDS)
    for name, task in rounds(container).items():
        threading.Thread(target=_keep, args=(name, task), name=name, daemon=True).start()


def _is_held(path: Path) -> bool:
    """Wait for the lock, which stays with the process. False when the disk has no place for it now."""
    try:
        # A plain descriptor stays open for as long as the process lives.
        fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), fcntl.LOCK_EX)
    except OSError as error:
        structlog.get_logger().error("background", **said(error))
        return False
    return True


def _keep(name: str, task: Round) -> None:
    """For ever. Whatever goes wrong is logged and tried again: a database, a key or a disk may be away for a while."""
    log = structlog.get_logger()
    while True:
        pause = _ROUND_SECONDS
        try:
            pause = watched(name, task)
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever it was
            log.error(name, **said(error))  # noqa: TRY400 - no trace each time
        time.sleep(pause)


def rounds(container: Container) -> dict[str, Round]:
    """The work by its name, which is also that of its thread."""
    couriers = {f"deliveries-{n}": lambda: _deliver(container) for n in range(container.settings.delivery_threads)}
    converting: dict[str, Round] = {}
    # On PostgreSQL `licence-gateway worker` converts, on as many machines as one likes.
    if container.settings.conversion_processes and container.settings.resolved_database_url.startswith("sqlite"):
        converting = {"conversions": lambda: _convert(container)}
    relays: dict[str, Round] = {}
    if container.settings.enterprise_signer is not None:
        relays = {"signer-relays": lambda: _relay(container)}
    return {
        "transparency-log": lambda: _sequence(container),
        "signature-checks": _Rechecking(container),
        "certificates": lambda: _watch(container),
        "signing-requests": lambda: _complete(container),
        "delivery-comparisons": lambda: _compare(container),
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


def _deliver(container: Container) -> float:
    """Send events to their receivers; a process that dies leaves leases that end."""
    return 0.0 if container.couriers.round() else _DELIVERY_SECONDS


def _compare(container: Container) -> float:
    """Ask the receivers of connectors what they hold, each once a day."""
    container.delivery_reconciliation.daily()
    return _COMPARISON_SECONDS


def _convert(container: Container) -> float:
    """Convert paper licences of the past in processes of their own, while there are any to convert."""
    service, settings = container.conversions, container.settings
    if service.pending_chunks(most=1):
        work(settings, processes=settings.conversion_processes, until=lambda: not service.pending_chunks(most=1))
    return _ROUND_SECONDS
