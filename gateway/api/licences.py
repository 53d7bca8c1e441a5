"""GET /api/v1/licences/{licence_identifier}: one licence, masked, checked now."""

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.replies import container, reply
from gateway.domain.answer_json import licence_json

blueprint = Blueprint("licences", __name__)


@blueprint.get("/api/v1/licences/<licence_identifier>")
@public
def show(licence_identifier: str) -> Response:
    """The masked face and the re-checked state."""
    return reply(licence_json(container().licences.public_answer(licence_identifier)))
