"""Certificate status and time-stamps over HTTP (RFC 6960, appendix A; RFC 5019, 6; RFC 3161, 3.4)."""

import base64
import binascii
from email.utils import format_datetime
from hashlib import sha256

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from gateway.api.auth import public
from gateway.api.replies import container
from signing.ocsp import MAX_REQUEST_BYTES as OCSP_BYTES
from signing.timestamp import MAX_REQUEST_BYTES as TIMESTAMP_BYTES

blueprint = Blueprint("trust_answers", __name__)
_OCSP_REQUEST, _OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


@blueprint.post("/trust/ocsp")
@public
def ocsp() -> Response:
    """The status of certificates of the embedded CAs."""
    return _ocsp(_body(_OCSP_REQUEST, OCSP_BYTES), is_cacheable=False)


# The Base64 of a request may hold two slashes in a row.
@blueprint.get("/trust/ocsp/<path:encoded>", merge_slashes=False)
@public
def ocsp_by_address(encoded: str) -> Response:
    """The same by GET, for caches: the request in Base64 at the end of the address."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""  # answered as a malformed request, as any other that cannot be read
    return _ocsp(decoded, is_cacheable=True)


@blueprint.post("/trust/tsa")
@public
def timestamp() -> Response:
    """A time-stamp, or a refusal with its reason."""
    answer = container().trust_answers.timestamp(_body(_QUERY, TIMESTAMP_BYTES))
    response = Response(answer, mimetype=_REPLY)
    response.headers["Cache-Control"] = "no-store"
    return response


def _body(media_type: str, most_bytes: int) -> bytes:
    """The body, if it is of this type and size: a longer one is refused before it is read."""
    if request.mimetype != media_type:
        raise UnsupportedMediaType(f"Send a body of {media_type}.")
    request.max_content_length = most_bytes
    return request.get_data()


def _ocsp(encoded: bytes, *, is_cacheable: bool) -> Response:
    answer = container().trust_answers.ocsp(encoded)
    response = Response(answer.encoded, mimetype=_OCSP_RESPONSE)
    if not is_cacheable or answer.this_update is None or answer.next_update is None:
        response.headers["Cache-Control"] = "no-store"
        return response
    seconds = max(0, int((answer.next_update - container().clock()).total_seconds()))
    response.headers["Cache-Control"] = f"max-age={seconds}, public, no-transform, must-revalidate"
    response.headers["Last-Modified"] = format_datetime(answer.this_update, usegmt=True)
    response.headers["Expires"] = format_datetime(answer.next_update, usegmt=True)
    response.headers["ETag"] = f'"{sha256(answer.encoded).hexdigest()}"'
    return response
