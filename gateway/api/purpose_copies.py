"""Purpose copies (加注件): made for one use, listed for the holder."""

from flask import Blueprint, Response, url_for

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.lists import list_reply
from gateway.api.replies import container, parse_body, parse_query, reply
from gateway.api.schemas.purpose_copies import CopyBody, CopyQuery
from gateway.domain.actors import Scope
from gateway.domain.purpose_copies import PurposeCopyView

blueprint = Blueprint("purpose_copies", __name__)


@blueprint.post("/api/v1/licences/<licence_identifier>/copies")
@requires(Scope.COPIES_MAKE)
@idempotent
def create(licence_identifier: str) -> Response:
    """Make a signed, watermarked copy for one purpose, one user and a limited time."""
    view = container().purpose_copies.make(licence_identifier, parse_body(CopyBody).wanted(), actor=current_actor())
    response = reply(_copy_json(view), 201)
    response.headers["Location"] = url_for("purpose_copies.file", copy_id=view.terms.copy_id)
    return response


@blueprint.get("/api/v1/holders/<code>/copies")
@requires(Scope.COPIES_MAKE)
@recorded("code")
def of_holder(code: str) -> Response:
    """Who obtained which copy of the caller's licences of a holder."""
    query = parse_query(CopyQuery)
    found = container().purpose_copies.of_holder(query.wanted(code), actor=current_actor())
    return list_reply([(view.terms.copy_id, _copy_json(view)) for view in found], query.limit, query.fields)


@blueprint.get("/api/v1/copies/<copy_id>")
@requires(Scope.COPIES_MAKE)
@recorded("copy_id")
def file(copy_id: str) -> Response:
    """The signed PDF of a copy."""
    response = Response(container().purpose_copies.content(copy_id, actor=current_actor()), mimetype="application/pdf")
    response.headers["Cache-Control"] = "no-store"
    return response


def _copy_json(view: PurposeCopyView) -> dict[str, object]:
    return view.to_json() | {"href": url_for("purpose_copies.file", copy_id=view.terms.copy_id)}
