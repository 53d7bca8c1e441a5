"""The production server with a plain JSON route to compare with.

Run as ``python -m tests.department_server DATA_DIR BIND WORKERS``, with the settings in the environment.
"""

import os
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from flask import Flask, Response

from gateway.api.auth import public
from gateway.domain.actors import Scope
from gateway.server import _Server
from gateway.services.clients import ClientSpec
from gateway.settings import read_settings

ROOT = Path(__file__).resolve().parent.parent
BARE = "/bare"


def bare() -> Response:
    """What Flask, gunicorn and the gateway's frame cost by themselves."""
    return Response(b'{"status":"ok"}', mimetype="application/json")


class BareServer(_Server):
    """With the plain route beside the others."""

    def load(self) -> Flask:
        app = super().load()
        app.add_url_rule(BARE, "bare", public(bare))
        return app


def department_headers(container):
    """A registered department that may do everything, by its token; each write still needs its own key."""
    codes = frozenset(container.catalogue.load().authorities_by_code)
    client_id = container.clients.create(
        ClientSpec("测试系统", "测试部门", frozenset(Scope) - {Scope.ADMINISTER}, codes)
    )
    secret = container.clients.new_secret(client_id).secret
    token = container.authentication.by_secret(client_id, secret, None, "127.0.0.1").token
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


@contextmanager
def serving(home, port, *, workers=2, trusted=None, **settings):
    """The server in a process of its own; gives the process once it answers, by TLS where a certificate is ``trusted``."""
    environment = {
        "GATEWAY_KEY_ITERATIONS": "1000",
        "GATEWAY_LOG_LEVEL": "ERROR",
        # Every look-up is counted, and none is refused.
        "GATEWAY_LOOKUPS_PER_MINUTE": "1000000",
        "GATEWAY_CODE_LOOKUPS_PER_MINUTE": "1000000",
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        **{f"GATEWAY_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "tests.department_server", str(home), f"127.0.0.1:{port}", str(workers)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port, trusted)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(port, trusted):
    for _ in range(300):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            if trusted is not None:
                context = ssl.create_default_context(cafile=trusted)
                connection = HTTPSConnection("localhost", port, timeout=5, context=context)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server does not answer")


def workers_of(process):
    """Process ids of gunicorn's workers."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children]


if __name__ == "__main__":
    BareServer(read_settings(data_dir=sys.argv[1]), sys.argv[2], int(sys.argv[3])).run()
