"""GET /api/v1/events: what happened to the licences of a department, for systems that cannot be called."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import requires
from gateway.api.replies import container, parse_query, reply
from gateway.api.schemas.events import EventQuery
from gateway.domain.actors import Scope

blueprint = Blueprint("events", __name__)


@blueprint.get("/api/v1/events")
@requires(Scope.EVENTS_READ)
def listen() -> Response:
    """A page of events, and the cursor of the next one, which is always given."""
    query, events = parse_query(EventQuery), container().events
    page = events.page(query.after(), query.limit, actor=current_actor(), wait_seconds=query.wait)
    items = [event.to_json(events.source) for event in page.events]
    # A cursor says how many leaves were looked at: the position of the next one.
    return reply({"items": items, "next_cursor": str(page.through + 1), "has_more": page.has_more})
