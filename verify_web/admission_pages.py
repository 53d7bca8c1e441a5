"""The way in for those who waited or worked out a puzzle: docs/visits.md."""

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.auth import public
from gateway.api.visits import keep_proof
from verify_web.compression import compress
from verify_web.pages import container, waiting_page

blueprint = Blueprint("admission_pages", __name__)
blueprint.after_request(compress)
_LONGEST = 4096


@blueprint.post("/admission")
@public
def admission() -> BaseResponse:
    """Keep what lets the visitor in for the next look-up, and lead back; who comes too early waits on."""
    address, to = request.remote_addr or "", _path_of_ours(request.form.get("to", ""))
    proof = f"{request.form.get('puzzle', '')}.{request.form.get('answer', '')}"
    early = container().visits.too_early(address, proof)
    if early is not None:
        return waiting_page(early, to)
    response = redirect(to, HTTPStatus.SEE_OTHER)
    if container().visits.is_good(address, proof):
        keep_proof(response, proof)
    return response


def _path_of_ours(sent: str) -> str:
    """A path on this site; the first page for anything that a browser might take elsewhere (RFC 3986, 4.2)."""
    parts = urlsplit(sent) if sent.isascii() and sent.isprintable() and len(sent) <= _LONGEST else None
    first = f"{request.root_path}/"
    is_ours = parts is not None and not parts.scheme and not parts.netloc and sent.startswith(first)
    return sent if is_ours and "\\" not in sent and not sent.startswith("//") else first
