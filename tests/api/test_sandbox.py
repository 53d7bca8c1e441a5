"""A sandbox client goes the whole way, paper included, and neither world sees anything of the other."""

import pypdfium2
import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.status import china_day
from tests.api.conftest import problem_of
from tests.gallery import application

FORM = "公共场所卫生许可证正本"


@pytest.fixture
def app(fresh):
    return create_app(fresh)


@pytest.fixture
def record(fresh):
    today = china_day(fresh.clock())
    return application("公共场所卫生许可证", f"粤卫公证字〔{today.year}〕第441710009号", today)


@pytest.fixture
def authority(fresh, record):
    return fresh.catalogue.load().authorities_by_name[record["FZJGMC"]].code


@pytest.fixture
def sandbox(fresh, app, as_client, authority):
    fresh.samples.prepare([authority])
    return as_client(app, frozenset(Scope), is_sandbox=True)


@pytest.fixture
def real(app, as_client):
    return as_client(app, frozenset(Scope))


def receive(client, authority, first="YB0001", last="YB0005"):
    body = {"authority_code": authority, "form": FORM, "first": first, "last": last}
    answer = client.post("/api/v1/blank-forms", json=body)
    assert answer.status_code == 201, answer.text


def stock(client, authority):
    return client.get(f"/api/v1/blank-forms?authority_code={authority}").get_json()["items"]


def issue(client, record, **more):
    answer = client.post("/api/v1/licences", json={"record": record, **more})
    assert answer.status_code == 201, answer.text
    return answer.get_json()["licence_identifier"]


def print_on(client, identifier, serial, copy=0, **more):
    body = {"blank_form": FORM, "blank_serial_number": serial, **more}
    return client.post(f"/api/v1/licences/{identifier}/papers/{copy}/prints", json=body)


def test_a_sample_lives_the_whole_life_on_sample_paper(sandbox, authority, record):
    receive(sandbox, authority)
    identifier = issue(sandbox, record, duplicates=1)
    assert ".SAMPLE" in identifier
    papers = f"/api/v1/licences/{identifier}/papers"
    file = sandbox.get(f"/api/v1/licences/{identifier}/files/paper-0")
    with pypdfium2.PdfDocument(file.data) as pdf:
        assert all("SAMPLE" in page.get_textpage().get_text_range() for page in pdf)
    assert print_on(sandbox, identifier, "YB0001").get_json()["state"] == "printed"
    problem_of(print_on(sandbox, identifier, "YB0001", 1), 409, "CONFLICT")
    assert print_on(sandbox, identifier, "YB0002", reason="卡纸").get_json()["blank_serial_number"] == "YB0002"
    assert print_on(sandbox, identifier, "YB0003", 1).status_code == 201
    collected = sandbox.post(f"{papers}/0/collections", json={"collected_by": "某样本"})
    assert collected.get_json()["state"] == "collected"
    assert sandbox.post(f"{papers}/1/voidings", json={"reason": "错误"}).get_json()["state"] == "void"
    suspended = {"status": "suspended", "legal_ground": "许可法", "reason": "整改"}
    assert sandbox.post(f"/api/v1/licences/{identifier}/status-changes", json=suspended).status_code == 201
    restored = suspended | {"status": "valid", "reason": "整改完成"}
    assert sandbox.post(f"/api/v1/licences/{identifier}/status-changes", json=restored).status_code == 201
    cancelled = suspended | {"status": "cancelled", "reason": "申请"}
    assert sandbox.post(f"/api/v1/licences/{identifier}/status-changes", json=cancelled).status_code == 201
    assert sandbox.post(f"{papers}/0/returns", json={"reason": "注销"}).get_json()["state"] == "returned"
    aside = {"authority_code": authority, "form": FORM, "serial_numbers": ["YB0004"], "state": "returned"}
    assert sandbox.post("/api/v1/blank-forms/put-aside", json=aside | {"reason": "多余"}).status_code == 201
    (counted,) = stock(sandbox, authority)
    assert counted["counts"] == {"in_stock": 1, "returned": 1, "spoiled": 3}


def test_one_number_in_both_stocks_is_two_forms(sandbox, real, authority, record):
    for client in (sandbox, real):
        receive(client, authority)
        again = {"authority_code": authority, "form": FORM, "first": "YB0003", "last": "YB0009"}
        problem_of(client.post("/api/v1/blank-forms", json=again), 409, "CONFLICT")
    identifiers = {client: issue(client, record) for client in (sandbox, real)}
    for client in (sandbox, real):
        assert print_on(client, identifiers[client], "YB0001").status_code == 201
    assert [each["counts"] for each in stock(real, authority)] == [{"in_stock": 4, "issued": 1}]
    assert stock(sandbox, authority) == stock(real, authority)


def test_neither_world_prints_on_the_others_paper(sandbox, real, authority, record):
    receive(real, authority, "ZB0001", "ZB0002")
    receive(sandbox, authority, "YB0001", "YB0002")
    problem_of(print_on(sandbox, issue(sandbox, record), "ZB0001"), 404, "NOT_FOUND")
    problem_of(print_on(real, issue(real, record), "YB0001"), 404, "NOT_FOUND")
    aside = {"authority_code": authority, "form": FORM, "state": "spoiled", "reason": "污损"}
    for client, others in ((sandbox, "ZB0001"), (real, "YB0001")):
        refused = client.post("/api/v1/blank-forms/put-aside", json=aside | {"serial_numbers": [others]})
        problem_of(refused, 404, "NOT_FOUND")


def drifts(client):
    rows = client.get("/api/v1/reconciliations").get_json()["rows"]
    return sorted((row["kind"], row["blank_serial_number"] or row["licence_number"]) for row in rows)


def test_drifts_stay_in_the_world_where_they_are(sandbox, real, authority, record):
    receive(sandbox, authority, "YB0001", "YB0001")
    receive(sandbox, authority, "YB0005", "YB0005")
    identifier = issue(sandbox, record)
    print_on(sandbox, identifier, "YB0001")
    sandbox.post(f"/api/v1/licences/{identifier}/papers/0/voidings", json={"reason": "错误"})
    report = {"record": record | {"ZZHM": "另一份"}, "origin": "旧系统", "blank_form": FORM}
    sandbox.post("/api/v1/licence-reports", json=report | {"blank_serial_number": "YB0005"})
    assert drifts(real) == []
    assert drifts(sandbox) == [
        ("blank_used_twice", "YB0005"),
        ("paper_without_electronic", "YB0005"),
        ("stock_gap", "YB0002–YB0004"),
        ("void_paper", record["ZZHM"]),
    ]
    receive(real, authority, "YB0005", "YB0005")
    receive(real, authority, "YB0009", "YB0009")
    assert drifts(real) == [("stock_gap", "YB0006–YB0008")]
    assert len(drifts(sandbox)) == 4


LISTS = (
    "/api/v1/licences",
    "/api/v1/licence-reports",
    "/api/v1/obligations",
    "/api/v1/holders/{holder}/copies",
    "/api/v1/access-records?holder_code={holder}",
)


def fill(client, record, authority, today):
    """Something in every list."""
    obligation = {"kind": "missing_papers", "items": ["健康证明"], "due_on": record["YXQJSRQ"]}
    identifier = issue(client, record, obligations=[obligation])
    copy = {"purpose": "投标", "user_name": "某中心", "expires_on": today.isoformat()}
    assert client.post(f"/api/v1/licences/{identifier}/copies", json=copy).status_code == 201
    reported = client.post("/api/v1/licence-reports", json={"record": record, "origin": "旧系统"})
    assert reported.status_code == 201
    receive(client, authority)
    assert client.get(f"/api/v1/licences/{identifier}/record").status_code == 200
    return identifier


@pytest.mark.parametrize("filled", ["sandbox", "real"])
def test_no_list_of_one_world_shows_the_other(request, fresh, filled, record, authority):
    clients = {name: request.getfixturevalue(name) for name in ("sandbox", "real")}
    mine, other = clients.pop(filled), next(iter(clients.values()))
    identifier = fill(mine, record, authority, china_day(fresh.clock()))
    holder = record["CYRSFZJHM"]
    for path in LISTS:
        listed = mine.get(path.format(holder=holder)).get_json()["items"]
        assert listed, path
        shown = other.get(path.format(holder=holder)).get_json()["items"]
        if path.startswith("/api/v1/access-records"):
            # Its own questions about the holder are on its record, and nothing that was read of a licence.
            assert {entry["subject"] for entry in shown} == {holder}, path
        else:
            assert shown == [], path
    assert stock(mine, authority) and not stock(other, authority)
    elements = {"UseFor": "办理业务", "CertificateHolderCode": holder}
    assert len(mine.post("/elssp/v1/Retrieval", json=elements).get_json()["data"]) == 1
    assert other.post("/elssp/v1/Retrieval", json=elements).get_json()["data"] == []
    public = fresh.codes.resolve(holder)
    assert [line.licence_identifier for line in public.licences] == ([identifier] if filled == "real" else [])


def test_the_feed_of_one_world_tells_nothing_of_the_other(fresh, sandbox, real, record, authority):
    told = {}
    for client in (sandbox, real):
        receive(client, authority)
        told[client] = issue(client, record)
        assert print_on(client, told[client], "YB0001").status_code == 201
    fresh.log.sequence()
    for client, identifier in told.items():
        page = client.get("/api/v1/events").get_json()
        assert page["items"] and not page["has_more"]
        (other,) = set(told.values()) - {identifier}
        assert identifier in str(page["items"]) and other not in str(page["items"])
