"""The simulator's HTTP server, with TLS and client certificates where they are given."""

import ssl
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from gateway.elicence.pages import create_phone_app
from gateway.elicence.simulator import Simulator


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: addresses hold tokens that open a request."""


def serve(
    simulator: Simulator,
    host: str,
    port: int,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    client_ca: Path | None = None,
) -> BaseWSGIServer:
    """A server that is bound and not yet running; port 0 takes a free one.

    With ``client_ca`` only callers with a certificate of that CA are served (mutual TLS).
    """
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    return make_server(
        host, port, create_phone_app(simulator), threaded=True, request_handler=_QuietHandler, ssl_context=context
    )
