"""Shared fixtures: a closed network, and a gateway that was set up once and is copied for each test."""

import json
import os
import re
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from werkzeug.routing import Rule

from gateway.container import Container
from gateway.domain.status import china_day
from gateway.settings import read_settings
from tests.databases import ENGINES, copy_home, database_of, forget_home, needs_both

# CI judges a change, so that it must not depend on chance; at a desk every run looks for new examples.
hypothesis_settings.register_profile("ci", derandomize=True, print_blob=True)
if os.environ.get("CI"):
    hypothesis_settings.load_profile("ci")

pytest_plugins = ("tests.turns",)


def _compile_routes_once():
    """Each new app has werkzeug compile two functions for each of 170 routes; tests make a thousand apps with the same routes."""
    compiled, known = Rule._compile_builder, {}

    def remembered(rule, append_unknown=True):
        # What is compiled asks the rule for its converters; a default is put into it as one of them writes it.
        converters = sorted((name, type(converter).__qualname__) for name, converter in rule._converters.items())
        key = (append_unknown, rule.rule, *rule._trace, *sorted((rule.defaults or {}).items()), *converters)
        if key not in known:
            known[key] = compiled(rule, append_unknown)
        return known[key]

    Rule._compile_builder = remembered


_compile_routes_once()

VECTORS = Path(__file__).parent / "vectors"
LOOPBACK = ("127.", "::1", "localhost")
BASE_URL = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True, scope="session")
def closed_network():
    """Nothing in the tests may leave this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


DAYS = ("FZRQ", "YXQKSRQ", "YXQJSRQ")
VECTORS_OF = date(2026, 11, 1)
"""The day as of which the sample applications were made; they grow older with the calendar by whole years."""


def days_ahead(days):
    """The day in China so many days from now, as forms and bodies take it."""
    return (china_day(datetime.now(UTC)) + timedelta(days)).isoformat()


def aged(record, years):
    """A sample application with its days moved on, so that what was in force then is in force in any year."""
    days = {name: record[name] for name in DAYS if re.fullmatch(r"\d{4}-\d\d-\d\d", record.get(name, ""))}
    return record | {
        # The 29th of February is not in every year.
        name: f"{int(day[:4]) + years}{day[4:].replace('-02-29', '-02-28')}"
        for name, day in days.items()
    }


def vector_lines(name):
    found = _lines(name)
    if name != "applications":
        return found
    years = max(0, (china_day(datetime.now(UTC)) - VECTORS_OF).days // 366)
    return [aged(record, years) for record in found]


def _lines(name):
    return [json.loads(line) for line in (VECTORS / "registry" / f"{name}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="session")
def applications():
    return vector_lines("applications")


def container_at(folder, **overrides):
    """The gateway in a folder, on the database that belongs to it (tests/databases.py)."""
    settings = {"data_dir": folder, "key_iterations": 1000, "public_base_url": BASE_URL, "log_level": "ERROR"}
    # All tests ask from one address, and some ask very often.
    settings |= {"lookups_per_minute": 1_000_000, "code_lookups_per_minute": 1_000_000}
    return Container(read_settings({}, **settings | {"database_url": database_of(folder)} | overrides))


def pytest_generate_tests(metafunc):
    """Services and the API are tested on both engines, everything else that has a gateway on SQLite."""
    if "database" in metafunc.fixturenames:
        both = needs_both(metafunc.definition.path)
        metafunc.parametrize("database", list(ENGINES) if both else ["sqlite"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def database(request):
    """The engine of this test: what makes an empty database for a folder."""
    with ENGINES[request.param]() as make:
        yield make


@pytest.fixture(scope="session")
def set_up_home(tmp_path_factory, database):
    """A gateway with the sample enterprises and no licences."""
    home = tmp_path_factory.mktemp("home") / "data"
    database(home)
    container = container_at(home)
    container.installation.initialise()
    container.installation.register_samples(vector_lines("enterprises"))
    container.deps.engine.dispose()
    return home


@pytest.fixture(scope="session")
def issued_home(set_up_home, tmp_path_factory, applications):
    """A gateway with all sample licences."""
    home = tmp_path_factory.mktemp("issued") / "data"
    copy_home(set_up_home, home)
    container = container_at(home)
    for application in applications:
        container.licences.issue(application)
    container.deps.engine.dispose()
    return home


@pytest.fixture
def fresh(set_up_home, tmp_path):
    """A copy of the gateway without licences, to be changed at will."""
    copy_home(set_up_home, tmp_path / "data")
    container = container_at(tmp_path / "data")
    yield container
    container.deps.engine.dispose()
    forget_home(tmp_path / "data")


@pytest.fixture
def issued(issued_home, tmp_path):
    """A copy of the gateway with all sample licences, to be changed at will."""
    copy_home(issued_home, tmp_path / "data")
    container = container_at(tmp_path / "data")
    yield container
    container.deps.engine.dispose()
    forget_home(tmp_path / "data")


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)
