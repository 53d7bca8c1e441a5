"""/api/v1/authority-reports: up to when each issuing authority's data are complete."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, public, requires
from gateway.api.replies import container, parse_body, reply
from gateway.api.schemas.authority_reports import AuthorityReportBody
from gateway.domain.actors import Scope
from gateway.domain.answer_json import freshness_json
from gateway.domain.instants import instant

blueprint = Blueprint("authority_reports", __name__)


@blueprint.post("/api/v1/authority-reports")
@requires(Scope.REPORTS_WRITE)
@idempotent
def create() -> Response:
    """Record that an authority's data are complete as of an instant."""
    body = parse_body(AuthorityReportBody)
    found = container().authority_reports.declare(body.authority_code, body.complete_as_of, actor=current_actor())
    return reply(freshness_json(found), 201)


@blueprint.get("/api/v1/authority-reports")
@public
def show() -> Response:
    """Every authority with its last report."""
    found = container().authority_reports.all()
    return reply({"authorities": [freshness_json(each) for each in found], "as_of": instant(container().clock())})
