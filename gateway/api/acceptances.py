"""Acceptance: the holder is asked to countersign its licence with the electronic business licence."""

from typing import Any

from flask import Blueprint, Response, url_for

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.replies import container, parse_body, reply
from gateway.api.schemas.acceptances import AcceptanceBody
from gateway.api.signing_requests import request_json
from gateway.domain.acceptances import AcceptanceView
from gateway.domain.actors import Scope

blueprint = Blueprint("acceptances", __name__)


@blueprint.post("/api/v1/licences/<licence_identifier>/acceptances")
@requires(Scope.SIGNING_WRITE)
@idempotent
def ask(licence_identifier: str) -> Response:
    """Open a signing request over the issued file, or give the one that stands (200)."""
    body = parse_body(AcceptanceBody)
    view = container().acceptances.ask(
        licence_identifier,
        body.signer_role,
        body.expires_in_seconds,
        requires_authorisation=body.requires_authorisation,
        actor=current_actor(),
    )
    response = reply(_json(view), 201 if view.newly_asked else 200)
    response.headers["Location"] = url_for("signing_requests.show", request_id=view.request.request_id)
    return response


@blueprint.get("/api/v1/licences/<licence_identifier>/acceptances")
@requires(Scope.SIGNING_READ)
@recorded("licence_identifier")
def of_licence(licence_identifier: str) -> Response:
    """Every attempt, in order."""
    views = container().acceptances.of_licence(licence_identifier, actor=current_actor())
    return reply({"items": [_json(view) for view in views]})


@blueprint.get("/api/v1/licences/<licence_identifier>/files/accepted")
@requires(Scope.LICENCES_READ)
@recorded("licence_identifier")
def file(licence_identifier: str) -> Response:
    """The PDF with both signatures, or the statement beside it."""
    accepted = container().acceptances.file(licence_identifier, actor=current_actor())
    response = Response(accepted.content, content_type=accepted.media_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def _json(view: AcceptanceView) -> dict[str, Any]:
    return view.to_json() | {"signing_request": request_json(view.request)}
