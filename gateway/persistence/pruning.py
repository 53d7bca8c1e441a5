"""Removal of rows whose time is over, a portion in each transaction, so that none holds its locks for long."""

from sqlalchemy import ColumnElement, delete, func, inspect, select, tuple_
from sqlalchemy.orm import Session

from gateway.persistence.base import Base

PORTION = 1_000
"""Rows that one transaction removes."""


def delete_portion(session: Session, kind: type[Base], over: ColumnElement[bool], most: int) -> int:
    """Remove ``most`` rows at most of one kind that are ``over``; gives how many."""
    key = tuple(inspect(kind).primary_key)
    # The portion is chosen in a subquery: neither engine takes LIMIT in a DELETE as it comes.
    chosen = tuple_(*key).in_(select(*key).where(over).limit(most))
    gone = session.execute(delete(kind).where(chosen).execution_options(synchronize_session=False))
    return int(gone.rowcount)  # type: ignore[attr-defined] # of a DELETE


def count_over(session: Session, kind: type[Base], over: ColumnElement[bool]) -> int:
    """How many rows of one kind are ``over``."""
    return session.scalar(select(func.count()).select_from(kind).where(over)) or 0
