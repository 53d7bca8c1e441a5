"""Commitments and missing papers: found by deadline, and settled."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.lists import list_reply
from gateway.api.replies import container, parse_body, parse_query, reply
from gateway.api.revisions import expected_revision
from gateway.api.schemas.obligations import ObligationQuery, OutcomeBody
from gateway.domain.actors import Scope

blueprint = Blueprint("obligations", __name__)


@blueprint.get("/api/v1/obligations")
@requires(Scope.LICENCES_READ)
@recorded("holder_code")
def search() -> Response:
    """Obligations of the caller's licences, in the order of recording."""
    query = parse_query(ObligationQuery)
    found = container().obligations.search(query.wanted(query.after_number()), actor=current_actor())
    return list_reply([(each.obligation.id, each.to_json()) for each in found], query.limit, query.fields)


@blueprint.post("/api/v1/licences/<licence_identifier>/obligations/<int:obligation_id>/outcome")
@requires(Scope.LICENCES_CHANGE)
@idempotent
def settle(licence_identifier: str, obligation_id: int) -> Response:
    """Record how an obligation ended, once."""
    body = parse_body(OutcomeBody)
    view = container().obligations.settle(
        licence_identifier,
        obligation_id,
        is_fulfilled=body.is_fulfilled,
        note=body.note,
        actor=current_actor(),
        expected_revision=expected_revision(),
    )
    return reply(view.to_json(), 201)
