"""GET /api/v1/challenge-phrase: the words by which people tell the real page from a copy."""

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.replies import container, reply

blueprint = Blueprint("challenge_phrases", __name__)


@blueprint.get("/api/v1/challenge-phrase")
@public
def show() -> Response:
    """The phrase of today in China."""
    return reply(container().challenge_phrases.of_day().to_json())
