"""Trust material as files under /trust, for counterparties that verify off line."""

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.replies import container, reply
from gateway.domain.instants import instant

blueprint = Blueprint("trust", __name__)
_MAX_AGE = "public, max-age=300"


@blueprint.get("/trust/")
@public
def listing() -> Response:
    """Names of the published files by folder."""
    return reply(container().trust.listing())


@blueprint.get("/trust/keys")
@public
def keys() -> Response:
    """The keys that the pages check licence codes and lists with, each with what its certificate gave."""
    found = container().trust.keys()
    return reply(
        {
            "as_of": instant(found.as_of),
            "keys": [
                {
                    "use": key.use,
                    "key_id": key.key_id.hex(),
                    "public_key": key.public_key.hex(),
                    "reason": key.reason,
                }
                for key in found.keys
            ],
        }
    )


@blueprint.get("/trust/<folder>/<name>")
@public
def file(folder: str, name: str) -> Response:
    """One file: a certificate or a revocation list."""
    found = container().trust.file(folder, name)
    response = Response(found.content, mimetype=found.media_type)
    response.headers["Cache-Control"] = _MAX_AGE
    return response
