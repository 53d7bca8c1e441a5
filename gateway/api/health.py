"""Liveness, readiness, metrics, and the contract itself."""

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from gateway.api.auth import public
from gateway.api.proxies import is_caller_hidden
from gateway.api.replies import container, reply
from gateway.domain.networks import is_within
from gateway.errors import ForbiddenError
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
    """How each dependency stands, by name; 503 when no answer would be right, and when this server is about to go."""
    found = container().health.check(is_leaving=request.environ.get(LEAVING, bool)())
    body = {"status": found.status, "missing": found.missing, "checks": found.checks}
    beside = {"code_systems": container().health.code_systems(), "replicas": container().health.replicas()}
    return reply(body | beside, 503 if found.missing else 200)


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus metrics of all processes of this server, for the networks that may read them."""
    networks = container().settings.metrics_networks
    if is_caller_hidden() or not is_within(request.remote_addr or "", networks):
        raise ForbiddenError(
            "指标仅供监控网段读取。Metrics are for monitors only.", hint="See GATEWAY_METRICS_NETWORKS."
        )
    return Response(container().metrics.exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


@blueprint.get("/api/v1/openapi.yaml")
@public
def contract() -> Response:
    """The contract of this API; the server that it names is the one that was asked, under its prefix."""
    text = (REPOSITORY / "openapi.yaml").read_text(encoding="utf-8")
    named = text.replace(_SERVER, _SERVER.replace("/", request.root_path or "/"), 1)
    response = Response(named, mimetype="application/yaml")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
