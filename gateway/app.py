"""The only wiring to Flask."""

import re
import secrets
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.routing import IntegerConverter, Map

from gateway.api import (
    acceptances,
    access_records,
    archives,
    authority_reports,
    bindings,
    blank_forms,
    challenge_phrases,
    conversions,
    deliveries,
    digests,
    enterprises,
    events,
    health,
    histories,
    holder_certificates,
    licence_batches,
    licence_reports,
    licence_showings,
    licences,
    limits,
    log,
    national_operations,
    oauth,
    obligations,
    paper_checks,
    papers,
    problems,
    purpose_copies,
    reconciliations,
    resolutions,
    seals,
    signed_lists,
    signer_relays,
    signing_requests,
    signing_sessions,
    statistics,
    status_changes,
    status_lists,
    trust,
    trust_answers,
    verifications,
    versions,
)
from gateway.api.auth import require_declarations
from gateway.api.proxies import PathPrefix, TrustedProxies
from gateway.api.replies import container as current_container
from gateway.api.report_forms import HTML_RENDERER
from gateway.console import blueprint as console
from gateway.container import Container
from gateway.errors import ConfigurationError, GatewayError
from gateway.logs import configure_logs, said
from gateway.metrics import ERRORS, REQUEST_SECONDS, REQUESTS
from gateway.services.network_log import NetworkEntry
from gateway.tracing import begun
from verify_web import (
    admission_pages,
    api_docs,
    pages,
    paper_pages,
    report_files,
    script_files,
    signing_pages,
    views,
    wrong_entry_pages,
)
from verify_web.catalogue import translate
from verify_web.compression import compress
from verify_web.policies import PAGE_POLICY

_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_MACHINE_PATHS = ("/api/", "/sign/", "/elssp/", "/oauth/", "/trust/", "/healthz", "/readyz", "/metrics")
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
}
_DEPARTMENTS = (
    acceptances,
    signer_relays,
    licences,
    versions,
    status_changes,
    histories,
    papers,
    blank_forms,
    obligations,
    licence_batches,
    conversions,
    licence_reports,
    authority_reports,
    purpose_copies,
    signing_requests,
    reconciliations,
    statistics,
    national_operations,
    holder_certificates,
    licence_showings,
    seals,
    access_records,
    archives,
    events,
    deliveries,
    limits,
)
_PUBLIC = (
    resolutions,
    signing_sessions,
    enterprises,
    paper_checks,
    signed_lists,
    bindings,
    challenge_phrases,
    verifications,
    digests,
    trust,
    trust_answers,
    status_lists,
    log,
    oauth,
    health,
    views,
    paper_pages,
    wrong_entry_pages,
    admission_pages,
    signing_pages,
    report_files,
    script_files,
    api_docs,
)
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by our own monitors every few seconds; they say nothing of callers."""
_STRICT_TRANSPORT = "max-age=31536000"
"""One year (RFC 6797); sub-domains are others' business."""
_log = structlog.get_logger()
trust.blueprint.after_request(compress)


def create_app(container: Container) -> Flask:
    """The WSGI application of one gateway."""
    configure_logs(container.settings.log_level)
    app = Flask("gateway", static_folder=None)
    app.url_map.converters["int"] = _Number
    app.config["MAX_CONTENT_LENGTH"] = container.settings.max_upload_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = container.settings.max_upload_bytes
    app.extensions["container"] = container
    app.extensions[HTML_RENDERER] = report_files.html_response
    for room in (*_DEPARTMENTS, *_PUBLIC):
        app.register_blueprint(room.blueprint)
    app.register_blueprint(console)
    translate(app)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(GatewayError, _gateway_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _unknown_error)
    settings = container.settings
    if settings.path_prefix:
        _check_prefix(app, settings.path_prefix)
        app.wsgi_app = PathPrefix(app.wsgi_app, settings.path_prefix)  # type: ignore[method-assign] # as below
    if settings.trusted_proxies or settings.trusted_proxy_networks:
        app.wsgi_app = TrustedProxies(  # type: ignore[method-assign] # Flask's own way to add middleware
            app.wsgi_app, settings.trusted_proxies, settings.trusted_proxy_networks
        )
    require_declarations(app)
    return app


class _Number(IntegerConverter):
    """A number that a column of the register holds: a larger one is in no address, and no database is asked for it."""

    def __init__(self, url_map: Map, **limits: Any) -> None:
        super().__init__(url_map, **({"max": 2**31 - 1} | limits))


def _check_prefix(app: Flask, prefix: str) -> None:
    """ConfigurationError for a prefix that a path of ours begins with: behind a proxy that takes it away, one is the other."""
    low, rules = prefix.lower(), [rule.rule.lower() for rule in app.url_map.iter_rules()]
    if app.url_map.bind("").test(low) or any(f"{rule}/".startswith(f"{low}/") for rule in rules):
        raise ConfigurationError(
            f"GATEWAY_PUBLIC_BASE_URL: {prefix} is a path of the gateway itself.",
            hint="Serve it under another path; see docs/operations.md.",
        )


def _begin() -> None:
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    g.span = begun("request", request.headers, method=request.method)
    # No name of ours is other than text without NUL. Flask would put a mark in the place of broken octets and look that
    # up, and PostgreSQL cannot even be asked about NUL.
    if not _is_text(request.environ.get("PATH_INFO", "").encode("latin-1")):
        raise NotFound
    if not _is_text(unquote_to_bytes(request.query_string)):
        raise BadRequest("查询参数中有不能识别的字符。The query is not UTF-8 text, or holds NUL.")


def _is_text(sent: bytes) -> bool:
    """Whether octets of an address are UTF-8 without NUL."""
    try:
        return "\0" not in sent.decode()
    except UnicodeDecodeError:
        return False


def _finish(response: Response) -> Response:
    """Security headers, request id, one log line and the metrics. The path stays out of the log: it holds codes."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _STRICT_TRANSPORT
    response.headers["X-Request-Id"] = g.get("request_id", "")
    route = request.url_rule.rule if request.url_rule is not None else "unknown"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    REQUESTS.labels(route, response.status_code).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)
    _log.info(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
    )
    _end_span(route, response.status_code)
    if request.path not in _PROBES:
        _keep_entry(route, response.status_code, seconds)
    return response


def _end_span(route: str, status: int) -> None:
    """The span is named by the route; a path holds codes."""
    if (made := g.pop("span", None)) is not None:
        failed = str(status) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
        made.end(failed=failed, **{"http.route": route, "http.response.status_code": status})


def _keep_entry(route: str, status: int, seconds: float) -> None:
    """Add the request to the network log. A disk that does not take it is a fault of ours, not of the caller's."""
    actor = g.get("actor")
    entry = NetworkEntry(
        request_id=g.get("request_id", ""),
        client_id="" if actor is None else actor.id,
        address=request.remote_addr or "",
        method=request.method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
    )
    try:
        current_container().network_log.record(entry)
    except OSError as error:
        _log.error("network_log", **said(error))


def _is_machine() -> bool:
    return request.path.startswith(_MACHINE_PATHS)


def _gateway_error(error: GatewayError) -> Response:
    ERRORS.labels(error.code).inc()
    if problems.status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("gateway_error", code=error.code, **said(error))
    return problems.gateway_problem(error) if _is_machine() else pages.error_page(error)


def _http_error(error: HTTPException) -> Response:
    return problems.http_problem(error) if _is_machine() else pages.http_error_page(error)


def _database_error(error: SQLAlchemyError) -> Response:
    """The register did not answer: that is a failure to check, never a verdict."""
    _log.error("database_unavailable", **said(error))
    if not _is_machine():
        return pages.register_down_page()
    detail = "登记簿暂时无法查询。The register cannot be asked right now; nothing is said about any licence."
    return problems.problem(HTTPStatus.SERVICE_UNAVAILABLE, "REGISTRY_UNAVAILABLE", detail)


def _unknown_error(error: Exception) -> Response:
    """Anything else: the cause goes to the log, the caller gets the request id only."""
    _log.error("unknown_error", **said(error), exc_info=error)
    if not _is_machine():
        return pages.unavailable_page(HTTPStatus.INTERNAL_SERVER_ERROR)
    detail = "内部错误。Something went wrong inside; give the request id when you report it."
    return problems.problem(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", detail)
