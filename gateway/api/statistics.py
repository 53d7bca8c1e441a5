"""GET /api/v1/statistics: the reform's own indicators."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import recorded, requires
from gateway.api.replies import container, parse_query, reply
from gateway.api.schemas.statistics import StatisticsQuery
from gateway.domain.actors import Scope

blueprint = Blueprint("statistics", __name__)


@blueprint.get("/api/v1/statistics")
@requires(Scope.LICENCES_READ)
@recorded("authority_code")
def show() -> Response:
    """Counts within the caller's limits."""
    query = parse_query(StatisticsQuery)
    found = container().statistics.report(query.first_on, query.last_on, query.authority_code, actor=current_actor())
    return reply(found.to_json())
