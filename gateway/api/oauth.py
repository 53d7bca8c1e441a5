"""POST /oauth/token: client credentials (RFC 6749, 4.4) by secret, by signed assertion, or by TLS certificate."""

from base64 import b64decode
from http import HTTPStatus
from urllib.parse import unquote_plus

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.proxies import client_certificate
from gateway.api.replies import container, reply
from gateway.errors import AuthenticationError, ForbiddenError
from gateway.services.authentication import GivenToken

blueprint = Blueprint("oauth", __name__)
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PATH = "/oauth/token"


@blueprint.post(_PATH)
@public
def token() -> Response:
    """An access token, or an error of RFC 6749, 5.2."""
    if request.form.get("grant_type") != "client_credentials":
        return _error("unsupported_grant_type", "Only client_credentials are granted.")
    asked = frozenset(request.form["scope"].split()) if request.form.get("scope") else None
    try:
        given = _given(asked)
    except AuthenticationError as error:
        response = _error("invalid_client", str(error), HTTPStatus.UNAUTHORIZED)
        response.headers["WWW-Authenticate"] = 'Basic realm="licence-gateway"'
        return response
    except ForbiddenError as error:
        return _error("invalid_scope", str(error))
    if given is None:
        return _error("invalid_request", "No proof of who the client is.")
    body = {
        "access_token": given.token,
        "token_type": "Bearer",
        "expires_in": given.expires_in,
        "scope": " ".join(given.scopes),
    }
    return reply(body)


def _given(scopes: frozenset[str] | None) -> GivenToken | None:
    """The token for whatever proof the request brings, None when it brings none."""
    authentication, form, address = container().authentication, request.form, request.remote_addr or ""
    if form.get("client_assertion_type") == _ASSERTION_TYPE:
        base = container().settings.public_base_url.rstrip("/")
        audiences = frozenset({base, base + _PATH})
        return authentication.by_assertion(form.get("client_assertion", ""), audiences, scopes, address)
    client_id, secret = _basic() or (form.get("client_id", ""), form.get("client_secret", ""))
    if client_id and secret:
        return authentication.by_secret(client_id, secret, scopes, address)
    certificate = client_certificate(container().settings.client_certificate_header)
    if not client_id or not certificate:
        return None
    return authentication.by_certificate(client_id, certificate, scopes, address)


def _basic() -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic, form-encoded in it (RFC 6749, 2.3.1)."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _error(code: str, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    # The grammar of RFC 6749, 5.2 allows ASCII only in the description.
    ascii_part = description.encode("ascii", "ignore").decode().strip()
    return reply({"error": code, "error_description": ascii_part}, int(status))
