"""Sessions joined into one transaction, on both engines."""

import pytest
from sqlalchemy import text

from gateway.persistence.connecting import make_engine
from gateway.persistence.session import make_sessions, reading
from tools.check_migrations import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def sessions(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'a.db'}"
        yield from _with_table(url)
        return
    with postgresql(tmp_path / "server") as url:
        yield from _with_table(url)


def _with_table(url):
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY)"))
    yield make_sessions(engine)
    engine.dispose()


def add(sessions, number):
    with sessions.begin() as session:
        session.execute(text("INSERT INTO notes VALUES (:number)"), {"number": number})


def notes(sessions):
    with reading(sessions) as session:
        return sorted(session.scalars(text("SELECT id FROM notes")).all())


def test_all_is_committed_together_and_seen_within(sessions):
    outside = make_sessions(sessions.kw["bind"])
    with sessions.joined():
        assert notes(sessions) == []
        add(sessions, 1)
        add(sessions, 2)
        assert notes(sessions) == [1, 2]
    assert notes(outside) == [1, 2]


def test_a_process_that_dies_leaves_nothing(sessions):
    with pytest.raises(KeyboardInterrupt), sessions.joined():  # noqa: PT012 - what was written before is the matter
        add(sessions, 1)
        raise KeyboardInterrupt
    assert notes(sessions) == []


def test_what_fails_within_is_undone_alone(sessions):
    with sessions.joined():
        add(sessions, 1)
        with pytest.raises(ValueError, match="no"), sessions.begin() as session:  # noqa: PT012 - both belong together
            session.execute(text("INSERT INTO notes VALUES (2)"))
            raise ValueError("no")
        add(sessions, 3)
    assert notes(sessions) == [1, 3]


def test_a_first_write_that_fails_leaves_room_for_others(sessions):
    with sessions.joined():
        with pytest.raises(ValueError, match="no"), sessions.begin() as session:  # noqa: PT012 - both belong together
            session.execute(text("INSERT INTO notes VALUES (2)"))
            raise ValueError("no")
        assert notes(sessions) == []
        add(sessions, 3)
    assert notes(sessions) == [3]


def test_reads_alone_begin_nothing(sessions):
    with sessions.joined():
        notes(sessions)
        # On SQLite a second writer would wait for ever if the first had begun.
        add(make_sessions(sessions.kw["bind"]), 7)
    assert notes(sessions) == [7]
