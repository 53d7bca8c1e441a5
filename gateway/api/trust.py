"""Trust material as files under /trust, for counterparties that verify off line."""

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.replies import container, reply

blueprint = Blueprint("trust", __name__)
_MAX_AGE = "public, max-age=300"


@blueprint.get("/trust/")
@public
def listing() -> Response:
    """Names of the published files by folder."""
    return reply(container().trust.listing())


@blueprint.get("/trust/<folder>/<name>")
@public
def file(folder: str, name: str) -> Response:
    """One file: a certificate or a revocation list."""
    found = container().trust.file(folder, name)
    response = Response(found.content, mimetype=found.media_type)
    response.headers["Cache-Control"] = _MAX_AGE
    return response
