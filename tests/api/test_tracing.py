"""Traces: sent over OTLP to a receiver of the test, part of the caller's trace, and naming nobody."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway import tracing
from gateway.app import create_app
from gateway.errors import ConfigurationError
from gateway.logs import correlation
from tests.conftest import container_at
from tests.department_server import ROOT

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PERSON = "欧阳慎独"


@contextmanager
def collecting():
    """A collector on this machine; gives its address and what it got."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces", got
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def traced(endpoint, share=1.0):
    tracing.start(endpoint, share)
    try:
        yield
    finally:
        tracing.stop()


def spans(got):
    requests = [ExportTraceServiceRequest.FromString(body) for _, body in got]
    return [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def attributes(span):
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def root_of(span, found):
    """The outermost of our own spans around it."""
    around = [each for each in found if each.span_id == span.parent_span_id]
    return root_of(around[0], found) if around else span


def test_a_request_is_part_of_the_callers_trace_down_to_its_transactions(gallery):
    with collecting() as (endpoint, got):
        with traced(endpoint):
            container = container_at(gallery.container.settings.data_dir)
            app = create_app(container)
            sent = {}
            app.view_functions["health.live"] = lambda: sent.update(correlation()) or ("ok", 200)
            client, headers = app.test_client(), {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            assert client.get(f"/e/91441702MA9Y03WY4L?text={PERSON}", headers=headers).status_code == 200
            client.get("/healthz", headers=headers)
            container.deps.engine.dispose()
        found = spans(got)
    assert {path for path, _ in got} == {"/v1/traces"}
    requests = [span for span in found if span.name == "request"]
    assert {(span.trace_id.hex(), span.parent_span_id.hex()) for span in requests} == {(TRACE, PARENT)}
    page, probe = requests
    assert attributes(page)["http.route"].startswith("/e/<") and attributes(page)["http.response.status_code"] == 200
    transactions = [span for span in found if span.name == "transaction"]
    assert transactions and all(root_of(span, found) == page for span in transactions)
    # What is asked of other systems meanwhile goes on as a part of it.
    assert sent["traceparent"].split("-")[1:3] == [TRACE, probe.span_id.hex()]
    whole = b"".join(body for _, body in got)
    assert not any(word.encode() in whole for word in (PERSON, "91441702MA9Y03WY4L", "127.0.0.1"))


def test_an_error_is_told_by_its_kind_alone():
    with collecting() as (endpoint, got):
        with traced(endpoint), pytest.raises(ValueError, match=PERSON), tracing.span("verify"):
            raise ValueError(PERSON)
        [span] = spans(got)
    assert (span.name, span.status.code, attributes(span)) == ("verify", 2, {"error.type": "ValueError"})
    assert not span.events and PERSON.encode() not in got[0][1]


def test_of_a_share_of_none_only_those_are_kept_that_a_caller_began():
    with collecting() as (endpoint, got):
        with traced(endpoint, share=0.0):
            with tracing.span("verify"):
                pass
            tracing.begun("request", [("traceparent", f"00-{TRACE}-{PARENT}-01")]).end()
        [span] = spans(got)
    assert (span.name, span.trace_id.hex()) == ("request", TRACE)


def test_without_an_address_nothing_of_it_is_imported():
    code = "import sys, gateway.tracing as t; t.start(None, 1.0); print(t.is_on(), 'opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
    rooms = [path for room in ("gateway", "signing", "certs", "verify_web") for path in (ROOT / room).rglob("*.py")]
    assert [path.name for path in rooms if "opentelemetry" in path.read_text()] == ["tracing.py"]


def test_missing_packages_are_said_to_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(ConfigurationError, match=r"opentelemetry\.sdk\.resources"):
        tracing.start("http://127.0.0.1:1/v1/traces", 1.0)
    assert not tracing.is_on()
