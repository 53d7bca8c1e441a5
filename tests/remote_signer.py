"""A reference remote signer: the other side of docs/keys.md's protocol, with faults to order."""

import base64
import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from signing import sm2


@dataclass
class RemoteSignerState:
    """What the server holds, was asked, and is to do wrong."""

    keys: dict[str, object]
    token: str | None = None
    statuses: list[int] = field(default_factory=list)
    """Statuses to answer with before signing."""
    answer: bytes | None = None
    """The body instead of a signature."""
    raw: bool = False
    """SM2 as r || s."""
    pause: float = 0.0
    requests: list[dict] = field(default_factory=list)

    def sign(self, name, digest):
        key = self.keys[name]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        value = sm2.backend().sign_digest(key, digest)
        return sm2.signature_to_raw(value) if self.raw else value


@contextmanager
def remote_signer(state, tls=None):
    """Serve on the loopback; gives the URL. ``tls`` is an SSLContext for HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(body | {"authorization": self.headers.get("Authorization")})
            threading.Event().wait(state.pause)
            if state.token and self.headers.get("Authorization") != f"Bearer {state.token}":
                self.reply(401, b"{}")
            elif state.statuses:
                self.reply(state.statuses.pop(0), b"{}")
            elif state.answer is not None:
                self.reply(200, state.answer)
            else:
                value = state.sign(body["key"], base64.b64decode(body["digest"]))
                self.reply(200, json.dumps({"signature": base64.b64encode(value).decode()}).encode())

        def reply(self, status, body):
            self.send_response(status)
            if status in (301, 307):
                self.send_header("Location", "https://elsewhere.invalid/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            """A client that left is what some tests want."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/v1/sign"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def server_context(certificate, key, client_ca=None):
    """TLS for the server; with ``client_ca`` it wants a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context
