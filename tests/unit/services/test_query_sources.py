"""Paper licences out of another system's database: what is asked, and that nothing is written there."""

import json

import click
import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import ConfigurationError, NotFoundError, UnreadableInputError
from gateway.services.query_sources import QuerySources
from tests.unit.domain.cleaning_rows import GOOD, HEADINGS

NAMES = ", ".join(f'"{name}"' for name in HEADINGS)
QUERY = f'SELECT {NAMES} FROM old_licences ORDER BY "证照号码"'


@pytest.fixture
def sources(fresh, tmp_path):
    """The file of settings; the gateway's own server plays the other system's."""
    with fresh.deps.engine.begin() as connection:
        connection.execute(
            text(f"CREATE TABLE old_licences ({', '.join(f'{name} text' for name in NAMES.split(', '))})")
        )
        marks = ", ".join(f":c{index}" for index in range(len(HEADINGS)))
        for number in range(3):
            row = GOOD | {"证照号码": f"JY1441700003{number:04}"}
            values = {f"c{index}": row[name] for index, name in enumerate(HEADINGS)}
            connection.execute(text(f"INSERT INTO old_licences VALUES ({marks})"), values)
    return write(tmp_path, "旧系统", url=fresh.settings.resolved_database_url, query=QUERY)


def write(folder, name, **source):
    path = folder / "sources.json"
    path.write_text(json.dumps({"sources": {name: source}}, ensure_ascii=False))
    return path


def count(fresh):
    with fresh.deps.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM old_licences")).scalar_one()


def test_a_query_is_converted_and_kept_as_a_profile(fresh, sources):
    def run(*words):
        settings = {
            "GATEWAY_KEY_ITERATIONS": "1000",
            "GATEWAY_CONVERSION_SOURCES": str(sources),
            "GATEWAY_DATABASE_URL": fresh.settings.resolved_database_url,
            "GATEWAY_DATA_DIR": str(fresh.settings.data_dir),
        }
        result = CliRunner().invoke(app, ["convert", *words, "--json"], env=settings)
        return json.loads(result.stdout)["by_status"] if result.exit_code == 0 else result.exception

    some = QUERY.replace("ORDER", "WHERE \"证照号码\" LIKE '%0' ORDER")
    assert run("--source", "旧系统", "--query", some, "--save-profile", "旧") == {"converted": 1}
    assert fresh.conversion_profiles.query_of("旧") == ("旧系统", some)
    assert run("--profile", "旧") == {"already_registered": 1}
    assert run("--source", "旧系统") == {"already_registered": 1, "converted": 2}
    for wrong in ((), ("register.csv", "--source", "旧系统"), ("--query", QUERY)):
        assert isinstance(run(*wrong), click.UsageError)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM old_licences",
        "SELECT 1; DELETE FROM old_licences",
        "WITH gone AS (DELETE FROM old_licences RETURNING 1) SELECT * FROM gone",
        "SELECT * FROM no_such_table",
        "SELECT 1 AS a, 2 AS a",
        "SELECT * FROM old_licences WHERE 1 = 0",
    ],
)
def test_what_is_no_plain_question_is_refused_and_nothing_is_written(fresh, sources, tmp_path, query):
    with pytest.raises(UnreadableInputError):
        QuerySources(sources).spool("旧系统", query, tmp_path)
    assert count(fresh) == 3


def test_a_password_stands_in_its_own_file_alone(tmp_path):
    said = "postgresql+psycopg://reader:secret@127.0.0.1:1/old"
    with pytest.raises(ConfigurationError) as told:
        QuerySources(write(tmp_path, "旧", url=said)).spool("旧", QUERY, tmp_path)
    assert "secret" not in str(told.value)
    password = tmp_path / "password"
    password.write_text("secret\n")
    password.chmod(0o644)
    file = write(tmp_path, "旧", url=said.replace(":secret", ""), password_file="password")
    with pytest.raises(ConfigurationError):
        QuerySources(file).spool("旧", QUERY, tmp_path)
    password.chmod(0o600)
    with pytest.raises(UnreadableInputError) as told:
        QuerySources(file).spool("旧", QUERY, tmp_path)
    assert "secret" not in str(told.value)
    assert QuerySources(file)._url(QuerySources(file)._source("旧")) == make_url(said)


def test_what_settings_do_not_name_is_not_asked(tmp_path):
    with pytest.raises(NotFoundError):
        QuerySources(None).spool("旧", QUERY, tmp_path)
    for broken in ('{"sources": {"旧": {"link": "sqlite://"}}}', "[]", '{"sources": {"旧": {"url": "mssql://x/y"}}}'):
        path = tmp_path / "sources.json"
        path.write_text(broken)
        with pytest.raises(ConfigurationError):
            QuerySources(path).spool("旧", QUERY, tmp_path)
