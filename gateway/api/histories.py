"""GET /api/v1/licences/{licence_identifier}/history: what it was on any day, and what was recorded when."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import recorded, requires
from gateway.api.replies import container, parse_query, reply
from gateway.api.revisions import with_revision
from gateway.api.schemas.histories import HistoryQuery
from gateway.domain.actors import Scope

blueprint = Blueprint("histories", __name__)


@blueprint.get("/api/v1/licences/<licence_identifier>/history")
@requires(Scope.LICENCES_READ)
@recorded("licence_identifier")
def show(licence_identifier: str) -> Response:
    """Every decision and the periods that follow; ``on`` asks for one day, ``known_at`` for an earlier state of knowledge."""
    query = parse_query(HistoryQuery)
    history = container().histories.of(licence_identifier, known_at=query.known_at, actor=current_actor())
    return with_revision(reply(history.to_json(query.on)), history.revision)
