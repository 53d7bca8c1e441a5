"""GET /api/v1/access-records: who read a licence or a holder's licences, and for what."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import recorded, requires
from gateway.api.lists import list_reply
from gateway.api.replies import container, parse_query
from gateway.api.schemas.access_records import AccessQuery
from gateway.domain.actors import Scope

blueprint = Blueprint("access_records", __name__)


@blueprint.get("/api/v1/access-records")
@requires(Scope.ADMINISTER, Scope.LICENCES_READ)
@recorded("licence_identifier", "holder_code")
def search() -> Response:
    """The records within the caller's limits, in order; to look at them is itself a read on record."""
    query = parse_query(AccessQuery)
    found = container().access_records.search(query.wanted(query.after_number()), actor=current_actor())
    return list_reply([(view.id, view.to_json()) for view in found], query.limit, query.fields)
