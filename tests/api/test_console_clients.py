"""Administrators register departments' systems at the console, and what they set holds at the API."""

import json
import re
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import select

from gateway.domain.status import china_day
from gateway.errors import AuthenticationError, ForbiddenError
from gateway.persistence.models import AuditEvent, Enterprise
from gateway.persistence.session import reading
from tests.console_office import AUTHORITY, OTHER_AUTHORITY, Browser, open_office

CLIENTS = "/console/clients"


@pytest.fixture
def office(set_up_home, tmp_path):
    office = open_office(set_up_home, tmp_path / "office")
    yield office
    office.container.deps.engine.dispose()


@pytest.fixture
def app(office):
    return office.app()


@pytest.fixture
def keeper(office, app):
    return Browser(office, app, "administrator")


def filled(office, **values):
    given = {
        "name": "审批系统",
        "organisation": AUTHORITY,
        "scopes": ["licences:read", "licences:issue", "papers:handle"],
        "authority_codes": [office.authority()],
    }
    return given | values


def secret_of(page):
    assert page.status_code == 201, page.text
    return re.search(r'id="client-secret">(.*?)<', page.text)[1]


def registered(office, keeper, **values):
    secret = secret_of(keeper.submit(f"{CLIENTS}/create", **filled(office, **values)))
    (client_id,) = set(re.findall(r"client-[0-9a-f]{16}", keeper.get(CLIENTS).text))
    return client_id, secret


def token(office, client_id, secret, address="10.1.2.3"):
    return office.container.authentication.by_secret(client_id, secret, None, address).token


def events(office, client_id):
    with reading(office.container.deps.sessions) as session:
        query = select(AuditEvent).where(AuditEvent.subject == client_id).order_by(AuditEvent.id)
        return list(session.scalars(query))


def wrong_fields(page):
    assert page.status_code == 422, page.status_code
    return set(re.findall(r'id="(\w+)-wrong"', page.text))


def test_a_system_is_registered_with_all_its_limits(office, keeper, app):
    today = china_day(office.clock())
    until = today + timedelta(days=365)
    public = ECKey.generate_key("P-256", {"kid": "2026-1"}).as_dict(private=False)
    type_code = office.container.catalogue.load().licence_types[0].local_type_code
    client_id, secret = registered(
        office,
        keeper,
        type_codes=[type_code],
        ip_ranges="10.1.0.0/16\n10.2.0.0/16",
        daily_cap="500",
        valid_from=today.isoformat(),
        valid_until=until.isoformat(),
        public_keys=json.dumps({"keys": [public]}),
    )
    client = office.container.clients.get(client_id)
    assert (client.type_codes, client.ip_ranges, client.daily_cap) == ([type_code], ["10.1.0.0/16", "10.2.0.0/16"], 500)
    assert china_day(client.valid_from) == today
    # Good on the whole last day, and not a second longer.
    assert china_day(client.valid_until) == until + timedelta(days=1)
    assert client.public_keys == {"keys": [public]}
    assert not client.is_sandbox
    page = keeper.get(f"{CLIENTS}/{client_id}").text
    for shown in ("10.1.0.0/16", "500", until.isoformat(), public["kid"], AUTHORITY, "papers:handle"):
        assert shown in page, shown
    assert secret not in page and secret not in keeper.get(CLIENTS).text
    (created, made) = events(office, client_id)
    assert (created.action, made.action) == ("client_created", "client_secret_created")
    assert (created.actor["kind"], created.actor["id"]) == ("staff", "administrator")
    assert secret not in json.dumps([created.detail, made.detail])
    held = token(office, client_id, secret)
    answer = app.test_client().get(
        "/api/v1/limits", headers={"Authorization": f"Bearer {held}"}, environ_base={"REMOTE_ADDR": "10.1.2.3"}
    )
    assert answer.headers["RateLimit-Policy"] == '"day";q=500;w=86400'
    with pytest.raises(AuthenticationError):
        token(office, client_id, secret, "10.9.0.1")


def test_wrong_fields_are_named_and_what_was_typed_stays(office, keeper):
    path = f"{CLIENTS}/create"
    page = keeper.submit(path, name="", organisation="", scopes=[], authority_codes=[])
    assert wrong_fields(page) >= {"name", "organisation", "scopes", "authority_codes"}
    page = keeper.submit(
        path, **filled(office, daily_cap="许多", valid_until="明年", public_keys="{", ip_ranges="10.1.0.0/16")
    )
    assert wrong_fields(page) == {"daily_cap", "valid_until", "public_keys"}
    assert "许多" in page.text and "10.1.0.0/16" in page.text
    wrong = {"ip_ranges": "不是网段", "daily_cap": "0", "certificates": "x", "type_codes": ["无"]}
    assert wrong_fields(keeper.submit(path, **filled(office, **wrong))) == wrong.keys()
    private = {"kty": "oct", "k": "AAAA", "kid": "1"}
    page = keeper.submit(path, **filled(office, public_keys=json.dumps({"keys": [private]})))
    assert wrong_fields(page) == {"public_keys"}
    assert office.container.clients.all() == []


def test_an_enterprises_own_system_is_registered_and_changed(office, keeper, app):
    chief = Browser(office, app, "chief")
    with office.container.deps.sessions() as session:
        code = session.scalars(select(Enterprise.unified_social_credit_code).limit(1)).one()
    own = {"authority_codes": [], "scopes": ["signing:write", "signing:read"], "enterprise_code": code}
    mixed = filled(office, **own | {"scopes": ["licences:read"], "authority_codes": [office.authority()]})
    assert wrong_fields(chief.submit(f"{CLIENTS}/create", **mixed)) == {"scopes", "authority_codes"}
    client_id, _ = registered(office, chief, **own)
    page = chief.get(f"{CLIENTS}/{client_id}").text
    assert code in page and "请企业签名" in page and "发证机关" not in page
    assert code in chief.get(CLIENTS).text
    path = f"{CLIENTS}/{client_id}/change"
    form = chief.get(path).text
    assert 'value="signing:write"' in form and "licences:" not in form and "authority_codes" not in form
    assert chief.submit(path, scopes=["signing:read"], daily_cap="5").status_code == 303
    client = office.container.clients.get(client_id)
    assert (client.enterprise_code, client.scopes, client.daily_cap) == (code, ["signing:read"], 5)
    assert "enterprise_code" not in keeper.get(f"{CLIENTS}/create").text
    assert keeper.get(f"{CLIENTS}/{client_id}").status_code == 404


def test_limits_are_set_anew_and_lifted(office, keeper):
    client_id, secret = registered(office, keeper, daily_cap="5", ip_ranges="10.1.0.0/16")
    before = office.container.clients.get(client_id).valid_from
    token(office, client_id, secret)
    path = f"{CLIENTS}/{client_id}/change"
    assert keeper.submit(path, name="新名字", daily_cap="", ip_ranges="", scopes=["licences:read"]).status_code == 303
    client = office.container.clients.get(client_id)
    assert (client.name, client.daily_cap, client.ip_ranges, client.scopes) == ("新名字", None, [], ["licences:read"])
    assert client.valid_from == before
    changed = events(office, client_id)[-1]
    assert changed.action == "client_changed"
    assert changed.detail.keys() == {"name", "daily_cap", "ip_ranges", "scopes", "tokens_ended"}


def test_secrets_are_replaced_and_revoked_at_once(office, keeper):
    client_id, first = registered(office, keeper)
    path = f"{CLIENTS}/{client_id}"
    second = secret_of(keeper.submit(f"{path}/rotate", old_days="3"))
    held = [token(office, client_id, secret) for secret in (first, second)]
    page = keeper.get(path).text
    old, new = re.findall(r"/secrets/(\d+)/revoke", page)
    assert "吊销密钥" in keeper.get(f"{path}/secrets/{old}/revoke").text
    assert keeper.submit(f"{path}/secrets/{old}/revoke").status_code == 303
    for each in held:
        with pytest.raises(AuthenticationError):
            office.container.authentication.by_token(each, "10.1.2.3")
    with pytest.raises(AuthenticationError):
        token(office, client_id, first)
    assert token(office, client_id, second)
    assert re.findall(r"/secrets/(\d+)/revoke", keeper.get(path).text) == [new]
    assert keeper.submit(f"{path}/secrets/{old}/revoke").status_code == 404
    assert events(office, client_id)[-1].action == "client_secret_revoked"
    gateway = secret_of(keeper.submit(f"{path}/rotate", kind="gateway_token", old_days="0"))
    assert gateway not in keeper.get(path).text
    for wrong in ({"old_days": "31"}, {"old_days": "x"}, {"kind": "other"}, {"days": "0"}):
        assert wrong_fields(keeper.submit(f"{path}/rotate", **wrong)) == wrong.keys()


def test_a_system_is_shut_out_and_let_in_again(office, keeper):
    client_id, secret = registered(office, keeper)
    path = f"{CLIENTS}/{client_id}"
    assert keeper.submit(f"{path}/disable").status_code == 303
    with pytest.raises(AuthenticationError):
        token(office, client_id, secret)
    assert "已停用" in keeper.get(CLIENTS).text
    assert keeper.submit(f"{path}/enable").status_code == 303
    assert token(office, client_id, secret)
    assert [event.action for event in events(office, client_id)][-2:] == ["client_disabled", "client_enabled"]


def test_a_sandbox_can_issue_as_soon_as_it_is_registered(office, keeper, app, applications):
    record = next(each for each in applications if each["FZJGMC"] == AUTHORITY)
    client_id, secret = registered(office, keeper, is_sandbox="1")
    headers = {"Authorization": f"Bearer {token(office, client_id, secret, '127.0.0.1')}", "Idempotency-Key": "1"}
    made = app.test_client().post("/api/v1/licences", json={"record": record}, headers=headers)
    assert made.status_code == 201 and ".SAMPLE" in made.get_json()["licence_identifier"]
    assert "沙箱" in keeper.get(f"{CLIENTS}/{client_id}").text


def test_an_administrator_of_one_authority_reaches_only_its_systems(office, keeper, app):
    other = office.authority(OTHER_AUTHORITY)
    chief = Browser(office, app, "chief")
    client_id, _ = registered(office, chief, authority_codes=[office.authority(), other])
    assert client_id not in keeper.get(CLIENTS).text
    for page in ("", "/change", "/rotate", "/disable", "/secrets/1/revoke"):
        assert keeper.get(f"{CLIENTS}/{client_id}{page}").status_code == 404, page
    assert OTHER_AUTHORITY in chief.get(f"{CLIENTS}/create").text
    assert OTHER_AUTHORITY not in keeper.get(f"{CLIENTS}/create").text
    refused = keeper.submit(f"{CLIENTS}/create", **filled(office, authority_codes=[other]))
    assert refused.status_code == 403
    with pytest.raises(ForbiddenError):
        office.container.clients.acting_as(office.actor("window"))
    assert [client.id for client in office.container.clients.all()] == [client_id]


def test_the_pages_say_everything_in_both_languages(office, keeper):
    client_id, _ = registered(office, keeper)
    for path in ("", "/create", f"/{client_id}", f"/{client_id}/rotate", f"/{client_id}/disable"):
        page = keeper.client.get(f"{CLIENTS}{path}?lang=en")
        assert (page.status_code, page.headers["Content-Language"]) == (200, "en")
        # Names are Chinese in every language, and say so; so does the link to the other language.
        text = re.sub(r'<(\w+)[^>]*lang="zh-CN"[^>]*>.*?</\1>', "", page.text, flags=re.DOTALL)
        text = re.sub(r"<style>.*?</style>|<input [^>]*>", "", text, flags=re.DOTALL)
        assert re.findall("[\u4e00-\u9fff]+", text) == [], path
