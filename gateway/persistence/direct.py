"""Statements by PostgreSQL's driver itself, several in one round trip: what SQLAlchemy does for a statement costs more than
the statement. On other engines SQLAlchemy runs them, with the same outcome.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select

from gateway.errors import RegistryBusyError, RegistryUnavailableError
from gateway.persistence.engines import is_postgresql

Statement = Select[*tuple[Any, ...]] | UpdateBase
GAVE_WAY = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATE of PostgreSQL: serialization failure, deadlock, lock not available."""
LOST = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
"""Errors that say nothing of the statement: the connection is not used again."""


@dataclass(frozen=True)
class DriverText:
    """A statement as the driver takes it."""

    text: str
    constants: Mapping[str, Any]
    processors: Mapping[str, Callable[[Any], Any]]
    """Turns values into what the driver takes, by parameter; the others are taken as they are."""

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, for the driver."""
        values = {**self.constants, **parameters}
        for name, process in self.processors.items():
            values[name] = process(values[name])
        return values


@lru_cache(maxsize=256)
def driver_text(statement: Statement, dialect: Dialect, columns: tuple[str, ...] | None = None) -> DriverText:
    """A statement that is used over and over, compiled once; an INSERT for those columns."""
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    found = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    processors = {name: process for name, process in found.items() if process is not None}
    constants = {} if columns is not None else compiled.params
    return DriverText(str(compiled), constants, processors)


def is_direct(connection: Connection) -> bool:
    """Whether statements of this connection may go past SQLAlchemy."""
    return is_postgresql(connection)


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Statements within are sent together where the engine can, and have been executed when it is left.

    Raises what any of them raises, in SQLAlchemy's words; IntegrityError says which constraint refused.
    """
    if not is_direct(connection):
        yield
        return
    driver: Any = connection.connection.driver_connection
    with in_our_words(connection.invalidate), driver.pipeline():
        yield


@contextmanager
def in_our_words(invalidate: Callable[[BaseException], None]) -> Iterator[None]:
    """Errors of the driver as those of SQLAlchemy (IntegrityError) and ours; ``invalidate`` gives up a connection that is lost.

    The statement and its values stay out of the message. Other errors that a statement caused pass as they are.
    """
    try:
        yield
    except psycopg.IntegrityError as error:
        raise IntegrityError("", {}, error) from error
    except psycopg.Error as error:
        if error.sqlstate in GAVE_WAY:
            raise busy() from error
        if not isinstance(error, LOST):
            raise
        invalidate(error)
        raise unavailable(error) from error


def run(connection: Connection, text: DriverText, parameters: Mapping[str, Any]) -> Any:
    """A cursor of the driver with one statement, on a connection that ``is_direct``, within ``pipelined``."""
    driver: Any = connection.connection.driver_connection
    return driver.cursor().execute(text.text, text.values(parameters))


def change(connection: Connection, statement: UpdateBase, parameters: Mapping[str, Any]) -> int:
    """Write by a statement that is used over and over; gives the number of rows."""
    if not is_direct(connection):
        return connection.execute(statement, parameters).rowcount
    with pipelined(connection):
        cursor = run(connection, driver_text(statement, connection.dialect), parameters)
    return int(cursor.rowcount)


def busy() -> RegistryBusyError:
    """What had to give way to another transaction."""
    return RegistryBusyError(
        "登记簿繁忙，请稍后再试。Other changes are being made; this one gave way.", hint="Try again."
    )


def unavailable(error: BaseException) -> RegistryUnavailableError:
    """What could not be opened, read or written."""
    reason = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or type(error).__name__
    return RegistryUnavailableError(
        f"登记簿暂时无法使用。The database cannot be opened, read or written ({reason}).",
        hint="Look at the disk, the database server and GATEWAY_DATABASE_URL; else restore the backup.",
    )
