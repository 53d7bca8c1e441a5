"""Signing requests, the app's side: whoever has the token of the code sees what is to be signed, and answers."""

from typing import Any

from flask import Blueprint, Response, url_for

from gateway.api.auth import public
from gateway.api.replies import container, parse_body, reply
from gateway.api.schemas.signing_sessions import AnswerBody, CertificateBody, DeclineBody
from gateway.api.signing_events import waited
from gateway.api.visits import counted_by_token
from gateway.domain.signing_views import SigningView

blueprint = Blueprint("signing_sessions", __name__)


@blueprint.get("/sign/v1/sessions/<token>")
@public
@counted_by_token
def show(token: str) -> Response:
    """What is to be signed; the first look makes the request presented."""
    return _reply(container().signing_sessions.present(token))


@blueprint.get("/sign/v1/sessions/<token>/documents/<document_id>")
@public
@counted_by_token
def document(token: str, document_id: str) -> Response:
    """The bytes that are shown: exactly what is signed."""
    shown = container().signing_sessions.document(token, document_id)
    response = Response(shown.content, content_type=shown.media_type)
    kind = "inline" if shown.is_safe_to_show else "attachment"
    response.headers["Content-Disposition"] = f'{kind}; filename="{shown.file_name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/sign/v1/sessions/<token>/certificate")
@public
@counted_by_token
def certificate(token: str) -> Response:
    """Say which certificate will sign; the answer has what it is to sign."""
    return _reply(container().signing_sessions.offer(token, parse_body(CertificateBody).offer()))


@blueprint.post("/sign/v1/sessions/<token>/signatures")
@public
@counted_by_token
def signatures(token: str) -> Response:
    """Bring all signatures; the same ones again get the same answer."""
    return _reply(container().signing_sessions.answer(token, parse_body(AnswerBody).answer()))


@blueprint.post("/sign/v1/sessions/<token>/decline")
@public
@counted_by_token
def decline(token: str) -> Response:
    """Decline to sign."""
    return _reply(container().signing_sessions.decline(token, parse_body(DeclineBody).reason))


@blueprint.get("/sign/v1/sessions/<token>/events")
@public
@counted_by_token
def events(token: str) -> Response:
    """Wait for a change of state."""
    sessions = container().signing_sessions
    return waited(lambda: sessions.glance(token))


def _reply(view: SigningView) -> Response:
    told: dict[str, Any] = view.session_json()
    for each in told["documents"]:
        named = {"token": view.token, "document_id": each["document_id"]}
        each["url"] = url_for("signing_sessions.document", **named)
    return reply(told)
