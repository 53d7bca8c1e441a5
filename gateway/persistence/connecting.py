"""Opens connections to SQLite (embedded) and PostgreSQL (production), and gives their errors our own words."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.metrics import DATABASE_CONNECTIONS, DATABASE_ERRORS
from gateway.persistence.change_marks import ChangeMark
from gateway.persistence.direct import GAVE_WAY, busy, unavailable
from gateway.persistence.engines import is_embedded, send_one_kind_of_number
from gateway.persistence.liveness import client_settings, watch_client
from gateway.persistence.traced import trace_transactions

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for the other one before it gives up."""

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY = 0xFF
"""An extended result code of SQLite holds its primary one in the last byte."""
_OUR_OWN_FAULT = frozenset({"IntegrityError", "ProgrammingError", "NotSupportedError", "DataError"})
"""Errors of the drivers (PEP 249) that a statement caused: they pass, for the caller to judge."""

_RESTS = "rests since"
_TRUSTED_SECONDS = 1.0
"""A connection that was used so short a time ago is used again without asking."""

Connect = Callable[[Dialect, ConnectionPoolEntry, Any, Any], Any]
"""A listener of SQLAlchemy's ``do_connect``: gives a connection of the driver."""


def make_engine(url: str, *, connect: Connect | None = None, changes: ChangeMark | None = None) -> Engine:
    """An engine with the pragmas and the locking that the registry relies on; ``connect`` opens connections for it, ``changes``
    is changed by its commits.

    Whatever it cannot open, read or write is a RegistryUnavailableError; what had to give way to another transaction
    a RegistryBusyError (``gateway.persistence.retrying``).
    """
    if is_embedded(url):
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        # Row locks do the work (``hold_version``); a server set to another level must not change what they mean.
        engine = create_engine(
            url,
            isolation_level="READ COMMITTED",
            connect_args=client_settings(make_url(url)),
            hide_parameters=True,
        )
        connect_by(engine, connect)
        _ping_rested(engine)
    if changes is not None:
        # No listener is called after the one that gives errors our own words.
        changes.watch(engine)
    event.listen(engine, "handle_error", name_error)
    count_connections(engine)
    trace_transactions(engine)
    return engine


def connect_by(engine: Engine, connect: Connect | None) -> None:
    """Open connections of an engine for PostgreSQL by ``connect``, and tell each what it has to know."""
    if connect is not None:
        event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", watch_client)
    event.listen(engine, "connect", send_one_kind_of_number)


def count_connections(engine: Engine) -> None:
    """Those that are open, and those in use; a connection of the driver tells nobody when it is dropped unclosed."""

    def count(name: str, state: str, by: int) -> None:
        event.listen(engine, name, lambda *_: DATABASE_CONNECTIONS.labels(state).inc(by))

    count("connect", "open", 1)
    count("close", "open", -1)
    count("checkout", "in_use", 1)
    count("checkin", "in_use", -1)


def _ping_rested(engine: Engine) -> None:
    """Ask a connection that nobody used for a while whether its server is still there; one in use says so itself."""

    def rest(connection: Any, record: Any) -> None:
        del connection
        record.info[_RESTS] = time.monotonic()

    def ping(connection: Any, record: Any, fairy: Any) -> None:
        del fairy
        since = record.info.pop(_RESTS, None)
        if since is None or time.monotonic() - since < _TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", ping)


def name_error(context: ExceptionContext) -> None:
    """Say in our own words that the database failed; the statement and its values stay out of the message."""
    error = context.original_exception
    dialect = context.dialect
    # A pooled connection that the server closed fails its ping; the pool opens another one.
    if context.is_pre_ping or dialect is None or dialect.dbapi is None or not isinstance(error, dialect.dbapi.Error):
        return
    if _gave_way(error):
        DATABASE_ERRORS.labels("busy").inc()
        raise busy() from error
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if not kinds & _OUR_OWN_FAULT:
        DATABASE_ERRORS.labels("unavailable").inc()
        raise unavailable(error) from error


def _gave_way(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & _PRIMARY in _BUSY
    return getattr(error, "sqlstate", None) in GAVE_WAY


def _prepare_sqlite(connection: Any, record: object) -> None:
    del record
    # The driver's own BEGIN is deferred and loses locks; we say BEGIN IMMEDIATE ourselves.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN DEFERRED" if reads_only else "BEGIN IMMEDIATE")
