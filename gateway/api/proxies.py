"""What stands between a caller and us: reverse proxies that are believed, the path that they serve us under, and the
certificate that TLS was ended with.
"""

import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from flask import request
from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.domain.networks import is_within

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BELIEVED = "gateway.proxy_believed"
"""WSGI key: the request came through a proxy of ours. No header of a request becomes a key without ``HTTP_`` before it."""
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


class TrustedProxies:
    """WSGI middleware that believes X-Forwarded headers of our own proxies only.

    With ``networks`` a proxy is known by its address, and the caller is the last address of X-Forwarded-For that is none of
    theirs; without, ``count`` proxies are taken for granted, whoever connects.
    """

    def __init__(self, application: "WSGIApplication", count: int, networks: frozenset[str]) -> None:
        self._application = application
        self._count = count
        self._networks = networks

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The application's answer."""
        hops = self._hops(environ)
        if not hops:
            return self._application(environ, start_response)
        environ[_BELIEVED] = True
        # Each proxy adds itself to the addresses; scheme and host only the nearest one is asked for. The path that we are
        # served under is no proxy's to say: it stands in printed codes, and follows from the public address (PathPrefix).
        nearest = 1 if self._networks else hops
        fixed = ProxyFix(self._application, x_for=hops, x_proto=nearest, x_host=nearest, x_port=0, x_prefix=0)
        return fixed(environ, start_response)

    def _hops(self, environ: "WSGIEnvironment") -> int:
        """How many proxies of ours the request came through."""
        if not self._networks:
            return self._count
        if not is_within(environ.get("REMOTE_ADDR", ""), self._networks):
            return 0
        addresses = parse_list_header(environ.get("HTTP_X_FORWARDED_FOR", ""))
        hops = 1
        while hops < len(addresses) and is_within(addresses[-hops], self._networks):
            hops += 1
        return hops


class PathPrefix:
    """WSGI middleware that serves the application under a path, whether or not the proxy takes the path away.

    The case of the path does not count: the QR codes of licences hold the public address in capitals.
    """

    def __init__(self, application: "WSGIApplication", prefix: str) -> None:
        self._application = application
        self._prefix = prefix

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The application's answer; its links begin with the prefix as the public address writes it."""
        path, length = environ.get("PATH_INFO", ""), len(self._prefix)
        is_whole = path[:length].lower() == self._prefix.lower() and path[length : length + 1] in ("", "/")
        target = environ.get("RAW_URI", "")
        if is_whole:
            path = path[length:] or "/"
        elif target.startswith("/"):
            # A signature is over the path as the client wrote it.
            environ["RAW_URI"] = self._prefix + target
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = self._prefix, path
        return self._application(environ, start_response)


def is_caller_hidden() -> bool:
    """Whether the request came through a proxy that is none of ours: its own address says nothing of who asks."""
    return not request.environ.get(_BELIEVED) and any(name in request.headers for name in _FORWARDED)


def client_certificate(header: str | None) -> bytes:
    """The certificate that the caller proved itself with in TLS, PEM; empty without one.

    It comes from ``header`` where a proxy that is believed ended TLS, or from the server that did so itself: mod_ssl and
    uWSGI name it in ``SSL_CLIENT_CERT``, gunicorn gives the connection.
    """
    environ = request.environ
    if environ.get(_BELIEVED):
        # "+" stands for itself in Base64, and for a blank in what some proxies encode.
        return b"" if header is None else unquote_plus(request.headers.get(header, "").replace("+", "%2B")).encode()
    if named := environ.get("SSL_CLIENT_CERT"):
        return str(named).encode()
    connection = environ.get("gunicorn.socket")
    der = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
    return ssl.DER_cert_to_PEM_cert(der).encode() if der else b""
