"""Every route declares who may call it; a route that declares nothing stops the application at start.

``public``: anyone. ``requires(scope)``: a department's system with this scope, which becomes ``g.actor``.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from flask import Flask, Response, after_this_request, g, request

from gateway.api.problems import gateway_problem
from gateway.api.replies import container
from gateway.domain.actors import Actor, Scope
from gateway.errors import AuthenticationError, BadRequestError, GatewayError, OverCapError
from gateway.services.access_records import Access, CallerElements
from gateway.services.authentication import Admitted, Allowance, GatewayHeaders
from gateway.services.idempotency import KeptAnswer, KeyedRequest
from signing.sm2 import sm3

PUBLIC = "public"
_ATTRIBUTE = "declared_access"
STATIC_ENDPOINTS = frozenset({"static", "pages.static"})
RECORDED = "is_recorded"
"""Attribute of views whose reads are kept on record."""
MOST_KEY, LONGEST_ELEMENT = 128, 200
_LONGEST_ADDRESS = 45
_VISIBLE = re.compile(r"[!-~]+")
_ENCODED = re.compile(r"(?:[!-$&-~]|%[0-9A-Fa-f]{2})+")
"""Visible ASCII; everything else percent-encoded (RFC 3986, 2.1)."""
_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control", "Vary")
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


def requires(*scopes: Scope) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Only a client with this scope, or one of these, may call this. It stands outermost, under the route."""

    def declare(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def guarded(*arguments: Any, **named: Any) -> Response:
            g.actor = authenticate()
            if not g.actor.scopes.intersection(scopes):
                g.actor.require(scopes[0])
            return view(*arguments, **named)

        setattr(guarded, _ATTRIBUTE, str(scopes[0]) if len(scopes) == 1 else tuple(map(str, scopes)))
        return guarded

    return declare


def actor() -> Actor:
    """The authenticated caller of this request."""
    found: Actor = g.actor
    return found


def authenticate() -> Actor:
    """The caller by its bearer token or its x-tif headers; what it has left today is told in headers.

    AuthenticationError without either, or when it does not hold; ForbiddenError, OverCapError.
    """
    try:
        admitted = _admitted()
    except OverCapError as error:
        _tell(Allowance(error.cap, 0, error.seconds_left))
        raise
    if admitted.allowance is not None:
        _tell(admitted.allowance)
    return admitted.actor


def _admitted() -> Admitted:
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
                target=target(),
                body=request.get_data(),
            ),
            address,
        )
    raise AuthenticationError("需要访问令牌。An access token is needed.", hint="See POST /oauth/token.")


def _tell(allowance: Allowance) -> None:
    """The daily cap as draft-ietf-httpapi-ratelimit-headers writes it: quota and window, what remains and until when."""

    @after_this_request
    def with_headers(response: Response) -> Response:
        response.headers["RateLimit-Policy"] = f'"day";q={allowance.cap};w=86400'
        response.headers["RateLimit"] = f'"day";r={allowance.left};t={allowance.seconds_left}'
        return response


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """A write that needs an ``Idempotency-Key``: the same request again gets the first answer. It stands under ``requires``."""

    @wraps(view)
    def once(*arguments: Any, **named: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not 0 < len(key) <= MOST_KEY or _VISIBLE.fullmatch(key) is None:
            raise BadRequestError(
                f"缺少 Idempotency-Key，或不是 1 至 {MOST_KEY} 个 ASCII 字符。The Idempotency-Key is missing or malformed."
            )
        digest = sm3(f"{request.method}\n{target()}\n".encode() + request.get_data()).hex()

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


def recorded(*subjects: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """A read of data that are not public: the caller says for what, and it is kept on record.

    ``subjects`` are the names of the route's or query's variables that name the licence or holder; a view whose body names
    it says so by ``about``. It stands under ``requires``.
    """

    def declare(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def kept(*arguments: Any, **named: Any) -> Response:
            elements = caller_elements()
            about(next((str(value) for name in subjects if (value := named.get(name, request.args.get(name)))), ""))
            try:
                response = view(*arguments, **named)
            except GatewayError as error:
                response = gateway_problem(error)
            rule = request.url_rule
            access = Access(
                route="" if rule is None else rule.rule,
                subject=g.subject,
                fields=tuple(filter(None, request.args.get("fields", "").split(","))),
                result=response.status_code,
                request_id=g.get("request_id", ""),
                address=(request.remote_addr or "")[:_LONGEST_ADDRESS],
            )
            container().access_records.record(actor(), elements, access)
            return response

        setattr(kept, RECORDED, True)
        return kept

    return declare


def about(subject: str) -> None:
    """Note which licence or holder this request reads."""
    g.subject = subject[:LONGEST_ELEMENT]


def caller_elements() -> CallerElements:
    """The five elements and the purpose from the headers. BadRequestError names those that are missing or too long."""
    found = {name: _element(request.headers.get(header, "")) for name, header in ELEMENT_HEADERS.items()}
    wrong = [
        ELEMENT_HEADERS[name]
        for name, value in found.items()
        if not 0 < len(value) <= LONGEST_ELEMENT or not value.isprintable()
    ]
    if wrong:
        raise BadRequestError(
            f"缺少或无效的请求头：{'、'.join(wrong)}。Missing or malformed headers: {', '.join(wrong)}.",
            hint="Who asks, for which item and why is kept with every read of data that are not public.",
        )
    return CallerElements(**found)


def _element(sent: str) -> str:
    """The text of a header; empty when it is not percent-encoded UTF-8: it would go on record as something else."""
    try:
        return unquote(sent, errors="strict").strip() if _ENCODED.fullmatch(sent) else ""
    except UnicodeDecodeError:
        return ""


def require_declarations(app: Flask) -> None:
    """RuntimeError names the first route without a declaration."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in STATIC_ENDPOINTS and not hasattr(view, _ATTRIBUTE):
            raise RuntimeError(f"route {endpoint} does not declare its authentication")


def target() -> str:
    """The whole path with its query as it was sent: a signature is over what the client wrote, percent-encoding and all.

    WSGI gives the path decoded only; the servers that we run under keep the request line's target beside it.
    """
    sent: str = request.environ.get("RAW_URI", "")
    if sent.startswith("/"):
        return sent
    path = quote(request.root_path + request.path, safe="/:@!$&'()*+,;=~-._")
    return f"{path}?{request.query_string.decode('latin-1')}" if request.query_string else path
