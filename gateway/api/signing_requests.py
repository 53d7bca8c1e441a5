"""Signing requests, the department's side: an enterprise is asked to sign with its electronic business licence."""

from typing import Any

from flask import Blueprint, Response, url_for

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.lists import list_reply
from gateway.api.replies import container, parse_body, parse_query, reply
from gateway.api.schemas.signing_requests import SigningBody, SigningQuery
from gateway.api.signing_events import waited
from gateway.domain.actors import Scope
from gateway.domain.signing_views import SigningView, evidence_with
from gateway.services.signing_requests import SignedDocument

blueprint = Blueprint("signing_requests", __name__)


@blueprint.post("/api/v1/signing-requests")
@requires(Scope.SIGNING_WRITE)
@idempotent
def create() -> Response:
    """Ask for signatures over documents."""
    view = container().signing_requests.create(parse_body(SigningBody).order(), actor=current_actor())
    response = reply(request_json(view), 201)
    response.headers["Location"] = url_for("signing_requests.show", request_id=view.request_id)
    return response


@blueprint.get("/api/v1/signing-requests")
@requires(Scope.SIGNING_READ)
@recorded("enterprise_code")
def listed() -> Response:
    """The caller's requests, the oldest first."""
    query = parse_query(SigningQuery)
    found = container().signing_requests.listed(query.wanted(), actor=current_actor())
    return list_reply([(view.request_id, request_json(view)) for view in found], query.limit, query.fields)


@blueprint.get("/api/v1/signing-requests/<request_id>")
@requires(Scope.SIGNING_READ)
@recorded("request_id")
def show(request_id: str) -> Response:
    """One request with its evidence."""
    return reply(request_json(container().signing_requests.show(request_id, actor=current_actor())))


@blueprint.get("/api/v1/signing-requests/<request_id>/events")
@requires(Scope.SIGNING_READ)
def events(request_id: str) -> Response:
    """Wait for a change of state."""
    service, actor = container().signing_requests, current_actor()
    return waited(lambda: service.show(request_id, actor=actor))


@blueprint.post("/api/v1/signing-requests/<request_id>/cancel")
@requires(Scope.SIGNING_WRITE)
@idempotent
def cancel(request_id: str) -> Response:
    """Take a request back that nobody signed."""
    return reply(request_json(container().signer_relays.cancel(request_id, actor=current_actor())))


@blueprint.get("/api/v1/signing-requests/<request_id>/documents/<document_id>")
@requires(Scope.SIGNING_READ)
@recorded("request_id")
def document(request_id: str, document_id: str) -> Response:
    """What was signed: the PDF with its signature, a detached CMS, or a COSE_Sign1."""
    return _download(container().signing_requests.signed(request_id, document_id, actor=current_actor()))


@blueprint.get("/api/v1/signing-requests/<request_id>/evidence/<sha256>")
@requires(Scope.SIGNING_READ)
@recorded("request_id")
def evidence(request_id: str, sha256: str) -> Response:
    """What the certificate was judged by: a certificate of its path, a revocation list, an OCSP response."""
    return _download(container().signing_requests.evidence(request_id, sha256, actor=current_actor()))


def request_json(view: SigningView) -> dict[str, Any]:
    """With the code to be scanned while there is something to sign, and where the results are."""
    told = view.to_json()
    told["qr_text"] = None if view.standing.is_final else view.page(container().settings.public_base_url)
    for each in told["documents"]:
        if each["signed"] is not None:
            named = {"request_id": view.request_id, "document_id": each["document_id"]}
            each["signed"]["href"] = url_for("signing_requests.document", **named)
    told["evidence"] = _with_addresses(view)
    return told


def _with_addresses(view: SigningView) -> dict[str, Any] | None:
    """The evidence, and where its parts are; null of what was taken before contents were kept."""
    if not view.evidence:
        return None

    def addressed(entry: dict[str, Any]) -> dict[str, Any]:
        named = {"request_id": view.request_id, "sha256": entry["sha256"]}
        return entry | {"href": url_for("signing_requests.evidence", **named) if "sm3" in entry else None}

    return evidence_with(view.evidence, addressed)


def _download(file: SignedDocument) -> Response:
    response = Response(file.content, content_type=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.file_name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
