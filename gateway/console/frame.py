"""What all pages of the console share: the blueprint, the look, the person at work, and pages for what went wrong."""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, g, request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException

from gateway.api.problems import status_of
from gateway.console.words import register_console_words
from gateway.domain.actors import Actor
from gateway.errors import ForbiddenError, GatewayError, NotFoundError, StaleStateError
from gateway.services.staff_sessions import SignedIn
from verify_web.language import other_tongue, pair
from verify_web.pages import container, page
from verify_web.style import SHEETS, inlined
from verify_web.words import say

COOKIE = "staff_session"
"""Holds the session's token, or before signing in a random value that only proves the form was ours."""

blueprint = Blueprint("console", __name__, template_folder="templates", url_prefix="/console")
register_console_words(blueprint)

_STYLE, _STYLE_SOURCE = inlined(*SHEETS, Path(__file__).parent / "console.css")
_POLICY = (
    f"default-src 'none'; style-src {_STYLE_SOURCE}; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_SCRIPT_POLICY = "; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
_TITLES = {
    ForbiddenError: _l("没有权限"),
    NotFoundError: _l("没有找到"),
    StaleStateError: _l("已有变更"),
}
_HTTP_TITLES = {
    HTTPStatus.FORBIDDEN: _TITLES[ForbiddenError],
    HTTPStatus.NOT_FOUND: _TITLES[NotFoundError],
}


def person() -> SignedIn:
    """Who sent this request; only views that are declared for staff ask."""
    found: SignedIn = g.person
    return found


def actor() -> Actor:
    """The limits of the person at work."""
    return person().actor


def screen(template: str, status: int = HTTPStatus.OK, *, has_script: bool = False, **values: object) -> Response:
    """A page of the console, under a policy of its own; few have a script, and all work without."""
    signed_in = g.get("person")
    response = page(
        f"console/{template}",
        status,
        style=_STYLE,
        person=signed_in,
        scopes=frozenset() if signed_in is None else signed_in.actor.scopes,
        csrf=g.get("csrf", ""),
        other_language=urlencode({**request.args.to_dict(), "lang": other_tongue(g.get("language", "zh")).code}),
        site_name=container().settings.site_name,
        **values,
    )
    response.headers["Content-Security-Policy"] = _POLICY + (_SCRIPT_POLICY if has_script else "")
    return response


def file_response(data: bytes, name: str) -> Response:
    """A PDF to be looked at and printed; no cache keeps it."""
    response = Response(data, mimetype="application/pdf")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@blueprint.errorhandler(GatewayError)
def show_error(error: GatewayError) -> Response:
    """One of our errors that no form took."""
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _sorry(status, _l("暂时无法办理"), _l("请稍后再试。"))
    title = next((words for kind, words in _TITLES.items() if isinstance(error, kind)), _l("无法办理"))
    return _sorry(status, title, say(*pair(error.message)), error.hint)


@blueprint.errorhandler(HTTPException)
def show_http_error(error: HTTPException) -> Response:
    """An error of HTTP itself."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    title = _HTTP_TITLES.get(status, _l("无法办理"))
    # What the framework says of itself is in English only, and of no use at a counter.
    ours = error.description if error.description != type(error).description else None
    return _sorry(status, title, say(*pair(ours)) if ours else _l("请检查网址，或返回后重试。"))


def _sorry(status: HTTPStatus, title: str, text: str, hint: str = "") -> Response:
    return screen("sorry.html", status, title=title, text=text, hint=hint, request_id=g.get("request_id", ""))
