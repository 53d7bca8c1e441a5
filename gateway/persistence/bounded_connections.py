"""Connections to a PostgreSQL server that is waited for only so long, since there is somebody else to ask.

A server that hangs takes what is sent and says nothing: neither its own ``statement_timeout`` nor TCP ends that wait.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Dialect
from sqlalchemy.pool import ConnectionPoolEntry


@dataclass
class _Patience:
    """What is left of the time that a thread may wait, in seconds. What it does between two questions does not count."""

    left: float

    @contextmanager
    def spent(self) -> Iterator[float]:
        """Wait within, for the seconds that it gives at most. OperationalError when there are none."""
        if self.left <= 0:
            raise psycopg.OperationalError("it was waited for long enough")
        began = time.monotonic()
        try:
            yield self.left
        finally:
            self.left -= time.monotonic() - began


_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """All waits of this thread for servers behind connections of ``bounded_connect`` together take no longer; then they fail."""
    token = _patience.set(_Patience(seconds))
    try:
        yield
    finally:
        _patience.reset(token)


class _BoundedConnection(psycopg.Connection[Any]):
    """Waits as long as ``waiting_at_most`` says."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As the driver does. A connection whose answer did not come in time is closed: it would come to another question."""
        patience = _patience.get()
        if patience is None:
            return super().wait(gen, interval, timeout)
        try:
            with patience.spent() as seconds:
                return super().wait(gen, interval, seconds)
        except psycopg.OperationalError:
            if patience.left <= 0:
                self.pgconn.finish()
            raise


def bounded_connect(dialect: Dialect, record: ConnectionPoolEntry, arguments: Any, options: Any) -> Any:
    """Open such a connection: a listener of SQLAlchemy's ``do_connect``.

    The driver gives the opening of a connection two seconds, be there less left.
    """
    del dialect, record
    with (_patience.get() or _Patience(math.inf)).spent():
        return _BoundedConnection.connect(*arguments, **options)
