"""Who read what is kept, shown to those whom it concerns, and removed in its time; the network log beside it."""

import itertools
import json
from datetime import timedelta
from urllib.parse import quote

import pytest

from gateway.api.auth import ELEMENT_HEADERS
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.masking import HIDDEN
from gateway.persistence.models import AccessRecord, AuditEvent, DailyUse
from gateway.services.access_records import AccessFilter
from gateway.services.licence_records import LicenceFilter
from gateway.services.network_log import FOLDER
from tests.api.conftest import problem_of

READ = frozenset({Scope.LICENCES_READ})
FOREIGN = frozenset({"11441702G00007401N"})
RECORDS = "/api/v1/access-records"
PERSON = {"X-Caller-User": quote("经办人甲")}


@pytest.fixture
def app(issued):
    return create_app(issued)


@pytest.fixture
def licence(issued):
    """A licence, and what names its authority, type and holder."""
    [first, *_] = issued.licence_records.search(LicenceFilter(limit=1))
    return first


@pytest.fixture
def own(app, as_client, licence):
    """A department that acts for the licence's authority and type only."""
    code, kind = authority_of(licence), licence.facts["licence_type"]["local_code"]
    return as_client(app, READ, authority_codes=frozenset({code}), type_codes=frozenset({kind}))


def authority_of(licence):
    return licence.facts["issuing_authority"]["code"]


def later(container, **gap):
    moment = container.deps.clock() + timedelta(**gap)
    object.__setattr__(container.deps, "clock", lambda: moment)
    return moment


def listed(client, **query):
    answer = client.get(RECORDS, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_reads_of_a_licence_are_shown_to_its_authority_with_the_person_hidden(app, own, as_client, licence):
    identifier = licence.licence_identifier
    other = as_client(app, READ)
    assert other.get(f"/api/v1/licences/{identifier}/record?fields=status", headers=PERSON).status_code == 200
    assert own.get(f"/api/v1/licences/{identifier}/files/electronic", headers=PERSON).status_code == 200
    refused = as_client(app, READ, authority_codes=FOREIGN)
    assert refused.get(f"/api/v1/licences/{identifier}/record", headers=PERSON).status_code == 403
    items = listed(own, licence_identifier=identifier)["items"]
    assert [(item["route"].rpartition("/")[2], item["fields"], item["result"]) for item in items] == [
        ("record", ["status"], 200),
        ("electronic", [], 200),
        ("record", [], 403),
    ]
    assert {item["elements"]["user_name"] for item in items} == {HIDDEN}
    auditor = as_client(app, {Scope.ADMINISTER})
    again = listed(auditor, licence_identifier=identifier)["items"]
    assert [item["elements"]["user_name"] for item in again[:3]] == ["经办人甲"] * 3
    assert again[3]["route"] == RECORDS, "to look at the records is a read too"


def test_records_keep_to_authority_type_sandbox_and_scope(app, own, as_client, licence):
    identifier, holder = licence.licence_identifier, licence.facts["holder"]["code"]
    own.get(f"/api/v1/licences/{identifier}/record", headers=PERSON)
    own.get(f"/api/v1/licences?holder_code={holder}", headers=PERSON)
    for scopes in (READ, {Scope.ADMINISTER}):
        for limits in ({"authority_codes": FOREIGN}, {"type_codes": frozenset({"11441700000000019L034"})}):
            stranger = as_client(app, scopes, **limits)
            problem_of(stranger.get(RECORDS, query_string={"licence_identifier": identifier}), 403, "FORBIDDEN")
            # Those of the same limits who looked before it may show; no read of the licence or its holder does.
            assert {item["route"] for item in listed(stranger, holder_code=holder)["items"]} <= {RECORDS}
        sandbox = as_client(app, scopes, is_sandbox=True)
        problem_of(sandbox.get(RECORDS, query_string={"licence_identifier": identifier}), 404, "NOT_FOUND")
        assert {item["route"] for item in listed(sandbox, holder_code=holder)["items"]} <= {RECORDS}
    problem_of(as_client(app, {Scope.COPIES_MAKE}).get(RECORDS), 403, "FORBIDDEN")


def test_a_list_of_a_holder_is_for_those_who_act_for_all_of_it(app, own, as_client, licence):
    holder = licence.facts["holder"]["code"]
    whole = as_client(app, READ)
    whole.get(f"/api/v1/licences?holder_code={holder}", headers=PERSON)
    own.get(f"/api/v1/licences?holder_code={holder}", headers=PERSON)
    mine = listed(own, holder_code=holder)["items"]
    assert len(mine) == 1, "what the other one saw of the holder is not the first one's business"
    assert {item["client_id"] for item in listed(whole, holder_code=holder)["items"]} > {mine[0]["client_id"]}


def test_records_come_in_pages_and_by_field(own, licence):
    identifier = licence.licence_identifier
    for _ in range(3):
        own.get(f"/api/v1/licences/{identifier}/record", headers=PERSON)
    first = listed(own, licence_identifier=identifier, limit=2, fields="id,result")
    assert [sorted(item) for item in first["items"]] == [["id", "result"]] * 2
    rest = listed(own, licence_identifier=identifier, cursor=first["next_cursor"])
    assert rest["items"][0]["id"] > first["items"][1]["id"]
    assert rest["next_cursor"] is None
    for query in ({}, {"licence_identifier": identifier, "holder_code": "x"}):
        problem_of(own.get(RECORDS, query_string=query), 422, "VALIDATION_FAILED")


def test_copies_and_reports_count_among_the_reads_of_their_holder(app, as_client, licence, issued):
    client = as_client(app, frozenset(Scope) - {Scope.ADMINISTER})
    facts = issued.representations.of(licence.licence_identifier, "guangdong")
    record = {name: value for name, value in facts.items() if not name.startswith(("ZZBS", "ZZBBH", "ZZZT"))}
    made = client.post("/api/v1/licence-reports", json={"record": record, "origin": "旧系统"})
    client.get(made.headers["Location"])
    items = listed(client, holder_code=licence.facts["holder"]["code"])["items"]
    assert made.headers["Location"].rpartition("/")[2] in {item["subject"] for item in items}


def test_national_operations_and_batches_say_whom_they_read(app, as_client, licence, issued):
    client = as_client(app, frozenset(Scope))
    identifier, holder = licence.licence_identifier, licence.facts["holder"]["code"]
    kind, number = licence.facts["licence_type"]["local_code"], licence.facts["licence_number"]
    for operation, body in (
        ("Retrieval", {"CertificateHolderCode": holder}),
        ("GetCertificateDataByCertificateID", {"CertificateID": identifier}),
        (
            "GetCertificateFileByHolder",
            {"CertificateType": kind, "CertificateNumber": number, "CertificateHolderCode": holder},
        ),
    ):
        assert client.post(f"/elssp/v1/{operation}", json={"UseFor": "办理业务", **body}).status_code == 200
    batch = {"Batch-Id": "B7", "Content-Type": "application/x-ndjson"}
    assert client.post("/api/v1/licence-batches", data=b"{}\n", headers=batch).status_code == 200
    with issued.deps.sessions.begin() as session:
        subjects = [row.subject for row in session.query(AccessRecord).order_by(AccessRecord.id)]
    assert subjects == [holder, identifier, identifier, "B7"]


def test_an_element_that_is_missing_or_no_text_is_refused_by_name(own, licence):
    wrong = ["", " ", "%E4", "%00", "50%", "a b", "测试".encode().decode("latin-1"), "x" * 201]
    ways = [("GET", f"/api/v1/licences/{licence.licence_identifier}/record"), ("POST", "/elssp/v1/GetCertificateType")]
    for header, sent, (method, path) in itertools.product(ELEMENT_HEADERS.values(), wrong, ways):
        refused = own.open(path, method=method, headers={header: sent}, json={"UseFor": "办理"})
        assert header in problem_of(refused, 400, "BAD_HEADER")["detail"], (header, sent)


def test_numbers_of_persons_do_not_enter_the_record_in_free_text(own, licence, issued):
    # The sample number of GB 11643.
    headers = {"X-Purpose": quote("核对 11010519491231002X 的许可"), "X-Business-Number": "440524188001010014"}
    own.get(f"/api/v1/licences/{licence.licence_identifier}/record", headers=headers)
    [view] = issued.access_records.search(AccessFilter(licence.licence_identifier))
    assert view.elements.purpose == f"核对 {HIDDEN} 的许可"
    assert view.elements.business_number == "440524188001010014", "the number of a case stays as it is"


def network_lines(container):
    files = sorted((container.settings.data_dir / FOLDER).iterdir())
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_the_network_log_has_every_request_and_nothing_personal(app, own, licence, issued):
    path = f"/api/v1/licences/{licence.licence_identifier}/record"
    own.get(path, headers=PERSON | {"X-Request-Id": "request-0001"})
    visitor = app.test_client()
    visitor.get("/api/v1/enterprises/91441702MA9Y03WY4L/licences", environ_base={"REMOTE_ADDR": "203.0.113.77"})
    visitor.get("/", environ_base={"REMOTE_ADDR": "2001:db8:1:2::3"})
    visitor.get("/healthz")
    lines = network_lines(issued)
    assert [(line["route"], line["status"], line["address"]) for line in lines] == [
        ("/api/v1/licences/<licence_identifier>/record", 200, "127.0.0.1"),
        ("/api/v1/enterprises/<code>/licences", 200, "203.0.113.0/24"),
        ("/", 200, "2001:db8:1::/48"),
    ]
    assert lines[0]["request_id"] == "request-0001"
    assert lines[0]["client_id"].startswith("client-")
    text = json.dumps(lines, ensure_ascii=False)
    for hidden in (licence.licence_identifier, "91441702MA9Y03WY4L", "经办人甲", quote("经办人甲"), "203.0.113.77"):
        assert hidden not in text
    [file] = (issued.settings.data_dir / FOLDER).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_disk_that_takes_no_log_line_does_not_stop_answers(app, issued):
    (issued.settings.data_dir / FOLDER).write_text("in the way")
    assert app.test_client().get("/").status_code == 200


def test_everything_goes_when_its_time_is_over_and_not_before(app, own, licence, issued):
    own.get(f"/api/v1/licences/{licence.licence_identifier}/record", headers=PERSON)
    later(issued, days=184, minutes=-5)
    assert issued.retention.purge().counts["network_log_days"] == 0
    later(issued, days=2)
    app.test_client().get("/")
    counts = issued.retention.purge().counts
    assert (counts["network_log_days"], counts["access_records"]) == (1, 0)
    assert len(network_lines(issued)) == 1, "the day that is being written stays"
    later(issued, days=1096 - 187)
    assert issued.retention.purge().counts["access_records"] == 0
    later(issued, days=2)
    assert issued.retention.purge().counts["access_records"] == 1
    assert issued.retention.purge().counts["access_records"] == 0
    with issued.deps.sessions.begin() as session:
        events = session.query(AuditEvent).filter(AuditEvent.action == "records_purged").order_by(AuditEvent.id).all()
        gone = [event.detail for event in events]
    assert gone == [{"network_log_days": 1}, {"network_log_days": 1}, {"access_records": 1}]


def test_counts_of_past_days_are_forgotten(app, as_client, issued):
    capped = as_client(app, READ, daily_cap=5)
    assert capped.get("/api/v1/limits").status_code == 200
    issued.retention.purge()
    assert capped.get("/api/v1/limits").headers["RateLimit"].startswith('"day";r=3;')
    later(issued, days=1)
    issued.retention.purge()
    with issued.deps.sessions.begin() as session:
        assert session.query(DailyUse).count() == 0
