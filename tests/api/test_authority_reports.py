"""Authorities say up to when their data are complete, and everyone sees who did not."""

from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.instants import instant
from tests.api.conftest import conforms, problem_of
from tests.gallery import RICH

PATH = "/api/v1/authority-reports"
TOBACCO, HYGIENE = "11441700G00002221C", "11441702G00006660X"


@pytest.fixture
def department(fresh, as_client):
    return as_client(create_app(fresh), {Scope.REPORTS_WRITE}, authority_codes=frozenset({TOBACCO}))


def test_a_declaration_is_shown_to_everyone_and_in_every_list(department, fresh):
    said = instant(fresh.clock() - timedelta(hours=1))
    answer = department.post(PATH, json={"authority_code": TOBACCO, "complete_as_of": said})
    assert answer.status_code == 201
    assert conforms(answer.get_json(), "AuthorityFreshness")["last_report_at"] == said
    public = create_app(fresh).test_client()
    everyone = conforms(public.get(PATH).get_json(), "AuthorityReports")["authorities"]
    assert {each["state"] for each in everyone} == {"answered", "never_reported"}
    listed = conforms(public.get(f"/api/v1/enterprises/{RICH}/licences").get_json(), "Resolution")
    assert listed["complete"] is False
    assert [each["code"] for each in listed["authorities"] if each["state"] == "answered"] == [TOBACCO]
    assert "AUTHORITIES_SILENT" in {each["code"] for each in listed["reasons"]}


def test_what_is_wrong_is_refused(department, fresh):
    now = fresh.clock()
    for body, status, code in (
        ({"authority_code": HYGIENE, "complete_as_of": instant(now)}, 403, "FORBIDDEN"),
        ({"authority_code": TOBACCO, "complete_as_of": instant(now + timedelta(hours=1))}, 422, "VALIDATION_FAILED"),
        ({"authority_code": TOBACCO, "complete_as_of": "2026-01-01T00:00:00"}, 422, "VALIDATION_FAILED"),
        ({"authority_code": TOBACCO}, 422, "VALIDATION_FAILED"),
    ):
        problem_of(department.post(PATH, json=body), status, code)
