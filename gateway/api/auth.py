"""Every route declares who may call it; a route that declares nothing stops the application at start."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

PUBLIC = "public"
_ATTRIBUTE = "declared_access"
_STATIC_ENDPOINTS = frozenset({"static", "pages.static"})
View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Anyone may call this; what it shows is masked."""
    setattr(view, _ATTRIBUTE, PUBLIC)
    return view


def declare(view: View, access: object) -> View:
    """Note who may call a view, for rooms with a declaration of their own."""
    setattr(view, _ATTRIBUTE, access)
    return view


def require_declarations(app: Flask) -> None:
    """RuntimeError names the first route without a declaration."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in _STATIC_ENDPOINTS and not hasattr(view, _ATTRIBUTE):
            raise RuntimeError(f"route {endpoint} does not declare its authentication")
