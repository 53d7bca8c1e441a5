"""Lists by where a licence came from: issued here, converted from paper, or also reported the old way."""

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from tests.api.conftest import conforms, problem_of
from tests.unit.domain.cleaning_rows import GOOD
from tests.unit.services.test_conversions import converted, register

OLD_SYSTEM, OTHER_SYSTEM = "食品经营许可旧系统", "另一旧系统"


@pytest.fixture
def department(fresh, as_client):
    return as_client(create_app(fresh), frozenset(Scope))


@pytest.fixture
def numbers(fresh, department, applications, tmp_path):
    """Numbers of two licences that were issued here, and of one that was converted."""
    converted(fresh, register(tmp_path, GOOD))
    issued = [department.post("/api/v1/licences", json={"record": each}) for each in applications[:2]]
    assert [answer.status_code for answer in issued] == [201, 201]
    return [answer.get_json()["licence_number"] for answer in issued], [GOOD["证照号码"]]


def found(department, query="", route="licences"):
    page = department.get(f"/api/v1/{route}?{query}")
    assert page.status_code == 200, page.text
    return conforms(page.get_json(), "RecordPage" if route == "licences" else "ReportPage")["items"]


def numbers_of(items):
    return sorted(item["licence_number"] for item in items)


def report(department, record, origin):
    answer = department.post("/api/v1/licence-reports", json={"record": record, "origin": origin})
    assert answer.status_code == 201, answer.text


def test_records_say_and_are_found_by_where_they_come_from(department, numbers):
    issued, from_paper = numbers
    by_origin = {item["licence_number"]: item["origin"] for item in found(department)}
    assert by_origin == dict.fromkeys(issued, "issued") | dict.fromkeys(from_paper, "converted")
    assert numbers_of(found(department, "origin=issued")) == sorted(issued)
    assert numbers_of(found(department, "origin=converted")) == from_paper
    (item,) = found(department, "origin=converted")
    record = department.get(f"/api/v1/licences/{item['licence_identifier']}/record").get_json()
    assert (record["origin"], record["version_kind"]) == ("converted", "conversion")
    problem_of(department.get("/api/v1/licences?origin=reported"), 422, "VALIDATION_FAILED")


def test_both_tracks_meet_by_the_origin_of_the_report_and_are_not_merged(department, numbers, applications):
    issued, _ = numbers
    report(department, applications[0] | {"CYRMC": "另一个名字"}, OLD_SYSTEM)
    report(department, applications[2], OLD_SYSTEM)
    assert numbers_of(found(department, f"reported_from={OLD_SYSTEM}")) == issued[:1]
    assert len(found(department)) == 3
    # A correction from elsewhere counts instead.
    report(department, applications[0], OTHER_SYSTEM)
    assert found(department, f"reported_from={OLD_SYSTEM}") == []
    assert numbers_of(found(department, f"reported_from={OTHER_SYSTEM}&origin=issued")) == issued[:1]
    assert found(department, f"reported_from={OTHER_SYSTEM}&origin=converted") == []


def test_reports_are_found_by_every_field(department, applications):
    first, second = applications[0], applications[2]
    report(department, first, OLD_SYSTEM)
    report(department, second, OTHER_SYSTEM)
    items = {item["licence_number"]: item for item in found(department, route="licence-reports")}
    wanted = items[first["ZZHM"]]
    for query, field in (
        (f"origin={OLD_SYSTEM}", "origin"),
        (f"licence_number={first['ZZHM']}", "licence_number"),
        (f"licence_type_code={wanted['local_type_code']}", "local_type_code"),
        (f"holder_code={first['CYRSFZJHM']}", "holder"),
    ):
        expected = [item for item in items.values() if item[field] == wanted[field]]
        assert numbers_of(found(department, query, "licence-reports")) == numbers_of(expected), query
    assert found(department, f"origin={OLD_SYSTEM}&licence_number={second['ZZHM']}", "licence-reports") == []


def test_the_end_of_validity_is_bounded_on_both_sides(department, numbers):
    ends = sorted(item["valid_until"] for item in found(department) if item["valid_until"] is not None)
    first, last = ends[0], ends[-1]
    assert [item["valid_until"] for item in found(department, f"expires_until={first}")] == [first]
    later = [item["valid_until"] for item in found(department, f"expires_from={last}")]
    assert set(later) == {last}
    whole = found(department, f"expires_from={first}&expires_until={last}")
    assert sorted(item["valid_until"] for item in whole) == ends
