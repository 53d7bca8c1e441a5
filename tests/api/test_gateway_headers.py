"""The x-tif headers on writes: the body is bound, a nonce is good once however many ask, and a replay uses nothing up."""

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.api.auth import ELEMENT_HEADERS
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.services.clients import GATEWAY_TOKEN, ClientSpec
from tests.api.conftest import problem_of

AUTHORITY = "11441702G00006660X"
TARGET = "/elssp/v1/Retrieval"
BODY = '{"UseFor": "办理业务", "CertificateHolderCode": "91441702MA9Y03WY4L"}'.encode()
LIMITS = "/api/v1/limits"


@pytest.fixture
def http(fresh):
    return create_app(fresh).test_client()


@pytest.fixture
def client(fresh):
    """A client with a cap, and its token."""
    scopes = frozenset({Scope.LICENCES_READ})
    spec = ClientSpec("审批系统", "阳江市江城区卫生健康局", scopes, frozenset({AUTHORITY}), daily_cap=50)
    client_id = fresh.clients.create(spec)
    return client_id, fresh.clients.new_secret(client_id, kind=GATEWAY_TOKEN).secret


def openssl(*words, data):
    """A digest by a tool that no one here wrote."""
    done = subprocess.run(["openssl", "dgst", "-r", *words], input=data, capture_output=True, check=True)
    return done.stdout.split()[0].decode()


def signed(fresh, client, nonce, method="POST", target=TARGET, body=BODY, offset=0):
    client_id, token = client
    stamp = str(int(fresh.deps.clock().timestamp()) + offset)
    over = "\n".join((method, target, stamp, nonce, openssl("-sm3", data=body))).encode()
    return {
        "x-tif-paasid": client_id,
        "x-tif-timestamp": stamp,
        "x-tif-nonce": nonce,
        "x-tif-signature": hashlib.sha256(f"{stamp}{token}{nonce}{stamp}".encode()).hexdigest(),
        "x-tif-body-signature": openssl("-sm3", "-hmac", token, data=over),
        "Content-Type": "application/json",
    } | dict.fromkeys(ELEMENT_HEADERS.values(), "x")


def test_a_body_is_bound_octet_by_octet(fresh, http, client):
    assert http.post(TARGET, data=BODY, headers=signed(fresh, client, "n0")).status_code == 200
    for number, other in enumerate((BODY + b" ", BODY.replace(b"4L", b"4X"), b"", BODY[:-1])):
        refused = http.post(TARGET, data=other, headers=signed(fresh, client, f"b{number}"))
        problem_of(refused, 401, "NOT_AUTHENTICATED")
    refused = http.post("/elssp/v1/GetCertificateType", data=BODY, headers=signed(fresh, client, "b9"))
    problem_of(refused, 401, "NOT_AUTHENTICATED")


def test_of_many_replays_one_comes_through_and_none_uses_the_cap_up(fresh, client):
    app, headers = create_app(fresh), signed(fresh, client, "n1")
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: app.test_client().post(TARGET, data=BODY, headers=headers).status_code, range(8))
        )
    assert sorted(found) == [200] + [401] * 7
    assert fresh.authentication.allowance(client[0]).left == 49


def test_a_nonce_is_remembered_for_as_long_as_its_timestamp_is_good(fresh, http, client):
    headers = signed(fresh, client, "n2", offset=299)
    assert http.post(TARGET, data=BODY, headers=headers).status_code == 200
    for minutes in (5, 4.9):
        moment = fresh.deps.clock() + timedelta(minutes=minutes)
        object.__setattr__(fresh.deps, "clock", lambda moment=moment: moment)
        fresh.retention.purge()
        problem_of(http.post(TARGET, data=BODY, headers=headers), 401, "NOT_AUTHENTICATED")


def test_the_scope_and_place_of_the_client_hold_too(fresh, http, client):
    headers = signed(fresh, client, "n3", "GET", LIMITS, b"")
    assert http.get(LIMITS, headers=headers).status_code == 200
    create = signed(fresh, client, "n4", "POST", "/api/v1/licences", b"{}") | {"Idempotency-Key": "k"}
    problem_of(http.post("/api/v1/licences", data=b"{}", headers=create), 403, "FORBIDDEN")


def test_a_replaced_token_ends_and_the_new_one_is_good_before(fresh, http, client):
    new = client[0], fresh.clients.new_secret(client[0], kind=GATEWAY_TOKEN).secret
    for number, each in enumerate((client, new)):
        headers = signed(fresh, each, f"r{number}", "GET", LIMITS, b"")
        assert http.get(LIMITS, headers=headers).status_code == 200
    moment = fresh.deps.clock() + timedelta(days=8)
    object.__setattr__(fresh.deps, "clock", lambda: moment)
    problem_of(http.get(LIMITS, headers=signed(fresh, client, "r3", "GET", LIMITS, b"")), 401, "NOT_AUTHENTICATED")
    assert http.get(LIMITS, headers=signed(fresh, new, "r4", "GET", LIMITS, b"")).status_code == 200
