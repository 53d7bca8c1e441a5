"""Who may call a page of the console: the declaration of its routes, the cookie, and the token against forged forms."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import g, redirect, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.auth import View, declare
from gateway.console.frame import COOKIE, blueprint
from gateway.domain.actors import Scope
from gateway.services.staff_sessions import Duty
from verify_web.pages import container

CSRF_FIELD = "csrf"
_DUTY_PAGES = {Duty.PASSWORD: "console.password", Duty.SECOND_FACTOR: "console.second_factor"}
_FORM_ONLY = "before."
"""Such a cookie signs no one in: it binds the sign-in form to the browser."""


def staff(*scopes: Scope, duty_allowed: bool = False) -> Callable[[View], View]:
    """Someone who is signed in and has one of ``scopes`` (none: anyone) may call this.

    With a duty open (first password, authenticator) only the pages that settle it are shown.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return _turned_away(scopes, duty_allowed=duty_allowed) or view(*args, **kwargs)

        return declare(guarded, ("staff", scopes))  # type: ignore[return-value] # wraps keeps the signature

    return decorate


def visitor(view: View) -> View:
    """Anyone may call this: the way in. Its form is bound to the browser by a cookie."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        token = request.cookies.get(COOKIE) or _FORM_ONLY + secrets.token_urlsafe(32)
        g.csrf = csrf_of(token)
        _check_form()
        response = view(*args, **kwargs)
        if COOKIE not in request.cookies and not any(
            value.startswith(COOKIE) for value in response.headers.getlist("Set-Cookie")
        ):
            set_cookie(response, token)
        return response

    return declare(guarded, "visitor")  # type: ignore[return-value] # wraps keeps the signature


def csrf_of(token: str) -> str:
    """The value that forms carry: it follows from the cookie, and the cookie does not follow from it."""
    return hashlib.sha256(b"console form " + token.encode()).hexdigest()


def set_cookie(response: BaseResponse, token: str) -> None:
    """Hand the token to the browser: for this path, this site, over TLS (browsers make an exception for localhost)."""
    path = request.root_path.rstrip("/") + (blueprint.url_prefix or "/")
    response.set_cookie(COOKIE, token, path=path, secure=True, httponly=True, samesite="Strict")


def drop_cookie(response: BaseResponse) -> None:
    """Take the token away."""
    path = request.root_path.rstrip("/") + (blueprint.url_prefix or "/")
    response.delete_cookie(COOKIE, path=path, secure=True, httponly=True, samesite="Strict")


def browser() -> str:
    """What the browser says of itself; a session stays with it."""
    return request.headers.get("User-Agent", "")


def to(endpoint: str, **values: Any) -> BaseResponse:
    """After a form: the page to go on with, by GET, so that reloading repeats nothing."""
    return redirect(url_for(f"console.{endpoint}", **values), HTTPStatus.SEE_OTHER)


def _turned_away(scopes: tuple[Scope, ...], *, duty_allowed: bool) -> BaseResponse | None:
    """Where a caller is sent instead, None to let it in; Forbidden without the scope or the form's token."""
    token = request.cookies.get(COOKIE, "")
    found = container().staff_sessions.find(token, browser()) if token else None
    if found is None:
        return to("sign_in")
    g.person, g.csrf = found, csrf_of(token)
    _check_form()
    if found.duty is not None and not duty_allowed:
        return redirect(url_for(_DUTY_PAGES[found.duty]), HTTPStatus.SEE_OTHER)
    if scopes and not found.actor.scopes.intersection(scopes) and not duty_allowed:
        raise Forbidden("您的角色没有这项权限。Your role does not permit this.")
    return None


def _check_form() -> None:
    if request.method == "POST" and not hmac.compare_digest(request.form.get(CSRF_FIELD, ""), g.csrf):
        raise Forbidden("表单已失效，请返回重新打开页面。The form is stale; go back and open the page again.")
