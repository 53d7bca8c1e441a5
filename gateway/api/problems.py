"""The only mapping of errors to HTTP: RFC 9457 problem documents."""

from http import HTTPStatus
from typing import Any

import orjson
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from gateway.errors import (
    AuthenticationError,
    BadRequestError,
    BindingRefusedError,
    BusyError,
    ConfigurationError,
    ConflictError,
    EnterpriseSignerUnavailableError,
    ForbiddenError,
    GatewayError,
    IdempotencyConflictError,
    KeyUnavailableError,
    LogBrokenError,
    NotFoundError,
    NotInitialisedError,
    OverCapError,
    OverLimitError,
    ProofOfWorkRequiredError,
    ReceiverUnavailableError,
    RegistryBusyError,
    RegistryUnavailableError,
    RevocationUnknownError,
    SealRefusedError,
    SignatureRefusedError,
    SignInRefusedError,
    StaleStateError,
    StorageError,
    TimestampsUnavailableError,
    TooManyVisitsError,
    TransitionRefusedError,
    UnreadableInputError,
    ValidationFailedError,
)

STATUSES: dict[type[GatewayError], HTTPStatus] = {
    GatewayError: HTTPStatus.INTERNAL_SERVER_ERROR,
    NotInitialisedError: HTTPStatus.SERVICE_UNAVAILABLE,
    ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    ValidationFailedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SignatureRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RevocationUnknownError: HTTPStatus.SERVICE_UNAVAILABLE,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    TransitionRefusedError: HTTPStatus.CONFLICT,
    StaleStateError: HTTPStatus.PRECONDITION_FAILED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    AuthenticationError: HTTPStatus.UNAUTHORIZED,
    OverCapError: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyVisitsError: HTTPStatus.TOO_MANY_REQUESTS,
    ProofOfWorkRequiredError: HTTPStatus.TOO_MANY_REQUESTS,
    BadRequestError: HTTPStatus.BAD_REQUEST,
    IdempotencyConflictError: HTTPStatus.CONFLICT,
    SignInRefusedError: HTTPStatus.FORBIDDEN,
    BindingRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SealRefusedError: HTTPStatus.CONFLICT,
    UnreadableInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    OverLimitError: HTTPStatus.UNPROCESSABLE_ENTITY,
    BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    RegistryUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    RegistryBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    KeyUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    EnterpriseSignerUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    TimestampsUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    ReceiverUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    LogBrokenError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""HTTP status of each error; a subclass without its own entry takes that of its parent."""

_NAMES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.REQUEST_URI_TOO_LONG: "URI Too Long",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}
"""Names of RFC 9110, 15.5, where Python's differ from one version to the next."""

MEDIA_TYPE = "application/problem+json"
_SILENT = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE})
"""What went wrong inside is for the log, not for the caller."""


def status_of(error: GatewayError) -> HTTPStatus:
    """The HTTP status of an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def name_of(status: HTTPStatus) -> str:
    """What HTTP calls a status."""
    return _NAMES.get(status, status.phrase)


def problem(
    status: HTTPStatus, code: str, detail: str, *, errors: list[dict[str, str]] | None = None, **more: Any
) -> Response:
    """A problem document; ``type`` names the entry of docs/problems.md, ``more`` are members of its own (RFC 9457, 3.2)."""
    body: dict[str, Any] = {
        "type": f"urn:licence-gateway:problem:{code.lower()}",
        "title": name_of(status),
        "status": int(status),
        "detail": detail,
        "instance": f"urn:request:{g.get('request_id', '')}",
        "code": code,
        "errors": errors or [],
        **more,
    }
    response = Response(orjson.dumps(body), status=int(status), mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def gateway_problem(error: GatewayError) -> Response:
    """The problem document of one of our errors."""
    status = status_of(error)
    if status in _SILENT:
        return problem(status, error.code, "暂时无法完成，请稍后再试。It cannot be done right now; try again later.")
    fields = error.errors if isinstance(error, ValidationFailedError) else []
    entries = [field.to_json() for field in fields]
    more = {"proof_of_work": error.puzzle} if isinstance(error, ProofOfWorkRequiredError) else {}
    response = problem(status, error.code, f"{error.message} {error.hint}".strip(), errors=entries, **more)
    response.headers.update(_headers(error))
    return response


def _headers(error: GatewayError) -> dict[str, str]:
    """What HTTP wants to be told besides: how to prove oneself (RFC 9110, 11.6.1), when to come again (10.2.3)."""
    match error:
        case AuthenticationError():
            return {"WWW-Authenticate": 'Bearer realm="licence-gateway"'}
        case OverCapError() | TooManyVisitsError():
            return {"Retry-After": str(error.seconds_left)}
        case IdempotencyConflictError():
            return {"Retry-After": "5"}
    return {}


def http_problem(error: HTTPException) -> Response:
    """The problem document of an HTTP error of Flask's own; its headers, such as Allow, are kept."""
    status = HTTPStatus(error.code or 500)
    name = name_of(status)
    response = problem(status, name.upper().replace(" ", "_"), error.description or name)
    for header, value in error.get_headers(request.environ):
        if header.lower() not in ("content-type", "content-length"):
            response.headers[header] = value
    return response
