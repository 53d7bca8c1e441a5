"""Liveness, readiness, metrics, and the contract itself."""

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.api.auth import public
from gateway.api.replies import container, reply
from gateway.settings import REPOSITORY

blueprint = Blueprint("health", __name__)
_SERVER = "servers:\n  - url: /\n"
LEAVING = "gateway.leaving"
"""In the WSGI environment: a call that tells whether the server is about to go."""


@blueprint.get("/healthz")
@public
def live() -> Response:
    """The process answers."""
    return reply({"status": "ok"})


@blueprint.get("/readyz")
@public
def ready() -> Response:
    """Which dependency is missing, by name; 503 when one is, and when this server is about to go."""
    checks = container().health.check()
    if request.environ.get(LEAVING, bool)():
        checks["server"] = "This server is about to stop; ask another one."
    good = all(state == "ok" for state in checks.values())
    body = {"status": "ok" if good else "unavailable", "checks": checks}
    beside = {"code_systems": container().health.code_systems(), "replicas": container().health.replicas()}
    return reply(body | beside, 200 if good else 503)


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus metrics of this worker."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/api/v1/openapi.yaml")
@public
def contract() -> Response:
    """The contract of this API; the server that it names is the one that was asked, under its prefix."""
    text = (REPOSITORY / "openapi.yaml").read_text(encoding="utf-8")
    named = text.replace(_SERVER, _SERVER.replace("/", request.root_path or "/"), 1)
    response = Response(named, mimetype="application/yaml")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
