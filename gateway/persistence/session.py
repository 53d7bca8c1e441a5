"""Engines and sessions for SQLite (embedded) and PostgreSQL (production)."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import Session, sessionmaker

from gateway.errors import RegistryBusyError, RegistryUnavailableError

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for the other one before it gives up."""

_GAVE_WAY = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATE of PostgreSQL: serialization failure, deadlock, lock not available."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY = 0xFF
"""An extended result code of SQLite holds its primary one in the last byte."""
_OUR_OWN_FAULT = frozenset({"IntegrityError", "ProgrammingError", "NotSupportedError", "DataError"})
"""Errors of the drivers (PEP 249) that a statement caused: they pass, for the caller to judge."""

SessionFactory = Callable[[], Session]


def make_engine(url: str) -> Engine:
    """An engine with the pragmas and the locking that the registry relies on.

    Whatever it cannot open, read or write is a RegistryUnavailableError; what had to give way to another transaction
    a RegistryBusyError (``gateway.persistence.retrying``).
    """
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        # Row locks do the work (``hold_version``); a server set to another level must not change what they mean.
        engine = create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED")
    event.listen(engine, "handle_error", _name_error)
    return engine


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """A session factory whose objects stay readable after the transaction."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def reading(sessions: SessionFactory) -> Iterator[Session]:
    """A session for reads only; on SQLite it takes no write lock."""
    with sessions() as session:
        session.connection(execution_options={"reads_only": True})
        yield session


def _name_error(context: ExceptionContext) -> None:
    """Say in our own words that the database failed; the statement and its values stay out of the message."""
    error = context.original_exception
    dialect = context.dialect
    # A pooled connection that the server closed fails its ping; the pool opens another one.
    if context.is_pre_ping or dialect is None or dialect.dbapi is None or not isinstance(error, dialect.dbapi.Error):
        return
    if _gave_way(error):
        raise RegistryBusyError(
            "登记簿繁忙，请稍后再试。Other changes are being made; this one gave way.", hint="Try again."
        ) from error
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if not kinds & _OUR_OWN_FAULT:
        reason = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or type(error).__name__
        raise RegistryUnavailableError(
            f"登记簿暂时无法使用。The database cannot be opened, read or written ({reason}).",
            hint="Look at the disk, the database server and GATEWAY_DATABASE_URL; else restore the backup.",
        ) from error


def _gave_way(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & _PRIMARY in _BUSY
    return getattr(error, "sqlstate", None) in _GAVE_WAY


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
