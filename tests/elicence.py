"""The simulated phone in a thread of the tests, and a gateway of a few lines that it can talk to."""

import base64
import json
import re
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gateway.elicence.cards import known_enterprises
from gateway.elicence.simulator import open_simulator
from gateway.services.dependencies import system_clock
from gateway.services.trust_anchors import pem_blocks
from signing.cms import signed_attributes
from signing.deferred import RemoteKey
from signing.keys import SignatureAlgorithm
from signing.sm2 import sm3
from signing.validation.policy import Use
from tests.conftest import vector_lines

TOKEN = "A" * 32
HOLDER = "91441702MA9Y03WY4L"


class Session:
    """One request of the agreed interface over bytes; keeps what was posted."""

    def __init__(self, documents):
        self.documents, self.posts, self.certificate, self.state = documents, [], None, "created"
        self.shown = dict(documents)
        self.expires_at = system_clock() + timedelta(seconds=2)

    def describe(self):
        return {
            "request_id": "r-1",
            "state": self.state,
            "department": {"code": "11441702007331490J", "name": "阳江市江城区市场监督管理局"},
            "enterprise": {"code": HOLDER, "name": "阳江市江城区漠江泰和餐饮服务有限公司"},
            "purpose": "签收食品经营许可证",
            "signer_role": "legal_representative",
            "expires_at": self.expires_at.isoformat(),
            "documents": [self._describe(name, content) for name, content in self.documents.items()],
        }

    def _describe(self, name, content):
        return {
            "document_id": name,
            "title": f"文件 {name}",
            "media_type": "text/plain",
            "size": len(content),
            "digest": {"sm3": sm3(self.shown[name]).hex(), "sha256": ""},
            "form": "bytes",
            "url": f"/sign/v1/sessions/{TOKEN}/documents/{name}",
            "to_be_signed": None if self.certificate is None else base64.b64encode(self.to_be_signed(name)).decode(),
            "user_id": "1234567812345678",
        }

    def to_be_signed(self, name):
        key = RemoteKey(SignatureAlgorithm.SM2_WITH_SM3, self.certificate)
        return signed_attributes(message_digest=sm3(self.documents[name]), key=key)


@contextmanager
def gateway_of(session):
    """Its address; it answers for one token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = re.fullmatch(rf"/sign/v1/sessions/{TOKEN}/documents/(\w+)", self.path)
            if found:
                self.send(200, session.shown[found[1]], "application/octet-stream")
            else:
                session.state = "presented"
                self.send(200, json.dumps(session.describe()).encode())

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/certificate"):
                session.certificate = base64.b64decode(body["certificate"])
            elif self.path.endswith("/decline"):
                session.state = "declined"
            else:
                session.posts.append(body)
                session.state = "signed"
            self.send(200, json.dumps(session.describe()).encode())

        def send(self, status, body, kind="application/json"):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def phone_at(folder, gateway, *, clock=system_clock):
    """A simulator with the sample enterprises."""
    return open_simulator(folder, known_enterprises(vector_lines("enterprises")), gateway, clock)


def trust_phones(container, simulator):
    """The simulator's CA may vouch for enterprises, and for nothing else."""
    trust = simulator.cards.trust_dir
    [anchor], [crl] = (list((trust / folder).iterdir()) for folder in ("anchors", "crls"))
    lists = pem_blocks(crl, "X509 CRL")
    container.trust_anchors.admit(anchor.stem, pem_blocks(anchor, "CERTIFICATE"), [Use.ENTERPRISE], lists)
