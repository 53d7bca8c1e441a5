"""/trust/status: status lists for verifiers that will be without a network."""

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.replies import container, reply
from gateway.api.visits import looked_up
from gateway.domain.status_list import MEDIA_TYPE
from gateway.services.status_lists import TTL

blueprint = Blueprint("status_lists", __name__)
_CACHED = f"public, max-age={int(TTL.total_seconds())}"


@blueprint.get("/trust/status/")
@public
@looked_up
def index() -> Response:
    """The addresses of all lists."""
    return reply({"status_lists": container().status_lists.addresses()})


@blueprint.get("/trust/status/<authority_code>/<int:number>")
@public
def show(authority_code: str, number: int) -> Response:
    """One list, signed. Its ETag changes with each signature."""
    found = container().status_lists.published(authority_code, number)
    response = Response(found.token, mimetype=MEDIA_TYPE)
    response.set_etag(found.content_sm3)
    response.last_modified = found.signed_at
    response.headers["Cache-Control"] = _CACHED
    response.make_conditional(request)
    return response
