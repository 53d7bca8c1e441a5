"""What callers may send in place of a proof of who they are is refused, and nothing stumbles over it."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import update
from typer.testing import CliRunner

from gateway.app import create_app
from gateway.cli import app as cli
from gateway.errors import ValidationFailedError
from gateway.persistence.models import IdempotencyRecord
from gateway.services.clients import GATEWAY_TOKEN
from tests.api.test_clients import ASSERTION, AUTHORITY, ELEMENTS, Desk, ask, tif
from tests.conftest import BASE_URL, days_ahead

HOSTILE_PAYLOADS = {
    "deep": "[" * 200_000,
    "surrogate": json.dumps({"sub": "\ud800"}),
    "nul": json.dumps({"sub": "a\0b"}),
    "object": '{"sub": {}}',
    "list": "[]",
}


@pytest.fixture
def desk(fresh):
    return Desk(fresh)


def segment(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def assert_refused(answer):
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("number", [2**31, 10**30])
def test_a_number_that_no_column_holds_is_in_no_address(fresh, number):
    http = create_app(fresh).test_client()
    for path in ("/console/revocations/{}", "/console/wrong-entries/{}", "/api/v1/licences/1/files/paper-{}"):
        assert http.get(path.format(1)).status_code in (303, 401)
        assert http.get(path.format(number)).status_code == 404


@pytest.mark.parametrize("payload", HOSTILE_PAYLOADS.values(), ids=HOSTILE_PAYLOADS)
def test_an_assertion_may_hold_anything(desk, payload):
    assertion = f"{segment('{}')}.{segment(payload)}.{segment('x')}"
    assert_refused(ask(desk, {"client_assertion_type": ASSERTION, "client_assertion": assertion}))


@pytest.mark.parametrize("client_id", ["a\0b", "x" * 100_000, "名"], ids=["nul", "long", "chinese"])
def test_a_client_id_may_be_anything(desk, client_id):
    assert_refused(ask(desk, {"client_id": client_id, "client_secret": "x"}))


@pytest.mark.parametrize("wrong", [{"aud": None}, {"aud": [{}]}, {"aud": 5}, {"jti": "a\0"}, {"jti": ""}], ids=str)
def test_claims_that_a_client_signed_may_be_anything(desk, wrong):
    key = ECKey.generate_key("P-256", {"kid": "k"})
    client_id, _ = desk.register(public_keys={"keys": [key.as_dict(private=False)]})
    right = {"iss": client_id, "sub": client_id, "aud": BASE_URL, "exp": int(time.time()) + 60, "jti": "1"}

    def asked(claims):
        assertion = jwt.encode({"alg": "ES256", "kid": "k"}, claims, key)
        return ask(desk, {"client_assertion_type": ASSERTION, "client_assertion": assertion})

    assert_refused(asked(right | wrong))
    assert asked(right).status_code == 200


@pytest.mark.parametrize("name", ["paasid", "timestamp", "nonce", "signature", "body-signature"])
@pytest.mark.parametrize("value", ["\xe9", "1" * 5000, "\xb2"], ids=["latin", "long", "superscript"])
def test_gateway_headers_may_be_anything(desk, name, value):
    client_id, _ = desk.register()
    token = desk.container.clients.new_secret(client_id, kind=GATEWAY_TOKEN).secret
    headers = tif(desk, token, client_id) | {f"x-tif-{name}": value}
    assert desk.http.get("/api/v1/try/a", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["a%20b", "%E7%85%A7", "a%2Bb", "a?fields=%E7%85%A7"])
def test_the_body_signature_is_over_the_path_as_it_was_sent(desk, path):
    client_id, _ = desk.register()
    token = desk.container.clients.new_secret(client_id, kind=GATEWAY_TOKEN).secret
    target = f"/api/v1/try/{path}"
    assert desk.http.get(target, headers=tif(desk, token, client_id, target=target)).status_code == 200
    other = tif(desk, token, client_id, nonce="n2", target=target.replace("%", "%25", 1))
    assert desk.http.get(target, headers=other).status_code == 401


@pytest.mark.parametrize("key", [ECKey.generate_key("P-256"), OctKey.generate_key(256)], ids=["private", "shared"])
def test_only_public_keys_are_registered(desk, key):
    with pytest.raises(ValidationFailedError) as refused:
        desk.register(public_keys={"keys": [key.as_dict(private=True)]})
    assert [error.code for error in refused.value.errors] == ["NOT_PUBLIC"]
    assert desk.container.clients.all() == []


def test_leaked_secrets_end_at_once_with_their_tokens(desk):
    clients = desk.container.clients
    client_id, first = desk.register()
    second = clients.new_secret(client_id).secret
    proof = {"client_id": client_id, "client_secret": second}
    bearer = {"Authorization": "Bearer " + ask(desk, proof).get_json()["access_token"]} | ELEMENTS
    assert desk.http.get("/api/v1/try/a", headers=bearer).status_code == 200
    third = clients.new_secret(client_id, old_ends_in=timedelta(0)).secret
    for secret, status in ((first, 401), (second, 401), (third, 200)):
        assert ask(desk, proof | {"client_secret": secret}).status_code == status
    assert desk.http.get("/api/v1/try/a", headers=bearer).status_code == 401


def test_a_key_is_free_again_when_its_time_is_over(desk):
    headers = desk.token() | {"Idempotency-Key": "k"}
    assert desk.http.post("/api/v1/try", headers=headers).data == b"1"
    assert desk.http.post("/api/v1/try", headers=headers, data=b"other").status_code == 409
    past = desk.container.clock() - timedelta(seconds=1)
    with desk.container.deps.sessions.begin() as session:
        session.execute(update(IdempotencyRecord).values(expires_at=past, leased_until=past))
    for is_replayed in ("false", "true"):
        answer = desk.http.post("/api/v1/try", headers=headers, data=b"other")
        assert (answer.data, answer.headers["Idempotency-Replayed"]) == (b"2", is_replayed)


def test_the_command_line_takes_the_end_of_a_client_in_utc(fresh, monkeypatch):
    until = days_ahead(400)
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    if url := fresh.settings.database_url:
        monkeypatch.setenv("GATEWAY_DATABASE_URL", url)
    words = ["client", "create", "--name", "审批系统", "--organisation", "卫生健康局", "--authority", AUTHORITY]
    words += ["--scope", "licences:read", "--valid-until", until, "--data-dir", str(fresh.settings.data_dir)]
    try:
        done = CliRunner().invoke(cli, words)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert done.exit_code == 0, done.output
    assert fresh.clients.all()[0].valid_until == datetime.fromisoformat(until).replace(tzinfo=UTC)
