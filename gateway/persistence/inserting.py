"""Writes new rows past SQLAlchemy's unit of work, whose bookkeeping costs several times what the statements do."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, insert, inspect

from gateway.persistence.base import Base
from gateway.persistence.direct import driver_text, is_direct, run
from gateway.persistence.engines import insert_for

_Row = dict[str, Any]


def insert_all(connection: Connection, entities: Sequence[Base]) -> None:
    """Write new entities of one class, each with the same attributes set; none joins a session.

    Foreign keys have to be there: relationships are not looked at. Raises what the database raises, within ``pipelined``
    perhaps only when that is left.
    """
    if not entities:
        return
    kind, rows = type(entities[0]), _rows(entities)
    if not is_direct(connection):
        connection.execute(insert(kind), rows if len(rows) > 1 else rows[0])
        return
    text = driver_text(_insertion(kind), connection.dialect, tuple(rows[0]))
    for row in rows:
        run(connection, text, row)


def insertion(entity: Base, dialect: Dialect) -> tuple[str, _Row]:
    """The statement that writes one entity, and its parameters, as the driver takes them."""
    (row,) = _rows([entity])
    text = driver_text(_insertion(type(entity)), dialect, tuple(row))
    return text.text, text.values(row)


def insert_missing(connection: Connection, entities: Sequence[Base]) -> None:
    """Write new entities of one class, save those whose key is there already: these stay as they are."""
    for row in _rows(entities) if entities else []:
        connection.execute(insert_for(connection, type(entities[0])).values(row).on_conflict_do_nothing())


def insert_numbered(connection: Connection, entities: Sequence[Base]) -> list[int]:
    """The same for a class whose key the database counts up; gives the keys, in the order of ``entities``."""
    if not entities:
        return []
    kind, rows = type(entities[0]), _rows(entities)
    if not is_direct(connection):
        return list(connection.execute(_numbered(kind, in_order=True), rows).scalars())
    text = driver_text(_numbered(kind), connection.dialect, tuple(rows[0]))
    return [cursor.fetchone()[0] for cursor in [run(connection, text, row) for row in rows]]


@lru_cache
def _insertion(kind: type[Base]) -> Any:
    return insert(kind)


@lru_cache
def _numbered(kind: type[Base], *, in_order: bool = False) -> Any:
    (key,) = inspect(kind).primary_key
    return insert(kind).returning(key, sort_by_parameter_order=in_order)


def _rows(entities: Sequence[Base]) -> list[_Row]:
    """What is set of each, and what the class sets itself."""
    columns, fixed, made = _columns(type(entities[0]))
    return [
        fixed
        | {name: make(None) for name, make in made.items()}
        | {name: value for name, value in vars(entity).items() if name in columns}
        for entity in entities
    ]


@lru_cache
def _columns(kind: type[Base]) -> tuple[frozenset[str], _Row, dict[str, Callable[[None], Any]]]:
    """The names of all columns, the defaults that the class gives some, and what makes the defaults of others."""
    columns = kind.__table__.columns
    defaults = {column.name: column.default for column in columns if column.default is not None}
    fixed = {name: default.arg for name, default in defaults.items() if default.is_scalar}
    made = {name: default.arg for name, default in defaults.items() if default.is_callable}
    return frozenset(column.name for column in columns), fixed, made
