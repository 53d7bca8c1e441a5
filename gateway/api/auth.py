"""Every route declares who may call it; a route that declares nothing stops the application at start.

``public``: anyone. ``requires(scope)``: a department's system with this scope, which becomes ``g.actor``.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from flask import Flask, Response, g, request

from gateway.api.problems import gateway_problem
from gateway.api.replies import container
from gateway.domain.actors import Actor, Scope
from gateway.errors import AuthenticationError, BadRequestError, GatewayError
from gateway.services.access_records import Access, CallerElements
from gateway.services.authentication import GatewayHeaders
from gateway.services.idempotency import KeptAnswer, KeyedRequest
from signing.sm2 import sm3

PUBLIC = "public"
_ATTRIBUTE = "declared_access"
STATIC_ENDPOINTS = frozenset({"static", "pages.static"})
_MOST_KEY, _LONGEST_ELEMENT = 128, 200
_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control")
ELEMENT_HEADERS = {
    "organisation": "X-Caller-Organisation",
    "user_name": "X-Caller-User",
    "item_name": "X-Item-Name",
    "item_code": "X-Item-Code",
    "business_number": "X-Business-Number",
    "purpose": "X-Purpose",
}
"""Headers of the five elements and the purpose; text beyond ASCII is percent-encoded UTF-8."""
View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Anyone may call this; what it shows is masked."""
    setattr(view, _ATTRIBUTE, PUBLIC)
    return view


def declare(view: View, access: object) -> View:
    """Note who may call a view, for rooms with a declaration of their own."""
    setattr(view, _ATTRIBUTE, access)
    return view


def requires(scope: Scope) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Only a client with this scope may call this. It stands outermost, under the route."""

    def declare(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def guarded(*arguments: Any, **named: Any) -> Response:
            g.actor = authenticate()
            g.actor.require(scope)
            return view(*arguments, **named)

        setattr(guarded, _ATTRIBUTE, str(scope))
        return guarded

    return declare


def actor() -> Actor:
    """The authenticated caller of this request."""
    found: Actor = g.actor
    return found


def authenticate() -> Actor:
    """The caller by its bearer token or its x-tif headers. AuthenticationError without either."""
    address, headers = request.remote_addr or "", request.headers
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    authentication = container().authentication
    if scheme.lower() == "bearer" and token:
        return authentication.by_token(token.strip(), address)
    if "x-tif-signature" in headers:
        return authentication.by_gateway(
            GatewayHeaders(
                client_id=headers.get("x-tif-paasid", ""),
                timestamp=headers.get("x-tif-timestamp", ""),
                nonce=headers.get("x-tif-nonce", ""),
                signature=headers["x-tif-signature"],
                body_signature=headers.get("x-tif-body-signature", ""),
                method=request.method,
                target=_target(),
                body=request.get_data(),
            ),
            address,
        )
    raise AuthenticationError("需要访问令牌。An access token is needed.", hint="See POST /oauth/token.")


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """A write that needs an ``Idempotency-Key``: the same request again gets the first answer. It stands under ``requires``."""

    @wraps(view)
    def once(*arguments: Any, **named: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not 0 < len(key) <= _MOST_KEY or not key.isascii() or not key.isprintable():
            raise BadRequestError(
                f"缺少 Idempotency-Key，或不是 1 至 {_MOST_KEY} 个 ASCII 字符。The Idempotency-Key is missing or malformed."
            )
        digest = sm3(f"{request.method}\n{_target()}\n".encode() + request.get_data()).hex()

        def execute() -> KeptAnswer:
            try:
                response = view(*arguments, **named)
            except GatewayError as error:
                response = gateway_problem(error)
            headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            return KeptAnswer(response.status_code, headers, response.get_data())

        answer, is_repeated = container().idempotency.once(KeyedRequest(actor().id, key, digest), execute)
        response = Response(answer.body, status=answer.status, headers=answer.headers)
        response.headers["Idempotency-Replayed"] = "true" if is_repeated else "false"
        return response

    return once


def recorded(subject: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """A read of data that are not public: the caller says for what, and it is kept on record.

    ``subject`` is the name of the route's variable that names the licence or holder. It stands under ``requires``.
    """

    def declare(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def kept(*arguments: Any, **named: Any) -> Response:
            elements = caller_elements()
            try:
                response = view(*arguments, **named)
            except GatewayError as error:
                response = gateway_problem(error)
            rule = request.url_rule
            fields = tuple(filter(None, request.args.get("fields", "").split(",")))
            access = Access(
                route="" if rule is None else rule.rule,
                subject=str(named.get(subject, request.args.get(subject, "")))[:_LONGEST_ELEMENT],
                fields=fields,
                result=response.status_code,
                request_id=g.get("request_id", ""),
                address=request.remote_addr or "",
            )
            container().access_records.record(actor(), elements, access)
            return response

        return kept

    return declare


def caller_elements() -> CallerElements:
    """The five elements and the purpose from the headers. BadRequestError names those that are missing or too long."""
    found = {name: unquote(request.headers.get(header, "")).strip() for name, header in ELEMENT_HEADERS.items()}
    wrong = [
        ELEMENT_HEADERS[name]
        for name, value in found.items()
        if not 0 < len(value) <= _LONGEST_ELEMENT or not value.isprintable()
    ]
    if wrong:
        raise BadRequestError(
            f"缺少或无效的请求头：{'、'.join(wrong)}。Missing or malformed headers: {', '.join(wrong)}.",
            hint="Who asks, for which item and why is kept with every read of data that are not public.",
        )
    return CallerElements(**found)


def require_declarations(app: Flask) -> None:
    """RuntimeError names the first route without a declaration."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in STATIC_ENDPOINTS and not hasattr(view, _ATTRIBUTE):
            raise RuntimeError(f"route {endpoint} does not declare its authentication")


def _target() -> str:
    """The path with its query as it was sent: a signature is over what the client wrote, percent-encoding and all.

    WSGI gives the path decoded only; the servers that we run under keep the request line's target beside it.
    """
    sent: str = request.environ.get("RAW_URI", "")
    if sent.startswith("/"):
        return sent
    path = quote(request.path, safe="/:@!$&'()*+,;=~-._")
    return f"{path}?{request.query_string.decode('latin-1')}" if request.query_string else path
