"""Shared fixtures: a closed network, and a gateway that was set up once and is copied for each test."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from gateway.container import Container
from gateway.settings import read_settings
from tests.databases import ENGINES, copy_home, database_of, forget_home, needs_both

# CI judges a change, so that it must not depend on chance; at a desk every run looks for new examples.
hypothesis_settings.register_profile("ci", derandomize=True, print_blob=True)
if os.environ.get("CI"):
    hypothesis_settings.load_profile("ci")

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


def vector_lines(name):
    return [json.loads(line) for line in (VECTORS / "registry" / f"{name}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="session")
def applications():
    return vector_lines("applications")


def container_at(folder, **overrides):
    """The gateway in a folder, on the database that belongs to it (tests/databases.py)."""
    settings = {"data_dir": folder, "key_iterations": 1000, "public_base_url": BASE_URL, "log_level": "ERROR"}
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
