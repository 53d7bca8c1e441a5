"""For a second a list is shown again without the register being asked; what this machine writes shows at once all the same."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from gateway.container import Container
from gateway.errors import RegistryUnavailableError
from gateway.persistence.change_marks import ChangeMark
from gateway.persistence.session import QuickReads
from gateway.services import holder_lists
from tests.conftest import container_at
from tests.databases import break_database

CODE = "91441702MA9Y03WY4L"


@pytest.fixture
def questions(monkeypatch):
    """The codes that the register was asked for."""
    asked, real = [], QuickReads.rows

    def counted(self, statement, parameters):
        if statement in (holder_lists._STATE, holder_lists._WHOLE):
            asked.append(parameters["code"])
        return real(self, statement, parameters)

    monkeypatch.setattr(QuickReads, "rows", counted)
    return asked


@pytest.fixture
def monotonic(monkeypatch):
    """A clock that is set by hand: seconds, in a list."""
    now = [1000.0]
    monkeypatch.setattr(holder_lists.time, "monotonic", lambda: now[0])
    return now


def name_of(container):
    return container.codes.resolve(CODE).enterprise.name


def rename(container, name):
    with container.deps.sessions.begin() as session:
        session.execute(
            text("UPDATE enterprises SET name = :n WHERE unified_social_credit_code = :c"), {"n": name, "c": CODE}
        )


def elsewhere(container, tmp_path):
    """The same gateway on another machine: the two do not see each other's files."""
    other = container_at(container.settings.data_dir)
    vars(other.deps)["changes"] = ChangeMark(tmp_path / "another machine")
    return other


def test_the_register_is_asked_once_a_second(fresh, questions, monotonic):
    first = fresh.codes.resolve(CODE)
    monotonic[0] += 0.99
    assert fresh.codes.resolve(CODE).as_of == first.as_of  # it says when it was asked
    assert questions == [CODE]
    monotonic[0] += 0.01
    fresh.codes.resolve(CODE)
    assert questions == [CODE] * 2


def test_by_the_clock_that_was_set_forward_or_back_a_second_is_over_too(fresh, questions, monotonic):
    gateway = Container(fresh.settings, lambda: fresh.clock() + ahead)
    for ahead in (timedelta(0), timedelta(minutes=1), timedelta(minutes=-1)):
        before = fresh.clock() + ahead
        assert gateway.codes.resolve(CODE).as_of >= before
    assert len(questions) == 3


def test_what_another_machine_wrote_shows_within_the_second(fresh, questions, monotonic, tmp_path):
    other, was = elsewhere(fresh, tmp_path), name_of(fresh)
    rename(other, "另一台机器改的名字")
    assert name_of(fresh) == was
    monotonic[0] += 1
    assert name_of(fresh) == "另一台机器改的名字"
    other.deps.engine.dispose()


def test_within_a_write_that_is_open_it_is_asked_each_time(fresh, questions, monotonic):
    name_of(fresh)
    with fresh.deps.sessions.joined():
        rename(fresh, "尚未写完的名字")
        assert name_of(fresh) == "尚未写完的名字"
        rename(fresh, "写完的名字")
        assert name_of(fresh) == "写完的名字"
    assert name_of(fresh) == "写完的名字"
    assert len(questions) == 4


def test_a_database_that_is_gone_is_told_once_anybody_noticed(fresh, monotonic):
    name_of(fresh)
    fresh.deps.engine.dispose()
    break_database(fresh.settings.data_dir)
    name_of(fresh)
    for ask in (fresh.log.backlog, lambda: name_of(fresh)):
        with pytest.raises(RegistryUnavailableError):
            ask()


@pytest.mark.parametrize("why", ["0 seconds", "no mark"])
def test_each_question_asks_where_that_is_set_or_nothing_is_known(fresh, questions, monotonic, tmp_path, why):
    gateway = container_at(fresh.settings.data_dir, **({"status_seconds": 0} if why == "0 seconds" else {}))
    if why == "no mark":
        vars(gateway.deps)["changes"] = ChangeMark(gateway.deps.settings.resolved_key_password_file / "no folder")
    name_of(gateway), name_of(gateway)
    assert len(questions) == 2
    gateway.deps.engine.dispose()
