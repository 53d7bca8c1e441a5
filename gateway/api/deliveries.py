"""GET /api/v1/subscriptions and /api/v1/deliveries: how the receivers of a department stand, and what could not be delivered."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import requires
from gateway.api.lists import list_reply
from gateway.api.replies import container, parse_query, reply
from gateway.api.schemas.deliveries import DeliveryQuery
from gateway.domain.actors import Scope

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/api/v1/subscriptions")
@requires(Scope.EVENTS_READ)
def receivers() -> Response:
    """The caller's own receivers."""
    found = container().delivery_letters.receivers(actor=current_actor())
    return reply({"items": [view.to_json() for view in found]})


@blueprint.get("/api/v1/deliveries")
@requires(Scope.EVENTS_READ)
def search() -> Response:
    """A page of deliveries to the caller's own receivers."""
    query = parse_query(DeliveryQuery)
    found = container().delivery_letters.listed(
        query.state,
        subscription_id=query.subscription_id,
        after_id=query.after_number(),
        limit=query.limit,
        actor=current_actor(),
    )
    return list_reply([(view.id, view.to_json()) for view in found], query.limit, query.fields)
