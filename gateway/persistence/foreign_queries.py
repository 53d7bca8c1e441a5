"""Reads what a query gives from a database of someone else, in a transaction that cannot write."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.errors import ConfigurationError, UnreadableInputError

_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
"""How each engine is told, before the query, that nothing may be written."""
_SELECT = re.compile(r"\s*(SELECT|WITH)\b[^;]*;?\s*", re.IGNORECASE)
_ROWS_AT_ONCE = 500
Answer = tuple[tuple[str, ...], Iterator[tuple[object, ...]]]


def check_query(query: str) -> None:
    """UnreadableInputError unless it is one SELECT; what else it may try, the engine refuses in a read-only transaction."""
    if not _SELECT.fullmatch(query):
        raise UnreadableInputError("只能是一条 SELECT 语句。One SELECT statement, and nothing else.")


@contextmanager
def asked(url: URL, query: str) -> Iterator[Answer]:
    """Names of the columns and the rows, which are read as they are asked for.

    ConfigurationError for an engine that cannot be kept from writing, UnreadableInputError when the query fails; neither
    says what stands in the URL.
    """
    check_query(query)
    read_only = _READ_ONLY.get(url.get_backend_name())
    if read_only is None:
        raise ConfigurationError(f"{url.get_backend_name()}: one of {', '.join(_READ_ONLY)} can be asked.")
    try:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            yield _answer(connection, read_only, query)
            connection.rollback()
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(f"{url.get_backend_name()}: no such driver here ({type(error).__name__}).") from error
    except SQLAlchemyError as error:
        raise _failed(error) from error


def _answer(connection: Connection, read_only: str, query: str) -> Answer:
    connection.exec_driver_sql(read_only)
    result = connection.execution_options(stream_results=True, yield_per=_ROWS_AT_ONCE).execute(text(_escaped(query)))
    return tuple(result.keys()), (tuple(row) for row in result)


def _escaped(query: str) -> str:
    """A colon in a query is a colon, not the name of a parameter."""
    return query.strip().rstrip(";").replace(":", r"\:")


def _failed(error: SQLAlchemyError) -> UnreadableInputError:
    cause = getattr(error, "orig", None) or error
    reason = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or type(cause).__name__
    return UnreadableInputError(
        f"查询没有完成（{reason}）。The query was not answered ({reason}).",
        hint="Try the query with the database's own client, under the same account.",
    )
