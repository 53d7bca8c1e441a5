"""What differs between database engines: the only module that asks which one it is, or says what only one understands.

docs/databases.md lists what an engine must offer; ``tests/test_house_rules.py`` keeps the rest of the code free of it.
"""

from dataclasses import dataclass
from typing import Any

from psycopg.types.numeric import Int8Dumper
from sqlalchemy import Connection, Engine, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.persistence.base import Base

QUICK_SETTINGS = (
    # Each statement is for one enterprise or one file, so that one plan serves them all.
    "SET plan_cache_mode = force_generic_plan",
    "SET jit = off",
    "SET TIME ZONE 'UTC'",
    # What ``QuickReads.insert`` writes waits for no disk.
    "SET synchronous_commit = off",
)
"""What a connection for quick reads is told on PostgreSQL."""


def send_one_kind_of_number(connection: Any, record: object) -> None:
    """For a new connection of PostgreSQL's driver, a listener of SQLAlchemy's ``connect``: send every whole number as bigint.

    The driver takes the smallest type that holds a number, and prepares a statement anew for each mixture of types: one with
    sixteen numbers was planned at nearly every call.
    """
    del record
    connection.adapters.register_dumper(int, Int8Dumper)


_WRITTEN = text(
    "SELECT system_identifier AS cluster, pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint AS octets "
    "FROM pg_control_system()"
)
_REPLAYED = text(
    "SELECT system_identifier AS cluster, pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint AS octets "
    "FROM pg_control_system() WHERE pg_is_in_recovery()"
)


@dataclass(frozen=True)
class WalPosition:
    """A place in the write-ahead log of one database cluster."""

    cluster: int
    octets: int
    """From the beginning of the log."""


def is_postgresql(bind: Engine | Connection) -> bool:
    """Whether it is PostgreSQL, or what speaks its protocol and its SQL."""
    return bind.dialect.name == "postgresql"


def is_embedded(url: str) -> bool:
    """Whether a URL names the database of one machine, SQLite, with a single writer at a time."""
    return url.startswith("sqlite")


def insert_for(bind: Engine | Connection, kind: type[Base]) -> Any:
    """An INSERT that may say what happens ON CONFLICT, which both engines write alike and standard SQL has not."""
    return postgresql.insert(kind) if is_postgresql(bind) else sqlite.insert(kind)


def hold_alone(session: Session, number: int) -> None:
    """Wait until no other transaction holds this number, and hold it to the end. SQLite's only writer does already."""
    if is_postgresql(session.get_bind()):
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def answer_within(session: Session, milliseconds: int) -> None:
    """Have this transaction's statements fail that take longer; on SQLite, where they run in this process, they do not."""
    if is_postgresql(session.get_bind()):
        session.execute(text(f"SET LOCAL statement_timeout = {milliseconds:d}"))


def one_state(bind: Engine | Connection) -> dict[str, Any]:
    """Options of a connection whose queries all see the database as the first one did, while others go on writing."""
    options: dict[str, Any] = {"reads_only": True}
    if is_postgresql(bind):
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return options


def written_up_to(primary: Connection) -> WalPosition:
    """Up to where the log is safe on the disk: every change whose commit was confirmed stands before it."""
    row = primary.execute(_WRITTEN).one()
    return WalPosition(row.cluster, row.octets)


def replayed_up_to(standby: Connection) -> WalPosition | None:
    """Up to where a hot standby shows the changes; None where the server is no standby, or has replayed nothing yet."""
    row = standby.execute(_REPLAYED).one_or_none()
    return None if row is None or row.octets is None else WalPosition(row.cluster, row.octets)


def count_on(connection: Connection, table: str, column: str, highest: int) -> None:
    """Have the numbers that PostgreSQL gives go on after the highest that was restored; SQLite looks by itself."""
    if is_postgresql(connection):
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
        connection.execute(sequence, {"table": table, "column": column, "highest": highest})
