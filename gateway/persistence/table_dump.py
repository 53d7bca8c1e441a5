"""All rows of the registry as JSON lines, one file a table: the same for both engines, so that a backup of one can be
restored into the other.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Date, Engine, LargeBinary, Table, func, insert, select

from gateway.persistence.base import Base, UtcDateTime
from gateway.persistence.engines import count_on, one_state

_ROWS_AT_ONCE = 500


def tables() -> list[Table]:
    """Every table, those that others refer to first."""
    return list(Base.metadata.sorted_tables)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the registry as it was at one instant, while others go on writing."""
    with engine.connect() as plain:
        connection = plain.execution_options(**one_state(engine))
        with connection.begin():
            # The snapshot is taken by the first statement, in WAL as in PostgreSQL.
            connection.execute(select(func.count()).select_from(tables()[0]))
            yield connection


def dump_rows(connection: Connection, table: Table, target: Path) -> int:
    """Write the rows of a table, ordered by primary key; gives how many."""
    count = 0
    with target.open("w", encoding="utf-8") as handle:
        result = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
            select(table).order_by(*table.primary_key.columns)
        )
        for row in result.mappings():
            values = {column.name: _to_json(column, row[column.name]) for column in table.columns}
            handle.write(json.dumps(values, ensure_ascii=False) + "\n")
            count += 1
    return count


def load_rows(connection: Connection, table: Table, source: Path) -> int:
    """Write rows from a dump into an empty table; gives how many. ValueError when a line is no row of the table."""
    count = 0
    with source.open(encoding="utf-8") as handle:
        for batch in _batches(handle):
            rows = [_from_json(table, json.loads(line)) for line in batch]
            connection.execute(insert(table), rows)
            count += len(rows)
    _advance_sequence(connection, table)
    return count


def is_empty(connection: Connection) -> bool:
    """Whether no table holds a row."""
    return all(connection.execute(select(table).limit(1)).first() is None for table in tables())


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _advance_sequence(connection: Connection, table: Table) -> None:
    """Numbers that PostgreSQL gives go on after the highest that was restored; SQLite looks by itself."""
    column = table.autoincrement_column
    if column is None:
        return
    highest = connection.scalar(select(func.max(column)))
    if highest is not None:
        count_on(connection, table.name, column.name, highest)


def _to_json(column: Column[Any], value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, date | datetime) and isinstance(column.type, Date | UtcDateTime):
        return value.isoformat()
    return value


def _from_json(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    if values.keys() != {column.name for column in table.columns}:
        raise ValueError(f"a line of {table.name} has other columns than the table")
    return {column.name: _value(column, values[column.name]) for column in table.columns}


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if isinstance(column.type, UtcDateTime) else value
