"""Single reads on both engines: the same rows, and what happens when the server goes away."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text

from gateway.errors import RegistryUnavailableError
from gateway.persistence.connecting import make_engine
from gateway.persistence.models import AuditEvent
from gateway.persistence.schema import upgrade
from gateway.persistence.session import Question, QuickReads, make_sessions
from tools.check_migrations import postgresql

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVENTS = select(AuditEvent.id, AuditEvent.occurred_at, AuditEvent.detail).where(
    AuditEvent.subject == bindparam("subject")
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with postgresql(Path(tmp_path_factory.mktemp("server")) / "data") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    url = f"sqlite:///{tmp_path}/a.db" if request.param == "sqlite" else request.getfixturevalue("server")
    made = make_engine(url)
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def on_server(server):
    """Engine and reads on PostgreSQL."""
    made = make_engine(server)
    upgrade(made)
    yield made, QuickReads(made)
    made.dispose()


def add(engine, subject):
    with make_sessions(engine).begin() as session:
        session.add(AuditEvent(occurred_at=AT, action="x", subject=subject, detail={"a": [1]}, actor={}))


def test_rows_have_the_types_of_the_entities(engine):
    add(engine, "one")
    (row,) = QuickReads(engine).rows(EVENTS, {"subject": "one"})
    assert row.occurred_at == AT
    assert row.occurred_at.utcoffset().total_seconds() == 0
    assert row.detail == {"a": [1]}
    assert QuickReads(engine).rows(EVENTS, {"subject": "none"}) == []


def test_what_others_commit_is_seen_at_once(engine):
    reads = QuickReads(engine)
    assert len(reads.rows(EVENTS, {"subject": "later"})) == 0
    add(engine, "later")
    assert len(reads.rows(EVENTS, {"subject": "later"})) == 1


def test_what_is_asked_ahead_answers_each_question_once(engine):
    reads = QuickReads(engine)
    add(engine, "ahead")
    known, other = {"subject": "ahead"}, {"subject": "other"}
    with reads.ahead([Question(EVENTS, known), Question(EVENTS, other)]):
        # On SQLite nothing is asked ahead, and what others write meanwhile is seen.
        assert [row.detail for row in reads.rows(EVENTS, dict(known))] == [{"a": [1]}]
        assert reads.rows(EVENTS, other) == []
        add(engine, "ahead")
        assert len(reads.rows(EVENTS, known)) == 2
    assert len(reads.rows(EVENTS, known)) == 2


def test_all_questions_ahead_are_one_round_trip(on_server, monkeypatch):
    (_, reads), pooled = on_server, []
    monkeypatch.setattr(reads, "_pooled", lambda real=reads._pooled: pooled.append(1) or real())
    with reads.ahead([Question(EVENTS, {"subject": f"q{n}"}) for n in range(50)]):
        assert [reads.rows(EVENTS, {"subject": f"q{n}"}) for n in range(50)] == [[]] * 50
    assert len(pooled) == 1


def test_questions_ahead_of_a_write_that_is_open_are_not_asked_elsewhere(engine):
    reads, sessions = QuickReads(engine), make_sessions(engine)
    event = AuditEvent(occurred_at=AT, action="x", subject="mine", detail={}, actor={})
    with sessions.joined(), sessions.begin() as session:
        session.add(event)
        session.flush()
        with reads.ahead([Question(EVENTS, {"subject": "mine"})]):
            assert len(reads.rows(EVENTS, {"subject": "mine"})) == 1


def test_an_end_of_the_connection_while_asking_ahead_is_not_seen(on_server):
    engine, reads = on_server
    reads.rows(EVENTS, {"subject": "x"})
    cut_others(engine)
    with reads.ahead([Question(EVENTS, {"subject": "x"})]):
        assert reads.rows(EVENTS, {"subject": "x"}) == []


def test_numbers_of_every_size_share_one_prepared_statement(on_server):
    _, reads = on_server
    numbered = select(AuditEvent.subject).where(AuditEvent.id == bindparam("number"))
    for number in (1, 2**14, 2**20, 2**31 - 1):
        reads.rows(numbered, {"number": number})
    prepared = text(
        "SELECT count(*) AS number FROM pg_prepared_statements WHERE statement LIKE 'SELECT audit_events.subject%'"
    )
    assert reads.rows(prepared, {})[0].number == 1


def cut_others(engine):
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))


def test_a_connection_that_was_cut_is_replaced(on_server):
    engine, reads = on_server
    reads.rows(EVENTS, {"subject": "x"})
    cut_others(engine)
    assert reads.rows(EVENTS, {"subject": "x"}) == []


def test_all_connections_of_a_server_that_was_restarted_are_replaced(on_server):
    """Whoever asks first meets one of several that the server closed, not the last of them."""
    engine, reads = on_server
    with reads._pooled(), reads._pooled(), reads._pooled():
        pass
    cut_others(engine)
    assert reads.rows(EVENTS, {"subject": "x"}) == []


def test_without_a_database_it_says_so(tmp_path):
    for url in (f"sqlite:///{tmp_path}/no/such.db", "postgresql+psycopg://nobody@127.0.0.1:9/none"):
        with pytest.raises(RegistryUnavailableError):
            QuickReads(make_engine(url)).rows(EVENTS, {"subject": "x"})
