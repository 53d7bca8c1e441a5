"""An enterprise's own system: registered by code, asks that enterprise alone, hears of nothing else, and is no department."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from gateway import cli
from gateway.app import create_app
from gateway.domain.actors import ENTERPRISE_SCOPES, Actor, ActorKind, Scope
from gateway.domain.deliveries import ConnectorKind
from gateway.domain.events import TOLD
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm
from gateway.errors import ForbiddenError, NotFoundError, ValidationFailedError
from gateway.persistence.models import Client, Subscription
from gateway.services.access_records import AccessFilter
from gateway.services.clients import ClientChange, ClientSpec, client_actor
from gateway.services.events import START, read_page
from gateway.services.subscriptions import filter_of
from tests.api.conftest import conforms, problem_of
from tests.phones import ROLE, phone_of

DOCUMENTS = (DocumentOrder("合同", DocumentForm.BYTES, b"contract", "text/plain"),)
FEED = "/api/v1/events"


@pytest.fixture
def codes(applications):
    """Two enterprises."""
    return sorted({each["CYRSFZJHM"] for each in applications})[:2]


def spec_of(code, **changes):
    return replace(ClientSpec("合同系统", "某公司", ENTERPRISE_SCOPES, frozenset(), enterprise_code=code), **changes)


def wrong_fields(act):
    with pytest.raises(ValidationFailedError) as raised:
        act()
    return {(each.field, each.code) for each in raised.value.errors}


def test_it_is_an_enterprise_and_nothing_besides(issued, codes):
    clients, authority = issued.clients, next(iter(issued.catalogue.load().authorities_by_code))
    kind = issued.catalogue.load().licence_types[0].local_type_code
    wrong = spec_of(
        codes[0],
        scopes=frozenset({Scope.SIGNING_READ, Scope.LICENCES_READ}),
        authority_codes=frozenset({authority}),
        type_codes=frozenset({kind}),
    )
    named = {(name, "NOT_ALLOWED") for name in ("scopes", "authority_codes", "type_codes")}
    assert wrong_fields(lambda: clients.create(wrong)) == named
    assert wrong_fields(lambda: clients.create(spec_of("91440101MA5CNULL00"))) == {("enterprise_code", "UNKNOWN")}
    client_id = clients.create(spec_of(codes[0], daily_cap=5))
    change = ClientChange(authority_codes=frozenset({authority}))
    assert wrong_fields(lambda: clients.change(client_id, change)) == {("authority_codes", "NOT_ALLOWED")}
    clients.change(client_id, ClientChange(daily_cap=7, scopes=frozenset({Scope.SIGNING_READ})))
    kept = clients.get(client_id)
    assert (kept.enterprise_code, kept.daily_cap, kept.scopes) == (codes[0], 7, ["signing:read"])


def test_an_administrator_of_one_authority_meets_none(issued, codes):
    authority = next(iter(issued.catalogue.load().authorities_by_code))
    client_id = issued.clients.create(spec_of(codes[0]))
    keeper = Actor(ActorKind.STAFF, "keeper", "管理员", frozenset(Scope), frozenset({authority}))
    clients = issued.clients.acting_as(keeper)
    assert clients.all() == []
    with pytest.raises(NotFoundError):
        clients.new_secret(client_id)
    with pytest.raises(ForbiddenError):
        clients.create(spec_of(codes[0]))
    assert client_id in {each.id for each in issued.clients.all()}


def test_what_it_asked_is_no_read_that_a_department_sees(issued, codes, as_client):
    client = as_client(create_app(issued), ENTERPRISE_SCOPES, authority_codes=frozenset(), enterprise_code=codes[0])
    assert client.get("/api/v1/signing-requests", query_string={"enterprise_code": codes[0]}).status_code == 200
    everywhere = frozenset(issued.catalogue.load().authorities_by_code)
    department = Actor(ActorKind.CLIENT, "department", "部门", frozenset({Scope.LICENCES_READ}), everywhere)
    wanted = AccessFilter(holder_code=codes[0])
    assert [each.subject for each in issued.access_records.search(wanted)] == [codes[0]]
    assert issued.access_records.search(wanted, actor=department) == []


def test_it_hears_of_its_own_requests_alone(issued, codes, as_client):
    """In the feed and as the receiver of calls."""
    app, authority = create_app(issued), next(iter(issued.catalogue.load().authorities_by_code))
    own, other = (
        as_client(app, ENTERPRISE_SCOPES, authority_codes=frozenset(), enterprise_code=code) for code in codes
    )
    ids = {}
    for client in issued.clients.all():
        ids[client.enterprise_code] = client.id
    actor = client_actor(issued.clients.get(ids[codes[0]]))
    asked = issued.signing_requests.create(SigningOrder(codes[0], "签合同", ROLE, DOCUMENTS), actor=actor)
    order = SigningOrder(codes[0], "申请", ROLE, DOCUMENTS, department_code=authority)
    of_department = issued.signing_requests.create(order)
    phone = phone_of(issued, codes[0])
    for each in (asked, of_department):
        phone.sign(issued, each.token)
    issued.log.sequence()
    page = conforms(own.get(FEED).get_json(), "EventPage")
    assert [(each["type"], each["subject"]) for each in page["items"]] == [("signing_request_signed", asked.request_id)]
    assert page["items"][0]["data"]["authority_code"] is None
    assert other.get(FEED).get_json()["items"] == []
    of_departments = [e["subject"] for e in as_client(app, {Scope.EVENTS_READ}).get(FEED).get_json()["items"]]
    assert of_department.request_id in of_departments and asked.request_id not in of_departments
    limits = {"actions": [], "authority_codes": [authority], "type_codes": [], "is_sample": False}
    receiver = Subscription(client_id=actor.id, kind=ConnectorKind.WEBHOOK, **limits)
    with issued.deps.sessions() as session:
        wanted = filter_of(receiver, session.get(Client, actor.id), frozenset(TOLD))
        assert [each.subject.name for each in read_page(session, START, 200, wanted).events] == [asked.request_id]


def test_the_signer_is_told_that_the_enterprise_itself_asks(issued, codes, as_client):
    app = create_app(issued)
    client = as_client(app, ENTERPRISE_SCOPES, authority_codes=frozenset(), enterprise_code=codes[0], daily_cap=3)
    body = {
        "enterprise_code": codes[0],
        "purpose": "签合同",
        "signer_role": "handling_person",
        "documents": [{"title": "合同", "form": "bytes", "content": "Y29udHJhY3Q="}],
    }
    made = conforms(client.post("/api/v1/signing-requests", json=body).get_json(), "SigningRequest")
    token = made["qr_text"].rpartition("/")[2]
    told = conforms(app.test_client().get(f"/sign/v1/sessions/{token}").get_json(), "SigningSession")
    assert (told["department"], told["own_system"], told["enterprise"]["code"]) == (None, "审批系统", codes[0])
    page = app.test_client().get(f"/s/{token}").text
    assert "发起系统（本企业自有）" in page and "发起部门" not in page
    assert client.get("/api/v1/events").headers["RateLimit"].startswith('"day";r=1;')
    assert client.get("/api/v1/events").status_code == 200
    problem_of(client.get("/api/v1/events"), 429, "DAILY_CAP_REACHED")


def test_it_is_registered_from_the_command_line(issued, codes, monkeypatch):
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    if url := issued.settings.database_url:
        monkeypatch.setenv("GATEWAY_DATABASE_URL", url)

    def call(*arguments, expect=0):
        result = CliRunner().invoke(cli.app, ["client", *arguments, "--data-dir", str(issued.settings.data_dir)])
        assert result.exit_code == expect, (result.output, result.exception)
        return result.stdout

    words = (
        "create",
        "--name",
        "合同系统",
        "--organisation",
        "某公司",
        "--scope",
        "signing:write",
        "--sandbox",
        "--json",
    )
    call(*words, expect=1)
    client_id = json.loads(call(*words, "--enterprise", codes[0]))["client_id"]
    call("set", client_id, "--daily-cap", "9")
    shown = json.loads(call("show", client_id, "--json"))
    assert (shown["enterprise_code"], shown["authority_codes"], shown["is_sandbox"]) == (codes[0], [], True)
    assert shown["daily_cap"] == 9
    call("set", client_id, "--scope", "licences:read", expect=1)
