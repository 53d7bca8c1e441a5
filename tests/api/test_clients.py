"""Who may call the API: tokens in three forms, x-tif headers, limits, keyed writes, reads on record."""

import hashlib
import hmac
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Response
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.api.auth import ELEMENT_HEADERS, idempotent, recorded, requires
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.errors import ConflictError, IdempotencyConflictError, ValidationFailedError
from gateway.services.access_records import AccessFilter
from gateway.services.authentication import TOKEN_SECONDS
from gateway.services.clients import GATEWAY_TOKEN, ClientSpec
from gateway.services.idempotency import Idempotency, KeptAnswer, KeyedRequest
from signing.sm2 import sm3
from tests.api.conftest import problem_of
from tests.conftest import BASE_URL

AUTHORITY = "11441702G00006660X"
SPEC = ClientSpec("审批系统", "阳江市江城区卫生健康局", frozenset({Scope.LICENCES_READ}), frozenset({AUTHORITY}))
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ELEMENTS = dict.fromkeys(ELEMENT_HEADERS.values(), "%E6%B5%8B%E8%AF%95")


class Desk:
    """A gateway with three routes of its own, and a client of a department."""

    def __init__(self, container):
        self.container, self.executed = container, 0
        app = create_app(container)

        @app.get("/api/v1/try/<subject>")
        @requires(Scope.LICENCES_READ)
        @recorded("subject")
        def read(subject):
            return Response(subject)

        @app.post("/api/v1/try")
        @requires(Scope.LICENCES_READ)
        @idempotent
        def write():
            self.executed += 1
            return Response(f"{self.executed}", status=201, headers={"Location": "/x"})

        @app.post("/api/v1/refuse")
        @requires(Scope.LICENCES_READ)
        @idempotent
        def refuse():
            self.executed += 1
            raise ConflictError("no")

        self.app, self.http = app, app.test_client()

    def register(self, **more):
        client_id = self.container.clients.create(replace(SPEC, **more))
        return client_id, self.container.clients.new_secret(client_id).secret

    def token(self, address="127.0.0.1", **more):
        client_id, secret = self.register(**more)
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        given = self.http.post("/oauth/token", data=form, environ_base={"REMOTE_ADDR": address})
        return {"Authorization": "Bearer " + given.get_json()["access_token"]}


@pytest.fixture
def desk(fresh):
    return Desk(fresh)


def ask(desk, form, **more):
    return desk.http.post("/oauth/token", data={"grant_type": "client_credentials"} | form, **more)


def test_a_secret_gives_a_token_and_a_wrong_one_does_not(desk):
    client_id, secret = desk.register()
    for options in (
        {"form": {"client_id": client_id, "client_secret": secret}},
        {"form": {}, "auth": (client_id, secret)},
    ):
        answer = ask(desk, **options)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        body = answer.get_json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", TOKEN_SECONDS, "licences:read")
        good = {"Authorization": f"Bearer {body['access_token']}"} | ELEMENTS
        assert desk.http.get("/api/v1/try/a", headers=good).data == b"a"
    for form in (
        {"client_id": client_id, "client_secret": secret + "x"},
        {"client_id": "nobody", "client_secret": "x"},
    ):
        refused = ask(desk, form)
        assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")
        assert "WWW-Authenticate" in refused.headers
    assert ask(desk, {}).get_json()["error"] == "invalid_request"
    assert (
        desk.http.post("/oauth/token", data={"grant_type": "password"}).get_json()["error"] == "unsupported_grant_type"
    )
    asked = {"client_id": client_id, "client_secret": secret, "scope": "licences:issue"}
    assert ask(desk, asked).get_json()["error"] == "invalid_scope"


def test_rotation_leaves_the_old_secret_good_for_a_while(desk):
    client_id, old = desk.register()
    new = desk.container.clients.new_secret(client_id).secret
    with pytest.raises(ConflictError):
        desk.container.clients.new_secret(client_id)
    for secret in (old, new):
        assert ask(desk, {"client_id": client_id, "client_secret": secret}).status_code == 200
    later = desk.container.clock() + timedelta(days=8)
    object.__setattr__(desk.container.deps, "clock", lambda: later)
    assert ask(desk, {"client_id": client_id, "client_secret": old}).status_code == 401
    assert ask(desk, {"client_id": client_id, "client_secret": new}).status_code == 200


def test_a_signed_assertion_is_good_once(desk):
    key = ECKey.generate_key("P-256", {"kid": "1"})
    client_id, _ = desk.register(public_keys={"keys": [key.as_dict(private=False)]})
    now = int(desk.container.clock().timestamp())

    def assertion(signer=key, **claims):
        full = {
            "iss": client_id,
            "sub": client_id,
            "aud": f"{BASE_URL}/oauth/token",
            "exp": now + 60,
            "jti": "1",
        } | claims
        token = jwt.encode({"alg": "ES256", "kid": "1"}, full, signer)
        return ask(desk, {"client_assertion_type": ASSERTION, "client_assertion": token}).status_code

    assert assertion() == 200
    assert assertion() == 401
    assert assertion(jti="2") == 200
    for wrong in ({"aud": "https://elsewhere"}, {"exp": now - 1}, {"exp": now + 3600}, {"iss": "x"}, {"jti": None}):
        assert assertion(**({"jti": repr(wrong)} | wrong)) == 401, wrong
    assert assertion(signer=ECKey.generate_key("P-256", {"kid": "1"}), jti="9") == 401
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."
    assert ask(desk, {"client_assertion_type": ASSERTION, "client_assertion": unsigned}).status_code == 401


def test_no_token_a_strange_one_and_an_old_one_are_refused_alike(desk):
    good = desk.token() | ELEMENTS
    assert desk.http.get("/api/v1/try/a", headers=good).status_code == 200
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        refused = desk.http.get("/api/v1/try/a", headers=headers | ELEMENTS)
        problem_of(refused, 401, "NOT_AUTHENTICATED")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    later = desk.container.clock() + timedelta(seconds=TOKEN_SECONDS + 1)
    object.__setattr__(desk.container.deps, "clock", lambda: later)
    problem_of(desk.http.get("/api/v1/try/a", headers=good), 401, "NOT_AUTHENTICATED")
    assert desk.container.retention.purge().counts["access_tokens"] == 1


def test_a_disabled_client_is_out_at_once(desk):
    client_id, secret = desk.register()
    token = ask(desk, {"client_id": client_id, "client_secret": secret}).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"} | ELEMENTS
    desk.container.clients.set_enabled(client_id, is_enabled=False)
    problem_of(desk.http.get("/api/v1/try/a", headers=headers), 401, "NOT_AUTHENTICATED")
    assert ask(desk, {"client_id": client_id, "client_secret": secret}).status_code == 401


def test_scope_address_and_cap_limit_a_client(desk):
    problem_of(
        desk.http.get("/api/v1/try/a", headers=desk.token(scopes=frozenset({Scope.REPORTS_WRITE})) | ELEMENTS),
        403,
        "FORBIDDEN",
    )
    abroad = desk.token("10.1.2.3", ip_ranges=("10.0.0.0/8",)) | ELEMENTS
    problem_of(desk.http.get("/api/v1/try/a", headers=abroad), 403, "FORBIDDEN")
    assert desk.http.get("/api/v1/try/a", headers=abroad, environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200
    capped = desk.token(daily_cap=2) | ELEMENTS
    assert [desk.http.get("/api/v1/try/a", headers=capped).status_code for _ in range(3)] == [200, 200, 429]
    refused = desk.http.get("/api/v1/try/a", headers=capped)
    problem_of(refused, 429, "DAILY_CAP_REACHED")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400


def test_a_wrong_spec_names_every_field(desk):
    wrong = ClientSpec(
        " ",
        "x" * 201,
        frozenset(),
        frozenset({"1"}),
        frozenset({"2"}),
        ("nowhere",),
        0,
        public_keys={"keys": 1},
        certificates=("x",),
    )
    with pytest.raises(ValidationFailedError) as refused:
        desk.container.clients.create(wrong)
    named = {error.field for error in refused.value.errors}
    assert named == {
        "name",
        "organisation",
        "scopes",
        "authority_codes",
        "type_codes",
        "ip_ranges",
        "daily_cap",
        "public_keys",
        "certificates",
    }


def tif(desk, token, client_id, nonce="n1", body=b"", method="GET", target="/api/v1/try/a", offset=0, **changed):
    stamp = str(int(desk.container.clock().timestamp()) + offset)
    over = "\n".join((method, target, stamp, nonce, sm3(body).hex()))
    return (
        {
            "x-tif-paasid": client_id,
            "x-tif-timestamp": stamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": hashlib.sha256(f"{stamp}{token}{nonce}{stamp}".encode()).hexdigest().upper(),
            "x-tif-body-signature": hmac.new(token.encode(), over.encode(), "sm3").hexdigest(),
        }
        | ELEMENTS
        | changed
    )


def test_the_published_vector_of_the_gateway_headers():
    joined = b"1700000000test-token18bcfe56800-abc1231700000000"
    assert hashlib.sha256(joined).hexdigest() == "dfd31a6a09bdc007b6edb9a39b739664d71e6f9f165f98252df7392f35ec0f34"


def test_gateway_headers_are_good_once_and_bind_the_request(desk):
    client_id, _ = desk.register()
    token = desk.container.clients.new_secret(client_id, kind=GATEWAY_TOKEN).secret
    sign = lambda **more: tif(desk, token, client_id, **more)  # noqa: E731
    assert desk.http.get("/api/v1/try/a", headers=sign()).status_code == 200
    problem_of(desk.http.get("/api/v1/try/a", headers=sign()), 401, "NOT_AUTHENTICATED")
    for number, wrong in enumerate(
        (
            {"offset": -400},
            {"offset": 400},
            {"target": "/api/v1/try/b"},
            {"body": b"other"},
            {"method": "POST"},
            {"x-tif-signature": "0" * 64},
            {"x-tif-body-signature": ""},
            {"x-tif-paasid": "nobody"},
            {"x-tif-timestamp": "x"},
        )
    ):
        refused = desk.http.get("/api/v1/try/a", headers=sign(nonce=f"w{number}", **wrong))
        problem_of(refused, 401, "NOT_AUTHENTICATED")
    assert desk.http.get("/api/v1/try/a", headers=sign(nonce="n2")).status_code == 200


def test_a_keyed_write_is_executed_once(desk):
    headers = desk.token() | {"Idempotency-Key": "k1"}
    first, again = (desk.http.post("/api/v1/try", headers=headers, data=b"a") for _ in range(2))
    assert (first.status_code, first.data, first.headers["Location"]) == (201, b"1", "/x")
    assert (again.status_code, again.data, again.headers["Location"]) == (201, b"1", "/x")
    assert (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]) == ("false", "true")
    other = desk.http.post("/api/v1/try", headers=headers, data=b"b")
    problem_of(other, 409, "IDEMPOTENCY_CONFLICT")
    assert desk.executed == 1
    stranger = desk.token() | {"Idempotency-Key": "k1"}
    assert desk.http.post("/api/v1/try", headers=stranger, data=b"b").data == b"2"
    problem_of(desk.http.post("/api/v1/try", headers=desk.token()), 400, "BAD_HEADER")


def test_a_refusal_is_an_answer_that_is_kept_too(desk):
    headers = desk.token() | {"Idempotency-Key": "k"}
    for _ in range(2):
        problem = desk.http.post("/api/v1/refuse", headers=headers)
        assert (problem.status_code, problem.get_json()["code"]) == (409, "CONFLICT")
    assert desk.executed == 1


def test_of_many_at_once_one_executes_and_all_get_its_answer(desk):
    client_id, _ = desk.register()
    request, executed, answers = KeyedRequest(client_id, "k", "d"), [], []

    def execute():
        executed.append(1)
        time.sleep(0.3)
        return KeptAnswer(200, {}, b"done")

    def run():
        answers.append(desk.container.idempotency.once(request, execute)[0].body)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(executed), answers) == (1, [b"done"] * 8)


def test_a_dead_executor_does_not_block_for_ever(desk):
    client_id, _ = desk.register()
    request = KeyedRequest(client_id, "k", "d")
    idempotency = Idempotency(desk.container.deps, monotonic=iter(range(0, 10_000, 5)).__next__, sleep=lambda _: None)
    assert idempotency._take(request, "dead")
    with pytest.raises(IdempotencyConflictError, match="仍在处理"):
        idempotency.once(request, lambda: KeptAnswer(200, {}, b""))
    later = desk.container.clock() + timedelta(seconds=91)
    object.__setattr__(desk.container.deps, "clock", lambda: later)
    assert idempotency.once(request, lambda: KeptAnswer(200, {}, b"x")) == (KeptAnswer(200, {}, b"x"), False)


def test_a_failure_is_not_kept(desk):
    client_id, _ = desk.register()
    request = KeyedRequest(client_id, "k", "d")
    assert desk.container.idempotency.once(request, lambda: KeptAnswer(503, {}, b""))[0].status == 503
    with pytest.raises(ZeroDivisionError):
        desk.container.idempotency.once(request, lambda: 1 / 0)
    assert desk.container.idempotency.once(request, lambda: KeptAnswer(200, {}, b"x"))[1] is False


def test_a_read_on_record_needs_the_five_elements_and_keeps_them(desk):
    token = desk.token()
    missing = desk.http.get("/api/v1/try/abc", headers=token | {"X-Purpose": "x"})
    document = problem_of(missing, 400, "BAD_HEADER")
    assert "X-Caller-User" in document["detail"]
    assert "X-Purpose" not in document["detail"]
    assert desk.http.get("/api/v1/try/abc?fields=a,b", headers=token | ELEMENTS).status_code == 200
    [record] = desk.container.access_records.search(AccessFilter(holder_code="abc"))
    assert record.elements.user_name == record.elements.purpose == "测试"
    assert (record.route, record.fields, record.result) == ("/api/v1/try/<subject>", ("a", "b"), 200)
    later = desk.container.clock() + timedelta(days=1097)
    object.__setattr__(desk.container.deps, "clock", lambda: later)
    assert desk.container.retention.purge().counts["access_records"] == 1


def test_nothing_secret_is_stored_or_shown(desk):
    client_id, secret = desk.register()
    token = ask(desk, {"client_id": client_id, "client_secret": secret}).get_json()["access_token"]
    gateway = desk.container.clients.new_secret(client_id, kind=GATEWAY_TOKEN)
    stored = b"".join(path.read_bytes() for path in desk.container.settings.data_dir.glob("gateway.db*"))
    for hidden in (secret, token, gateway.secret):
        assert hidden.encode() not in stored
        assert hidden not in repr(gateway)
