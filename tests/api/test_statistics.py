"""The reform's indicators over HTTP and in the console; what is counted, tests/unit/services/test_statistics.py says."""

import json

from typer.testing import CliRunner

from gateway.app import create_app
from gateway.cli import app
from gateway.domain.actors import Scope
from tests.api.conftest import conforms, problem_of
from tests.console_office import Browser, shared_office

__all__ = ["shared_office"]
PATH = "/api/v1/statistics"


def test_a_department_asks_for_a_period(fresh, applications, as_client):
    client = as_client(create_app(fresh), {Scope.LICENCES_READ, Scope.LICENCES_ISSUE})
    body = {"record": applications[0], "applied_at": f"{applications[0]['FZRQ']}T09:00:00+08:00"}
    assert client.post("/api/v1/licences", json=body).status_code == 201
    found = conforms(client.get(PATH).get_json(), "Statistics")
    [group] = found["groups"]
    assert (group["area_code"], group["indicators"]["issued"], found["total"]["issued"]) == ("441702", 1, 1)
    # Not printed yet: there is no time to both.
    assert found["total"]["median_hours_to_both"] is None
    wrong = body | {"record": applications[1], "applied_at": "2999-01-01T09:00:00+08:00"}
    errors = problem_of(client.post("/api/v1/licences", json=wrong), 422, "VALIDATION_FAILED")["errors"]
    assert [(each["pointer"], each["code"]) for each in errors] == [("/applied_at", "APPLIED_AFTER_ISSUE")]
    problem_of(client.get(f"{PATH}?first_on=2020-01-01"), 422, "VALIDATION_FAILED")
    problem_of(client.get(f"{PATH}?first_on=yesterday"), 422, "VALIDATION_FAILED")


def test_the_console_shows_them_in_both_languages(shared_office):
    browser = Browser(shared_office, shared_office.app(), "window")
    page = browser.get("/console/statistics")
    assert page.status_code == 200 and "改革指标" in page.text and "公共场所卫生许可证" in page.text
    english = browser.client.get("/console/statistics", headers={"Accept-Language": "en"}).text
    assert "Electronic use" in english and "电子使用占比" not in english
    assert browser.get("/console/statistics?first_on=x").status_code == 400
    assert browser.get("/console/statistics?first_on=2020-01-01").status_code == 422


def test_the_command_tells_the_same(shared_office, monkeypatch):
    settings = shared_office.container.settings
    monkeypatch.setenv("GATEWAY_DATABASE_URL", settings.resolved_database_url)
    command = ["statistics", "--data-dir", str(settings.data_dir)]
    done = CliRunner().invoke(app, [*command, "--json"])
    expected = shared_office.container.statistics.report().to_json()
    assert {**json.loads(done.stdout), "as_of": ""} == {**expected, "as_of": ""}
    assert "新发 issued 1" in CliRunner().invoke(app, command).stdout
    wrong = CliRunner().invoke(app, [*command, "--first", "x"])
    assert wrong.exit_code != 0 and "--first" in str(wrong.exception)
