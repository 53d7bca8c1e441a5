"""The time-stamp client against servers that answer, refuse, lie, hang and drip."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from certs.tsa import answer_request
from certs.tsa_client import ClientLimits, RemoteTimestamps
from signing.algorithms import SHA256_OID
from signing.errors import TimestampUnavailableError
from signing.sm2 import sm3
from signing.timestamp import build_response, parse_token, verify_imprint
from tests.pki import make_pki

IMPRINT = sm3(b"x")
UNIT = make_pki().unit()
QUICK = ClientLimits(total_seconds=3.0, attempt_seconds=0.5, pause_seconds=0.01, rest_seconds=60.0)


def genuine(request):
    return 200, "application/timestamp-reply", answer_request(request, lambda _: UNIT)


BAD = {
    "a server error": lambda _: (503, "text/plain", b"later"),
    "a redirection": lambda _: (302, "text/plain", b""),
    "another type": lambda request: (200, "text/html", genuine(request)[2]),
    "no response": lambda _: (200, "application/timestamp-reply", b"nonsense"),
    "an endless answer": lambda _: (200, "application/timestamp-reply", bytes(200_000)),
    "a refusal": lambda _: genuine(b"no request"),
    "another imprint": lambda _: (
        200,
        "application/timestamp-reply",
        build_response(UNIT.stamp_request(sm3(b"other"), "1.2.156.10197.1.401", 1)),
    ),
    "another nonce": lambda _: (
        200,
        "application/timestamp-reply",
        build_response(UNIT.stamp_request(IMPRINT, "1.2.156.10197.1.401", 1)),
    ),
    "a changed signature": lambda request: (*genuine(request)[:2], genuine(request)[2][:-1] + b"\0"),
}


@pytest.fixture
def serve():
    """Starts a provider; gives its address and the list of what it was asked."""
    servers = []

    def started(answer):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked.append((self.headers["Content-Type"], body))
                status, kind, content = answer(body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/tsa", asked

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_token_comes_from_the_first_provider(serve):
    (first, asked), (second, spare) = serve(genuine), serve(genuine)
    token = parse_token(RemoteTimestamps((first, second), QUICK).stamp(IMPRINT))
    verify_imprint(token, b"x")
    assert token.nonce is not None
    assert [kind for kind, _ in asked] == ["application/timestamp-query"] and spare == []


def test_the_digest_that_is_asked_for_is_stamped(serve):
    url, _ = serve(genuine)
    assert parse_token(RemoteTimestamps((url,), QUICK).stamp(bytes(32), SHA256_OID)).digest_oid == SHA256_OID


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_the_second_provider_takes_over(answer, serve):
    (bad, asked), (good, _) = serve(answer), serve(genuine)
    verify_imprint(parse_token(RemoteTimestamps((bad, good), QUICK).stamp(IMPRINT)), b"x")
    assert len(asked) == 1


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_without_a_usable_token_the_reason_is_told(answer, serve):
    url, asked = serve(answer)
    with pytest.raises(TimestampUnavailableError, match=url):
        RemoteTimestamps((url,), QUICK).stamp(IMPRINT)
    assert len(asked) == QUICK.rounds


def test_a_provider_that_recovers_is_found_in_the_second_round(serve):
    turns = iter([BAD["a server error"], genuine])

    def recovering(request):
        return next(turns)(request)

    url, asked = serve(recovering)
    verify_imprint(parse_token(RemoteTimestamps((url,), QUICK).stamp(IMPRINT)), b"x")
    assert len(asked) == 2


def test_a_failing_provider_is_left_alone_for_a_while(serve):
    (bad, asked), (good, _) = serve(BAD["a server error"]), serve(genuine)
    now = [1000.0]
    client = RemoteTimestamps((bad, good), QUICK, monotonic=lambda: now[0])
    for _ in range(QUICK.failures + 4):
        client.stamp(IMPRINT)
    assert len(asked) == QUICK.failures
    now[0] += QUICK.rest_seconds
    client.stamp(IMPRINT)
    assert len(asked) == QUICK.failures + 1


def slow(_):
    time.sleep(30)
    return 200, "text/plain", b""


def test_a_hanging_provider_costs_a_bounded_time(serve):
    (hanging, _), (good, _) = serve(slow), serve(genuine)
    started = time.monotonic()
    RemoteTimestamps((hanging, good), QUICK).stamp(IMPRINT)
    assert time.monotonic() - started < 15
    with pytest.raises(TimestampUnavailableError):
        RemoteTimestamps((hanging,), QUICK).stamp(IMPRINT)
    assert time.monotonic() - started < 15 + QUICK.total_seconds


def test_a_dripping_provider_costs_a_bounded_time(monkeypatch):
    client = RemoteTimestamps(("http://127.0.0.1:9/tsa",), QUICK)
    # What no time-out of a socket ends: each byte comes in time, the answer never does.
    monkeypatch.setattr(client._outbound, "_ask", lambda *_: time.sleep(30))
    started = time.monotonic()
    with pytest.raises(TimestampUnavailableError, match="no answer in time"):
        client.stamp(IMPRINT)
    assert time.monotonic() - started < 15


def test_only_so_many_attempts_hang_at_once(monkeypatch):
    limits = ClientLimits(total_seconds=0.3, attempt_seconds=0.1, rounds=1, most_waiting=2, failures=99)
    client = RemoteTimestamps(("http://127.0.0.1:9/tsa",), limits)
    monkeypatch.setattr(client._outbound, "_ask", lambda *_: time.sleep(30))
    for reason in ("in time", "in time", "too many"):
        with pytest.raises(TimestampUnavailableError, match=reason):
            client.stamp(IMPRINT)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/nobody-listens", "ftp://127.0.0.1/", "http://["])
def test_an_address_that_does_not_serve_is_told(url):
    with pytest.raises(TimestampUnavailableError):
        RemoteTimestamps((url,), QUICK).stamp(IMPRINT)


def test_without_providers_there_is_no_stamp():
    with pytest.raises(TimestampUnavailableError, match="none is set"):
        RemoteTimestamps((), QUICK).stamp(IMPRINT)


def test_pauses_grow_and_differ_but_stay_within_the_bound():
    pauses = []
    limits = ClientLimits(rounds=4, pause_seconds=0.2, total_seconds=100.0, failures=99)
    client = RemoteTimestamps(("ftp://nowhere/",), limits, sleep=pauses.append)
    with pytest.raises(TimestampUnavailableError):
        client.stamp(IMPRINT)
    assert [0.1 <= pauses[0] <= 0.2, 0.2 <= pauses[1] <= 0.4, 0.4 <= pauses[2] <= 0.8] == [True] * 3
