"""A machine that is cut off is noticed from both ends of its connections to PostgreSQL."""

import pytest
from sqlalchemy import make_url, text

from gateway.persistence.connecting import make_engine
from gateway.persistence.liveness import SERVER_SETTINGS, client_settings
from tools.check_migrations import postgresql


def test_the_server_watches_the_client_and_the_client_the_server(tmp_path):
    with postgresql(tmp_path / "server") as url:
        engine = make_engine(url)
        with engine.connect() as connection:
            # Over a Unix socket the server takes the settings and reads them as 0, so that the source is asked.
            asked = text("SELECT name FROM pg_settings WHERE source = 'session' AND name LIKE 'tcp%'")
            assert set(connection.scalars(asked)) == set(SERVER_SETTINGS)
            info = connection.connection.driver_connection.info.get_parameters()
        engine.dispose()
    assert {name: info[name] for name in client_settings(make_url(url))} == {
        name: str(value) for name, value in client_settings(make_url(url)).items()
    }


@pytest.mark.parametrize("name", ["connect_timeout", "tcp_user_timeout"])
def test_what_the_operator_wrote_into_the_url_goes_before_it(name):
    url = make_url(f"postgresql+psycopg://db.example/licences?{name}=7")
    assert name not in client_settings(url)
    assert set(client_settings(url)) | {name} == set(client_settings(make_url("postgresql+psycopg://db.example/x")))
