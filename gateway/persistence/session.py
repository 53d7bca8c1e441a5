"""Engines and sessions for SQLite (embedded) and PostgreSQL (production)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for the other one before it gives up."""

SessionFactory = Callable[[], Session]


def make_engine(url: str) -> Engine:
    """An engine with the pragmas and the locking that the registry relies on."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
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
