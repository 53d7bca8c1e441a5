"""/api/v1/seals: the register of the authorities' electronic seals, for departments to read."""

from flask import Blueprint, Response

from gateway.api.auth import recorded, requires
from gateway.api.replies import container, reply
from gateway.domain.actors import Scope

blueprint = Blueprint("seals", __name__)


@blueprint.get("/api/v1/seals")
@requires(Scope.LICENCES_READ)
@recorded()
def listing() -> Response:
    """Every seal."""
    return reply({"seals": [seal.to_json() for seal in container().seal_register.all()]})


@blueprint.get("/api/v1/seals/<key_id>")
@requires(Scope.LICENCES_READ)
@recorded("key_id")
def show(key_id: str) -> Response:
    """One seal and all that was done to it."""
    return reply(container().seal_register.of(key_id).to_json())


@blueprint.get("/api/v1/seals/<key_id>/picture")
@requires(Scope.LICENCES_READ)
@recorded("key_id")
def picture(key_id: str) -> Response:
    """Its picture."""
    response = Response(container().seal_register.picture(key_id), mimetype="image/png")
    response.headers["Cache-Control"] = "no-store"
    return response
