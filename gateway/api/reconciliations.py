"""GET /api/v1/reconciliations: every drift between paper and electronic records."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import recorded, requires
from gateway.api.replies import container, parse_query, reply
from gateway.api.schemas.reconciliations import ReconciliationQuery
from gateway.domain.actors import Scope

blueprint = Blueprint("reconciliations", __name__)


@blueprint.get("/api/v1/reconciliations")
@requires(Scope.LICENCES_READ)
@recorded("authority_code")
def show() -> Response:
    """Counts of everything within the caller's limits, and the first rows of each kind."""
    query = parse_query(ReconciliationQuery)
    report = container().reconciliation.report(query.authority_code, limit=query.limit, actor=current_actor())
    return reply(report.to_json())
