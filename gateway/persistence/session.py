"""Sessions and single reads on SQLite (embedded) and PostgreSQL (production)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, Select, create_engine, event
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.dml import UpdateBase

from gateway.errors import RegistryUnavailableError
from gateway.persistence.base import Base
from gateway.persistence.connecting import Connect, connect_by, count_connections, name_error
from gateway.persistence.direct import change, driver_text, in_our_words, unavailable
from gateway.persistence.engines import QUICK_SETTINGS, is_postgresql
from gateway.persistence.inserting import insert_all, insertion
from gateway.persistence.liveness import client_settings
from gateway.tracing import span

SessionFactory = Callable[[], Session]


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


@dataclass(frozen=True)
class Question:
    """A statement that is asked over and over, with its parameters."""

    statement: Select[*tuple[Any, ...]]
    parameters: Mapping[str, Any]


_Answers = dict[int, dict[frozenset[tuple[str, Any]], Sequence[Any]]]
"""By the identity of a statement, which lives as long as its module, and the values of its parameters."""
_known: ContextVar[_Answers | None] = ContextVar("known", default=None)
"""Answers that came ahead of their questions."""


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
            connect_by(self._engine, connect)
            count_connections(self._engine)
            event.listen(self._engine, "connect", _prepare_quick)
            event.listen(self._engine, "handle_error", name_error)
            event.listen(engine, "engine_disposed", self._dispose)

    def rows(self, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of one statement, with its columns as attributes. RegistryUnavailableError without a database.

        Instants are aware; on PostgreSQL columns have the types of the driver, which are those of the entities.
        """
        known = (_known.get() or {}).get(id(statement))
        if known and (found := known.pop(frozenset(parameters.items()), None)) is not None:
            return found
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
                # A server that was restarted closed the others as well.
                self._engine.dispose()
                return self._directly(statement, parameters)
        with self._engine.connect().execution_options(reads_only=True) as connection:
            return connection.execute(statement, parameters).all()

    @contextmanager
    def ahead(self, questions: Sequence[Question]) -> Iterator[None]:
        """Have ``rows`` answer each of these, once, by what stood there now: on PostgreSQL all are asked in one round trip.

        For the questions that a task will ask at once anyway. Elsewhere, and within an open write, nothing is asked ahead.
        """
        whole = _joined.get()
        is_open = whole is not None and whole.connection is not None
        if not questions or not self._is_direct or is_open or _elsewhere.get() is not None:
            yield
            return
        token = _known.set(self._answers(questions))
        try:
            yield
        finally:
            _known.reset(token)

    def _answers(self, questions: Sequence[Question]) -> _Answers:
        """Of all questions. Where the connection was lost nothing is known, and each is asked by itself."""
        asked = [(question, driver_text(question.statement, self._engine.dialect)) for question in questions]
        try:
            with span("statements", system="postgresql"), self._pooled() as connection, connection.pipeline():
                cursors = [
                    connection.cursor(row_factory=namedtuple_row).execute(text.text, text.values(question.parameters))
                    for question, text in asked
                ]
        except RegistryUnavailableError:
            return {}
        answers: _Answers = {}
        for (question, _), cursor in zip(asked, cursors, strict=True):
            of_statement = answers.setdefault(id(question.statement), {})
            of_statement[frozenset(question.parameters.items())] = cursor.fetchall()
        return answers

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


def _prepare_quick(connection: Any, record: object) -> None:
    del record
    for setting in QUICK_SETTINGS:
        connection.execute(setting)
