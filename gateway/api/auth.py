"""Every route declares who may call it; a route that declares nothing stops the application at start."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Request, current_app, g, request

from gateway.domain.actors import Actor, Scope
from gateway.errors import ForbiddenError

PUBLIC = "public"
AUTHENTICATOR = "authenticator"
_ATTRIBUTE = "declared_access"
_STATIC_ENDPOINTS = frozenset({"static", "pages.static"})
View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Anyone may call this; what it shows is masked."""
    setattr(view, _ATTRIBUTE, PUBLIC)
    return view


def requires(scope: Scope) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only an authenticated client with this scope may call this."""

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**values: Any) -> Any:
            g.actor = current_app.extensions.get(AUTHENTICATOR, _nobody)(request)
            g.actor.require(scope)
            return view(**values)

        setattr(guarded, _ATTRIBUTE, scope)
        return guarded

    return declare


def _nobody(_: Request) -> Actor:
    raise ForbiddenError("未配置部门认证。No way to authenticate departments is set up.")


def current_actor() -> Actor:
    """Who calls."""
    actor: Actor = g.actor
    return actor


def require_declarations(app: Flask) -> None:
    """RuntimeError names the first route without a declaration."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in _STATIC_ENDPOINTS and not hasattr(view, _ATTRIBUTE):
            raise RuntimeError(f"route {endpoint} does not declare its authentication")
