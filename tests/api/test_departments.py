"""What departments do through the API, from issue to paper, history and copies."""

import json
from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.status import china_day
from tests.api.conftest import problem_of
from tests.conftest import days_ahead

LINE_LIMIT = 64 * 1024


@pytest.fixture
def department(fresh, as_client):
    return as_client(create_app(fresh), frozenset(Scope) - {Scope.ADMINISTER})


@pytest.fixture
def record(applications):
    return applications[0]


@pytest.fixture
def issued(department, record):
    return department.post("/api/v1/licences", json={"record": record, "duplicates": 1})


def path_of(answer, rest=""):
    return f"/api/v1/licences/{answer.get_json()['licence_identifier']}{rest}"


def test_issue_gives_both_forms_by_link_and_the_same_again(department, issued, record):
    assert issued.status_code == 201
    answer = issued.get_json()
    assert answer["newly_issued"] and issued.headers["ETag"] == '"r1"'
    assert issued.headers["Location"] == path_of(issued, "/record")
    files = answer["files"]
    assert [paper["copy_number"] for paper in files["papers"]] == [0, 1]
    for file in (files["electronic"], *files["papers"]):
        pdf = department.get(file["href"])
        assert pdf.mimetype == "application/pdf" and pdf.data.startswith(b"%PDF-")
    again = department.post("/api/v1/licences", json={"record": record, "duplicates": 1})
    assert again.status_code == 200 and again.get_json() == answer | {"newly_issued": False}


def test_broken_fields_are_named_with_pointers_into_the_request(department, record):
    refused = department.post("/api/v1/licences", json={"record": record | {"FZRQ": "2024-13-01"}})
    errors = problem_of(refused, 422, "VALIDATION_FAILED")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/record/FZRQ", "NOT_A_DATE")]
    obligation = {"kind": "missing_papers", "items": [], "due_on": days_ahead(60)}
    refused = department.post("/api/v1/licences", json={"record": record, "obligations": [obligation]})
    errors = problem_of(refused, 422, "VALIDATION_FAILED")["errors"]
    assert [error["pointer"] for error in errors] == ["/obligations/0/items"]


def test_a_record_reads_in_three_vocabularies_and_by_field(department, issued, record):
    path = path_of(issued, "/record")
    whole = department.get(path)
    assert whole.headers["ETag"] == '"r1"' and whole.get_json()["holder"]["code"] == record["CYRSFZJHM"]
    assert department.get(f"{path}?vocabulary=guangdong").get_json()["ZZHM"] == record["ZZHM"]
    assert department.get(f"{path}?vocabulary=national").get_json()["ZZBH"] == record["ZZHM"]
    assert department.get(f"{path}?fields=status,revision").get_json() == {"status": "expired", "revision": 1}
    problem_of(department.get(f"{path}?fields=nonsense"), 422, "VALIDATION_FAILED")
    problem_of(department.get(f"{path}?vocabulary=klingon"), 422, "VALIDATION_FAILED")


def test_search_finds_by_every_filter_and_turns_pages(department, applications):
    for application in applications[:5]:
        assert department.post("/api/v1/licences", json={"record": application}).status_code == 201
    first = department.get("/api/v1/licences?limit=3").get_json()
    rest = department.get(f"/api/v1/licences?limit=3&cursor={first['next_cursor']}").get_json()
    items = first["items"] + rest["items"]
    assert len(items) == 5 and rest["next_cursor"] is None
    one = items[0]
    some_day = sorted(item["valid_until"] for item in items if item["valid_until"])[2]
    for query, expected in (
        (f"holder_code={one['holder']['code']}", lambda x: x["holder"]["code"] == one["holder"]["code"]),
        (f"licence_number={one['licence_number']}", lambda x: x["licence_number"] == one["licence_number"]),
        (f"licence_type_code={one['licence_type']['local_code']}", lambda x: x["licence_type"] == one["licence_type"]),
        (
            f"authority_code={one['issuing_authority']['code']}",
            lambda x: x["issuing_authority"] == one["issuing_authority"],
        ),
        ("status=valid", lambda x: x["status"] == "valid"),
        ("status=expired", lambda x: x["status"] == "expired"),
        ("status=revoked", lambda x: x["status"] == "revoked"),
        ("obligation=missing_papers", lambda x: bool(x["obligations"])),
        (f"issued_from={one['issued_on']}", lambda x: x["issued_on"] >= one["issued_on"]),
        (f"issued_until={one['issued_on']}", lambda x: x["issued_on"] <= one["issued_on"]),
        (f"expires_until={some_day}", lambda x: x["valid_until"] is not None and x["valid_until"] <= some_day),
    ):
        found = department.get(f"/api/v1/licences?{query}").get_json()["items"]
        assert [x["licence_identifier"] for x in found] == [x["licence_identifier"] for x in items if expected(x)], (
            query
        )
    for wrong in ("status=sleeping", "limit=0", "cursor=x", "limit=1&limit=2", "colour=red"):
        problem_of(department.get(f"/api/v1/licences?{wrong}"), 422, "VALIDATION_FAILED")


def test_a_status_change_takes_the_etag_that_was_seen(department, issued, record):
    decision = {"status": "suspended", "legal_ground": "食品安全法", "reason": "整改"}
    path = path_of(issued, "/status-changes")
    changed = department.post(path, json=decision, headers={"If-Match": '"r1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (201, '"r2"')
    problem_of(department.post(path, json=decision, headers={"If-Match": '"r1"'}), 412, "STALE_STATE")
    problem_of(department.post(path, json=decision, headers={"If-Match": "x"}), 400, "BAD_HEADER")
    assert department.get("/api/v1/licences?status=suspended").get_json()["items"][0]["status"] == "suspended"
    history = department.get(path_of(issued, f"/history?on={record['YXQKSRQ']}")).get_json()
    assert [change["status"] for change in history["changes"]] == ["valid", "suspended"]
    assert history["day"]["in_force"] == "yes"
    instant = (history["changes"][0]["recorded_at"], history["changes"][1]["recorded_at"])
    assert instant[0] <= instant[1]


def test_a_new_version_replaces_the_one_before(department, issued, record):
    body = {"kind": "amendment", "reason": "变更", "record": record | {"FZRQ": record["YXQKSRQ"][:4] + "-12-01"}}
    made = department.post(path_of(issued, "/versions"), json=body, headers={"If-Match": issued.headers["ETag"]})
    assert made.status_code == 201 and made.get_json()["licence_identifier"].split(".")[-2] == "002"
    before = department.get(path_of(issued, "/record")).get_json()
    assert before["replaced_by"] == made.get_json()["licence_identifier"]
    listed = department.get("/api/v1/licences").get_json()["items"]
    assert [entry["version"] for entry in listed] == ["002"]


def test_papers_go_from_the_stock_to_the_holder(department, issued, record):
    authority = issued.get_json()["licence_identifier"].split(".")[6]
    delivery = {"authority_code": authority, "form": "A3", "first": "YJ0001", "last": "YJ0010"}
    assert department.post("/api/v1/blank-forms", json=delivery).get_json() == {"received": 10}
    papers = path_of(issued, "/papers")
    printed = department.post(f"{papers}/0/prints", json={"blank_form": "A3", "blank_serial_number": "YJ0001"})
    assert (printed.status_code, printed.get_json()["state"]) == (201, "printed")
    collected = department.post(
        f"{papers}/0/collections", json={"collected_by": "李四"}, headers={"If-Match": printed.headers["ETag"]}
    )
    assert collected.get_json()["state"] == "collected"
    aside = {
        "authority_code": authority,
        "form": "A3",
        "serial_numbers": ["YJ0002"],
        "state": "spoiled",
        "reason": "污损",
    }
    assert department.post("/api/v1/blank-forms/put-aside", json=aside).status_code == 201
    stock = department.get(f"/api/v1/blank-forms?authority_code={authority}").get_json()["items"]
    assert stock == [
        {
            "authority_code": authority,
            "form": "A3",
            "counts": {"in_stock": 8, "issued": 1, "spoiled": 1},
            "next_serial": "YJ0003",
        }
    ]
    assert department.post(f"{papers}/0/returns", json={"reason": "换发"}).get_json()["state"] == "returned"
    assert department.post(f"{papers}/1/voidings", json={"reason": "错误"}).get_json()["state"] == "void"
    assert [paper["state"] for paper in department.get(papers).get_json()["items"]] == ["returned", "void"]


def test_obligations_are_found_and_settled(department, record):
    obligation = {"kind": "missing_papers", "items": ["健康证明"], "due_on": days_ahead(60)}
    issued = department.post("/api/v1/licences", json={"record": record, "obligations": [obligation]})
    found = department.get("/api/v1/obligations?state=open").get_json()["items"]
    assert [entry["items"] for entry in found] == [["健康证明"]]
    path = path_of(issued, f"/obligations/{found[0]['id']}/outcome")
    assert department.post(path, json={"is_fulfilled": True, "note": "已补"}).get_json()["state"] == "fulfilled"
    problem_of(department.post(path, json={"is_fulfilled": True, "note": "已补"}), 409, "CONFLICT")


def test_reports_stand_beside_the_register(department, issued, record):
    body = {"record": record | {"CYRMC": "另一个名字"}, "origin": "旧系统", "blank_serial_number": "A1"}
    reported = department.post("/api/v1/licence-reports", json=body)
    assert (reported.status_code, reported.get_json()["match"]) == (201, "conflict")
    assert department.post("/api/v1/licence-reports", json=body).status_code == 200
    assert department.get(reported.headers["Location"]).get_json()["differences"]
    assert len(department.get("/api/v1/licence-reports").get_json()["items"]) == 1


def test_copies_are_made_and_listed(department, fresh, applications):
    today = china_day(fresh.deps.clock())
    current = next(a for a in applications if a["YXQJSRQ"] == "长期" or a["YXQJSRQ"] > str(today + timedelta(days=30)))
    issued = department.post("/api/v1/licences", json={"record": current})
    body = {"purpose": "招标", "user_name": "阳江市公共资源交易中心", "expires_on": str(today + timedelta(days=7))}
    made = department.post(path_of(issued, "/copies"), json=body)
    assert made.status_code == 201
    assert department.get(made.headers["Location"]).data.startswith(b"%PDF-")
    listed = department.get(f"/api/v1/holders/{current['CYRSFZJHM']}/copies").get_json()["items"]
    assert listed == [made.get_json()]


def batch(department, lines, batch_id="B1", **options):
    body = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    answer = department.post(
        "/api/v1/licence-batches",
        data=body,
        content_type="application/x-ndjson",
        headers={"Batch-Id": batch_id},
        **options,
    )
    return answer, [json.loads(line) for line in answer.data.splitlines()] if answer.status_code == 200 else []


def test_a_batch_answers_line_by_line_in_order_and_goes_on(department, applications):
    lines = [{"record": application} for application in applications[:3]]
    broken = [lines[0], b"{not json\n", {"record": applications[1] | {"FZRQ": "?"}}, b"\n", lines[2]]
    answer, told = batch(department, broken)
    assert (answer.mimetype, answer.headers["Batch-Id"]) == ("application/x-ndjson", "B1")
    assert [(each["line"], each["status"]) for each in told] == [
        (1, "issued"),
        (2, "refused"),
        (3, "refused"),
        (4, "issued"),
    ]
    assert [error["pointer"] for error in told[2]["errors"]] == ["/record/FZRQ"]
    _, again = batch(department, lines)
    assert [each["newly_issued"] for each in again] == [False, True, False]
    assert again[0]["licence_identifier"] == told[0]["licence_identifier"]


def test_batches_keep_their_limits(department, fresh):
    limits = department.get("/api/v1/limits").get_json()
    for lines, code in (
        ([b"{}\n"] * (limits["batch_lines"] + 1), "TOO_MANY_LINES"),
        ([b"x" * (LINE_LIMIT + 1)], "LINE_TOO_LONG"),
        ([b"x" * (LINE_LIMIT + 1) + b"\n"], "LINE_TOO_LONG"),
    ):
        answer, _ = batch(department, lines)
        assert problem_of(answer, 422, "VALIDATION_FAILED")["errors"][0]["code"] == code
    answer, _ = batch(department, [b"{}\n"], batch_id="no spaces")
    problem_of(answer, 422, "VALIDATION_FAILED")
    plain = department.post("/api/v1/licence-batches", json={}, headers={"Batch-Id": "B"})
    problem_of(plain, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_national_operations_give_what_the_registry_has(department, issued, record):
    identifier = issued.get_json()["licence_identifier"]

    def ask(operation, **body):
        return department.post(f"/elssp/v1/{operation}", json={"UseFor": "办理业务", **body})

    types = ask("GetCertificateType").get_json()["data"]
    type_code = next(each["CertificateType"] for each in types if each["CertificateTypeName"] == record["ZZMC"])
    holder = {
        "CertificateType": type_code,
        "CertificateNumber": record["ZZHM"],
        "CertificateHolderCode": record["CYRSFZJHM"],
    }
    data = ask("GetCertificateDataByCertificateID", CertificateID=identifier).get_json()
    assert data["head"]["status"] == "0" and data["data"]["ZZBS"] == identifier
    assert ask("GetCertificateDataByHolder", **holder).get_json() == data
    listed = ask("Retrieval", CertificateHolderCode=record["CYRSFZJHM"], CertificateType=type_code).get_json()
    assert listed["data"] == [data["data"]]
    file = ask("GetCertificateFileByCertificateID", CertificateID=identifier).get_json()
    assert file["data"]["FileData"].startswith("JVBERi0")
    assert ask("GetCertificateFileByHolder", **holder).get_json() == file
    problem_of(ask("GetCertificateDataByHolder", **holder | {"CertificateNumber": "X"}), 404, "NOT_FOUND")
    problem_of(department.post("/elssp/v1/Retrieval", json={"CertificateHolderCode": "x"}), 422, "VALIDATION_FAILED")
