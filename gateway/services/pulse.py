"""Whether the background work of this machine goes on: each round of it is counted, and shows by the time of a file."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gateway.logs import logged_as
from gateway.metrics import BACKGROUND_AT, BACKGROUND_FAILURES
from gateway.tracing import span

LOCK = "background.lock"
"""In the data directory: held by the process that does the background work."""
Done = TypeVar("Done")


def watched(task: str, act: Callable[[], Done]) -> Done:
    """Do one round of a background task; whatever it logs bears the task's name, and how it ended is counted."""
    with logged_as(task=task):
        try:
            with span("background", task=task):
                done = act()
        except Exception:
            BACKGROUND_FAILURES.labels(task).inc()
            raise
    BACKGROUND_AT.labels(task).set(time.time())
    return done


def beat(data_dir: Path) -> None:
    """Leave a sign of life of the process that holds the lock."""
    os.utime(data_dir / LOCK)


def silence(data_dir: Path) -> float | None:
    """Seconds since the background work of this machine last gave a sign of life; None when no process does it."""
    try:
        descriptor = os.open(data_dir / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return max(0.0, time.time() - os.fstat(descriptor).st_mtime)
    finally:
        os.close(descriptor)
    return None
