"""Electronic business licences that are shown as their object, and what the national service told of them."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.replies import container, parse_body, reply
from gateway.api.schemas.holder_certificates import LicenceShowingBody
from gateway.domain.actors import Scope

blueprint = Blueprint("licence_showings", __name__)


@blueprint.post("/api/v1/enterprises/<code>/licence-showings")
@requires(Scope.LICENCES_ISSUE)
@idempotent
def show(code: str) -> Response:
    """Ask the national service about an object that is shown as the licence of an enterprise."""
    entity = parse_body(LicenceShowingBody).entity()
    return reply(container().licence_showings.show(code, entity, actor=current_actor()).to_json(), 201)


@blueprint.get("/api/v1/enterprises/<code>/licence-showings")
@requires(Scope.LICENCES_READ)
@recorded("code")
def showings(code: str) -> Response:
    """The last showings for an enterprise, the newest first."""
    return reply({"items": [each.to_json() for each in container().licence_showings.of_enterprise(code)]})


@blueprint.get("/api/v1/enterprises/<code>/licence-showings/<showing_id>")
@requires(Scope.LICENCES_READ)
@recorded("code")
def showing(code: str, showing_id: str) -> Response:
    """One showing, and every attempt to ask the service for it, in order."""
    view, exchanges = container().licence_showings.exchanges(code, showing_id)
    return reply(view.to_json() | {"exchanges": [each.to_json() for each in exchanges]})


@blueprint.get("/api/v1/enterprises/<code>/licence-showings/<showing_id>/exchanges/<int:exchange_id>")
@requires(Scope.LICENCES_READ)
@recorded("code")
def exchange(code: str, showing_id: str, exchange_id: int) -> Response:
    """What was said in one attempt, with the service's signature over its answer."""
    return reply(container().licence_showings.said(code, showing_id, exchange_id).to_json())
