"""Engines and sessions for SQLite (embedded) and PostgreSQL (production)."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Dialect, Engine, Select, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.dml import UpdateBase

from gateway.errors import RegistryUnavailableError
from gateway.metrics import DATABASE_CONNECTIONS, DATABASE_ERRORS
from gateway.persistence.base import Base
from gateway.persistence.change_marks import ChangeMark
from gateway.persistence.direct import (
    GAVE_WAY,
    busy,
    change,
    driver_text,
    in_our_words,
    unavailable,
)
from gateway.persistence.engines import QUICK_SETTINGS, is_embedded, is_postgresql, send_one_kind_of_number
from gateway.persistence.inserting import insert_all, insertion
from gateway.persistence.liveness import client_settings, watch_client
from gateway.persistence.traced import trace_transactions
from gateway.tracing import span

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

SessionFactory = Callable[[], Session]
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
        _connect_by(engine, connect)
        _ping_rested(engine)
    if changes is not None:
        # No listener is called after the one that gives errors our own words.
        changes.watch(engine)
    event.listen(engine, "handle_error", _name_error)
    _count_connections(engine)
    trace_transactions(engine)
    return engine


def _connect_by(engine: Engine, connect: Connect | None) -> None:
    if connect is not None:
        event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", watch_client)
    event.listen(engine, "connect", send_one_kind_of_number)


def _count_connections(engine: Engine) -> None:
    """Those that are open, and those in use; a connection of the driver tells nobody when it is dropped unclosed."""

    def count(name: str, state: str, by: int) -> None:
        event.listen(engine, name, lambda *_: DATABASE_CONNECTIONS.labels(state).inc(by))

    count("connect", "open", 1)
    count("close", "open", -1)
    count("checkout", "in_use", 1)
    count("checkin", "in_use", -1)


class Sessions(sessionmaker[Session]):
    """Makes sessions whose objects stay readable after the transaction; several of them can be joined into one."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, expire_on_commit=False)
        self._engine = engine

    @contextmanager
    def joined(self) -> Iterator["Whole"]:
        """All that this thread writes within is committed at the end, together, or not at all.

        What a service commits after its first write is a savepoint then. The transaction begins with that write, so that
        what is made before (a signature, say) holds no lock, and whoever reads after it sees it.
        """
        whole = Whole(self._engine)
        token = _joined.set(whole)
        try:
            yield whole
            whole.commit()
        finally:
            _joined.reset(token)
            whole.close()

    def begin(self) -> AbstractContextManager[Session]:
        """As SQLAlchemy's; within ``joined`` the first one begins the whole."""
        whole = _joined.get()
        return super().begin() if whole is None or whole.connection is not None else self._begin_whole(whole)

    @contextmanager
    def _begin_whole(self, whole: "Whole") -> Iterator[Session]:
        """The first write needs no savepoint: when it fails, there is nothing before it to be kept."""
        try:
            with (
                super().__call__(bind=whole.begun(), join_transaction_mode="rollback_only") as session,
                session.begin(),
            ):
                yield session
        except BaseException:
            whole.close()
            raise

    def __call__(self, **options: Any) -> Session:
        """A session, part of the whole where that has begun."""
        whole = _joined.get()
        if whole is not None and whole.connection is not None:
            options |= {"bind": whole.connection, "join_transaction_mode": "create_savepoint"}
        return super().__call__(**options)


@dataclass
class Whole:
    """The transaction that joined sessions share."""

    engine: Engine
    connection: Connection | None = None
    """None until something is written."""

    def change(self, statement: UpdateBase, parameters: Mapping[str, Any]) -> int:
        """Write in the transaction itself: what fails here fails all of it. Gives the number of rows."""
        return change(self.begun(), statement, parameters)

    def begun(self) -> Connection:
        """The connection, within a transaction."""
        if self.connection is None:
            self.connection = self.engine.connect()
            self.connection.begin()
        return self.connection

    def commit(self) -> None:
        """Keep what was written."""
        if self.connection is not None:
            self.connection.commit()

    def close(self) -> None:
        """End; what was not committed is undone."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


_joined: ContextVar[Whole | None] = ContextVar("joined", default=None)


def make_sessions(engine: Engine) -> Sessions:
    """The session factory of an engine."""
    return Sessions(engine)


@dataclass(frozen=True)
class Elsewhere:
    """Another database with the same content, that reads may go to."""

    engine: Engine
    quick_reads: "QuickReads"


_elsewhere: ContextVar[Elsewhere | None] = ContextVar("elsewhere", default=None)
_behind: ContextVar[float] = ContextVar("behind", default=0.0)


@contextmanager
def reading_from(other: Elsewhere, *, behind: float = 0.0) -> Iterator[None]:
    """What this thread only reads within comes from another database, which shows what was so ``behind`` seconds ago or later;
    what it writes goes where it always does.
    """
    tokens = _elsewhere.set(other), _behind.set(behind)
    try:
        yield
    finally:
        _elsewhere.reset(tokens[0])
        _behind.reset(tokens[1])


def seconds_behind() -> float:
    """By how much what this thread reads may be older than what there is now: nothing, except within ``reading_from``."""
    return _behind.get()


def place_of_reads() -> object:
    """What this thread reads from now, to be compared; within a joined write, which sees more than others, like nothing else."""
    return _elsewhere.get() if _joined.get() is None else object()


@contextmanager
def reading(sessions: SessionFactory, *, own: bool = False) -> Iterator[Session]:
    """A session for reads only; on SQLite it takes no write lock. ``own``: never of another database."""
    other = None if own or _joined.get() is not None else _elsewhere.get()
    with sessions() if other is None else Session(other.engine, expire_on_commit=False) as session:
        session.connection(execution_options={"reads_only": True})
        yield session


class QuickReads:
    """Single statements without a transaction around them, for answers that are asked for all the time.

    On PostgreSQL each is one round trip, by the driver itself: what SQLAlchemy does for any statement costs more than the
    statement. A connection that the server closed meanwhile is replaced, and the statement is sent once more.
    """

    def __init__(self, engine: Engine, *, connect: Connect | None = None) -> None:
        """``connect`` as for the engine."""
        self._engine = engine
        self._is_direct = is_postgresql(engine)
        if self._is_direct:
            # No ping before and no rollback after: both are round trips, and a read needs neither.
            self._engine = create_engine(
                engine.url,
                isolation_level="AUTOCOMMIT",
                pool_reset_on_return=None,
                connect_args={"prepare_threshold": 0} | client_settings(engine.url),
                hide_parameters=True,
            )
            _connect_by(self._engine, connect)
            _count_connections(self._engine)
            event.listen(self._engine, "connect", _prepare_quick)
            event.listen(self._engine, "handle_error", _name_error)
            event.listen(engine, "engine_disposed", self._dispose)

    def rows(self, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of one statement, with its columns as attributes. RegistryUnavailableError without a database.

        Instants are aware; on PostgreSQL columns have the types of the driver, which are those of the entities.
        """
        whole = _joined.get()
        if whole is not None and whole.connection is not None:
            # What was written in a transaction that is still open, only that transaction sees.
            return whole.connection.execute(statement, parameters).all()
        other = _elsewhere.get()
        if other is not None and other.quick_reads is not self:
            return other.quick_reads.rows(statement, parameters)
        if self._is_direct:
            try:
                return self._directly(statement, parameters)
            except RegistryUnavailableError:
                return self._directly(statement, parameters)
        with self._engine.connect().execution_options(reads_only=True) as connection:
            return connection.execute(statement, parameters).all()

    def insert(self, entity: Base) -> None:
        """Write one new row and commit it. IntegrityError when the database refuses it; RegistryUnavailableError.

        On PostgreSQL a server that is killed may lose it, though never once a later transaction is durable: for claims alone,
        where the transaction of what was claimed for changes the row of the claim and is undone when that is gone.
        """
        if not self._is_direct:
            with self._engine.begin() as connection:
                insert_all(connection, [entity])
            return
        text, row = insertion(entity, self._engine.dialect)
        with self._pooled() as connection:
            connection.execute(text, row)

    def _dispose(self, engine: Engine) -> None:
        """Close the connections with those of the engine."""
        del engine
        self._engine.dispose()

    def _directly(self, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, Any]) -> Sequence[Any]:
        asked = driver_text(statement, self._engine.dialect)
        with span("statement", system="postgresql"), self._pooled() as connection:
            cursor = connection.cursor(row_factory=namedtuple_row)
            found: Sequence[Any] = cursor.execute(asked.text, asked.values(parameters)).fetchall()
        return found

    @contextmanager
    def _pooled(self) -> Iterator[Any]:
        """A connection of the driver."""
        try:
            pooled = self._engine.raw_connection()
        except psycopg.OperationalError as error:
            raise unavailable(error) from error
        try:
            with in_our_words(pooled.invalidate):
                yield pooled.driver_connection
        finally:
            pooled.close()


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


def _prepare_quick(connection: Any, record: object) -> None:
    del record
    for setting in QUICK_SETTINGS:
        connection.execute(setting)


def _name_error(context: ExceptionContext) -> None:
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
