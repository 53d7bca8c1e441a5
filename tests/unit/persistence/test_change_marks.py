"""Octets that tell the processes of one machine of each other's commits."""

import subprocess
import sys

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from gateway.persistence.change_marks import ChangeMark


@pytest.fixture
def engine(tmp_path):
    made = create_engine(f"sqlite:///{tmp_path / 'some.sqlite3'}")
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE t (a INTEGER)"))
    yield made
    made.dispose()


def insert(connection):
    connection.execute(text("INSERT INTO t VALUES (1)"))


def test_a_commit_changes_it_for_all_and_nothing_else_does(engine, tmp_path):
    mine, theirs = ChangeMark(tmp_path / "changes"), ChangeMark(tmp_path / "changes")
    mine.watch(engine)
    before = theirs.seen()
    with engine.connect() as connection:
        connection.execute(text("SELECT * FROM t"))
        insert(connection)
        assert theirs.seen() == before  # nobody else sees it yet
    assert theirs.seen() == before  # it was undone
    with engine.begin() as connection:
        insert(connection)
    assert theirs.seen() == mine.seen() != before


def test_a_database_that_fails_changes_it(engine, tmp_path):
    mark = ChangeMark(tmp_path / "changes")
    mark.watch(engine)
    before = mark.seen()
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.execute(text("SELECT * FROM nothing"))
    assert mark.seen() != before


def test_a_commit_of_another_process_changes_it(tmp_path):
    mark = ChangeMark(tmp_path / "changes")
    before = mark.seen()
    code = (
        "import sys; from pathlib import Path; from sqlalchemy import create_engine, text\n"
        "from gateway.persistence.change_marks import ChangeMark\n"
        "engine = create_engine('sqlite://'); ChangeMark(Path(sys.argv[1])).watch(engine)\n"
        "with engine.begin() as connection: connection.execute(text('CREATE TABLE t (a INTEGER)'))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "changes")], check=True)
    assert mark.seen() != before


def test_without_a_file_nothing_is_known_and_writing_goes_on(engine, tmp_path):
    (tmp_path / "no-folder").write_text("")
    mark = ChangeMark(tmp_path / "no-folder" / "changes")
    mark.watch(engine)
    with engine.begin() as connection:
        insert(connection)
    assert mark.seen() is None
