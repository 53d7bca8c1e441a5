"""Tries a transaction again that had to give way to another one: the only place that does."""

import functools
import secrets
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gateway.errors import RegistryBusyError

P = ParamSpec("P")
R = TypeVar("R")

MOST_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.02


def retried(write: Callable[P, R]) -> Callable[P, R]:
    """A service's write, begun anew when it met another and gave way (deadlock, serialization failure, SQLite busy).

    The write must be whole in itself: one transaction, and nothing outside it that a second run would repeat.
    RegistryBusyError after ``MOST_ATTEMPTS`` runs.
    """

    @functools.wraps(write)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, MOST_ATTEMPTS):
            try:
                return write(*args, **kwargs)
            except RegistryBusyError:
                # Pauses of random length, so that those that met do not meet again.
                longest = _FIRST_PAUSE_SECONDS * 2**attempt
                time.sleep(longest * (1 + secrets.randbelow(1000)) / 1000)
        return write(*args, **kwargs)

    return again
