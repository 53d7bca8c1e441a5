"""Conversion over the API and in the console, with the two registers of the kind that arrives."""

import io
import json
import re

import pytest
from openpyxl import load_workbook

from gateway.app import create_app
from gateway.domain.actors import Scope
from tests.api.conftest import conforms, form, problem_of
from tests.conftest import VECTORS
from tests.console_office import Browser, office
from tests.unit.domain.cleaning_rows import GOOD

__all__ = ["office"]
PATH = "/api/v1/conversions"
REGISTER = VECTORS / "conversion" / "paper_licences.xlsx"


def lines(*changes):
    """A register as NDJSON: a good licence, changed so."""
    return "\n".join(json.dumps(GOOD | change, ensure_ascii=False) for change in changes).encode()


def numbered(count):
    return [{"证照号码": f"JY1441700002{number:04}"} for number in range(count)]


@pytest.fixture
def department(fresh, as_client):
    client = as_client(create_app(fresh), {Scope.LICENCES_ISSUE})
    client.services = fresh
    return client


def begin(client, data, name="r.ndjson", **query):
    return client.post(PATH, **form(data, name), query_string=query)


def work_off(container):
    """Do what a worker does."""
    for chunk in container.conversions.pending_chunks():
        container.conversions.work(*chunk)


def test_a_register_is_taken_in_converted_and_its_files_fetched(department):
    answer = begin(department, REGISTER.read_bytes(), "登记表.xlsx", dry_run="true")
    assert answer.status_code == 201, answer.text
    job = conforms(answer.get_json(), "Conversion")
    assert (job["state"], job["file_name"], job["total"], job["failed"]) == ("running", "登记表.xlsx", 600, 104)
    work_off(department.services)
    place = answer.headers["Location"]
    job = conforms(department.get(place).get_json(), "Conversion")
    assert (job["state"], job["by_status"]) == ("finished", {"would_convert": 496, "refused": 103, "duplicate": 1})
    assert sum(job["by_reason"].values()) == 104
    sheet = load_workbook(io.BytesIO(department.get(f"{place}/errors?format=xlsx").data)).active
    assert sheet.max_row == 105
    assert all(sheet.cell(row, 3).value for row in range(2, 106))
    text = department.get(f"{place}/errors").data.decode("utf-8-sig")
    assert text.count("\n") >= 105
    assert text.startswith("原表,原行号,原因代码")
    report = [json.loads(line) for line in department.get(f"{place}/report?format=ndjson").data.splitlines()]
    assert len(report) == 600
    assert department.get(f"{place}/samples").data.startswith(b"%PDF-")
    listed = conforms(department.get(PATH).get_json(), "ConversionList")
    assert [each["id"] for each in listed["items"]] == [job["id"]]


def test_a_job_is_paused_resumed_and_cancelled(department):
    job = begin(department, lines(*numbered(3))).get_json()
    state = f"{PATH}/{job['id']}/state"
    assert department.put(state, json={"state": "paused"}).get_json()["state"] == "paused"
    work_off(department.services)
    assert department.get(f"{PATH}/{job['id']}").get_json()["by_status"] == {"pending": 3}
    problem_of(department.put(state, json={"state": "paused"}), 409, "CONFLICT")
    problem_of(department.put(state, json={"state": "staging"}), 422, "VALIDATION_FAILED")
    assert department.put(state, json={"state": "running"}).get_json()["state"] == "running"
    assert begin(department, lines(*numbered(3))).get_json()["id"] == job["id"]
    assert department.put(state, json={"state": "cancelled"}).get_json()["state"] == "cancelled"
    problem_of(department.put(state, json={"state": "running"}), 409, "CONFLICT")


def test_the_job_of_another_client_is_not_there(department, as_client):
    job = begin(department, lines({})).get_json()
    other = as_client(department.application, {Scope.LICENCES_ISSUE})
    problem_of(other.get(f"{PATH}/{job['id']}"), 404, "NOT_FOUND")
    problem_of(other.put(f"{PATH}/{job['id']}/state", json={"state": "cancelled"}), 404, "NOT_FOUND")
    problem_of(other.get(f"{PATH}/{job['id']}/errors"), 404, "NOT_FOUND")
    assert other.get(PATH).get_json() == {"items": []}
    again = begin(other, lines({})).get_json()
    assert again["id"] != job["id"]
    work_off(department.services)
    ends = [department.get(f"{PATH}/{job['id']}"), other.get(f"{PATH}/{again['id']}")]
    assert sorted(next(iter(end.get_json()["by_status"])) for end in ends) == ["already_registered", "converted"]


def test_a_profile_names_the_columns(department):
    department.services.conversion_profiles.save("卫健局", {"我们的编号": "number"})
    row = {("我们的编号" if name == "证照号码" else name): value for name, value in GOOD.items()}
    data = ("\n".join([",".join(row), ",".join(row.values())])).encode("gb18030")
    problem_of(begin(department, data, "r.csv"), 422, "VALIDATION_FAILED")
    assert begin(department, data, "r.csv", profile="卫健局").get_json()["by_status"] == {"pending": 1}
    problem_of(begin(department, data, "r.csv", profile="没有"), 404, "NOT_FOUND")
    found = conforms(department.get("/api/v1/conversion-profiles").get_json(), "ConversionProfileList")
    assert found["items"] == [{"name": "卫健局", "meanings": {"我们的编号": "number"}}]


def test_what_is_no_register_leaves_nothing(department):
    problem_of(department.post(PATH, data={}, content_type="multipart/form-data"), 422, "UNREADABLE_INPUT")
    problem_of(begin(department, b"PK\x03\x04 no workbook", "r.xlsx"), 422, "UNREADABLE_INPUT")
    problem_of(begin(department, lines({}), dry_run="perhaps"), 422, "VALIDATION_FAILED")
    assert department.get(PATH).get_json() == {"items": []}


def test_the_console_takes_a_register_in_and_shows_how_far_it_is(office):
    clerk = Browser(office, office.app(), "window")
    page = clerk.get("/console/conversions")
    token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]

    def upload(data, **fields):
        content = {"csrf": token, "file": (io.BytesIO(data), "登记表.ndjson")} | fields
        return clerk.client.post("/console/conversions", data=content, content_type="multipart/form-data")

    assert "没有收到文件" in clerk.client.post("/console/conversions", data={"csrf": token}).text
    wrong = upload(lines({}), profile="没有")
    assert (wrong.status_code, "没有列映射" in wrong.text) == (404, True)
    other = {"发证机构": "阳江市江城区卫生健康局"}
    place = upload(lines({"有效期止": ""}, other, {}), dry_run="1").headers["Location"]
    page = clerk.get(place)
    assert "必填项空缺 MISSING" in page.text
    assert "发证机关无权颁发 AUTHORITY_NOT_COMPETENT" in page.text
    assert "超出您的范围 OUT_OF_REACH" in page.text
    assert re.search(r'<dd id="failed">3</dd>', page.text)
    assert 'http-equiv="refresh"' not in page.text
    place = upload(REGISTER.read_bytes()).headers["Location"]
    page = clerk.get(place)
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    turned = clerk.client.post(place, data={"csrf": token, "turn": "pause"})
    assert (turned.status_code, "已暂停" in clerk.get(place).text) == (303, True)
    assert clerk.client.post(place, data={"csrf": token, "turn": "resume"}).status_code == 303
    work_off(office.container)
    page = clerk.get(f"{place}?lang=en")
    assert "Failures so far" in page.text
    assert clerk.get(f"{place}/progress").get_json()["state"] == "finished"
    assert clerk.get(f"{place}/errors.csv").data.startswith(b"\xef\xbb\xbf")
