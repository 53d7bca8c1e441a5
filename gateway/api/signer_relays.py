"""Signing requests that the national service answers, and the evidence of what was exchanged with it."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.replies import container, reply
from gateway.domain.actors import Scope
from gateway.domain.instants import instant

blueprint = Blueprint("signer_relays", __name__)


@blueprint.post("/api/v1/signing-requests/<request_id>/national-session")
@requires(Scope.SIGNING_WRITE)
@idempotent
def begin(request_id: str) -> Response:
    """Hand a request to the national service; gives the code that its app scans. Again gives the same."""
    opened = container().signer_relays.begin(request_id, actor=current_actor())
    return reply({"request_id": request_id, "qr_text": opened.qr_text, "expires_at": instant(opened.expires_at)})


@blueprint.get("/api/v1/signing-requests/<request_id>/exchanges")
@requires(Scope.SIGNING_READ)
@recorded("request_id")
def exchanges(request_id: str) -> Response:
    """Every attempt to ask the service about this request, in order."""
    found = container().signer_relays.exchanges(request_id, actor=current_actor())
    return reply({"items": [each.to_json() for each in found]})


@blueprint.get("/api/v1/signing-requests/<request_id>/exchanges/<int:exchange_id>")
@requires(Scope.SIGNING_READ)
@recorded("request_id")
def exchange(request_id: str, exchange_id: int) -> Response:
    """What was said in one attempt, with the service's signature over its answer."""
    return reply(container().signer_relays.said(request_id, exchange_id, actor=current_actor()).to_json())
