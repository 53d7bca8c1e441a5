"""Spans of the database, where traces are on: one for each transaction with the number of its statements, none of their text."""

from sqlalchemy import Connection, Engine, event

from gateway import tracing

_SPAN, _STATEMENTS = "span", "statements"


def trace_transactions(engine: Engine) -> None:
    """Make spans of this engine's transactions. Statements that go past SQLAlchemy are not counted, their transaction is seen."""
    if not tracing.is_on():
        return
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _count)
    event.listen(engine, "commit", lambda connection: _end(connection, "commit"))
    event.listen(engine, "rollback", lambda connection: _end(connection, "rollback"))


def _begin(connection: Connection) -> None:
    connection.info[_STATEMENTS] = 0
    connection.info[_SPAN] = tracing.begun("transaction", system=connection.engine.name)


def _count(connection: Connection, *_: object) -> None:
    if _STATEMENTS in connection.info:
        connection.info[_STATEMENTS] += 1


def _end(connection: Connection, outcome: str) -> None:
    begun = connection.info.pop(_SPAN, None)
    if begun is not None:
        begun.end(outcome=outcome, statements=connection.info.pop(_STATEMENTS))
