"""Renders pages: the frame that all of them share, and the pages for what went wrong."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, current_app, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from gateway.container import Container
from gateway.domain.verdicts import COULD_NOT_CHECK, NOT_FOUND, POSITIVE_REASONS, Shape, Tone, Verdict, licence_verdict
from gateway.errors import GatewayError, NotFoundError, UnreadableInputError, ValidationFailedError
from verify_web.language import COOKIE, LANGUAGES, language_of, pair
from verify_web.style import STYLE
from verify_web.words import say

_YEAR = 365 * 24 * 3600
_MEGABYTE = 1024 * 1024
_NO_PAGE = Verdict(Tone.UNKNOWN, Shape.LENS, "没有这个页面", "No such page")
_TOO_LARGE = Verdict(Tone.WARNING, Shape.ALERT, "文件过大", "File too large")
_UNREADABLE = Verdict(Tone.WARNING, Shape.ALERT, "无法读取", "Cannot be read")
_NOT_PROCESSED = Verdict(Tone.WARNING, Shape.ALERT, "无法处理", "Cannot be processed")
_READABLE_ZH = "请换一份完整、清晰、未加密的文件再试，也可以输入 18 位代码查询。"
_READABLE_EN = "Try again with a file that is complete, sharp and not encrypted, or type the 18-character code."
_OWN_HEADERS = frozenset({"content-type", "content-length"})


def container() -> Container:
    """The services of this application."""
    found: Container = current_app.extensions["container"]
    return found


def choose_language() -> None:
    """Before each request: the language that its answer will have."""
    g.language = language_of(request)


def shared_words() -> dict[str, object]:
    """What every template may use."""
    settings = container().settings
    return {
        "say": say,
        "language": g.get("language", "zh"),
        "site_name": settings.site_name,
        "public_base_url": settings.public_base_url,
        "max_upload_megabytes": settings.max_upload_bytes // _MEGABYTE,
        "licence_verdict": licence_verdict,
        "positive_reasons": POSITIVE_REASONS,
        "style": STYLE,
    }


def page(template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """A page that is not kept by any cache; a choice of language by ``?lang=`` is remembered."""
    response = make_response(render_template(template, **values), int(status))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Content-Language"] = say("zh-CN", "en")
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            COOKIE,
            g.language,
            max_age=_YEAR,
            path=request.root_path or "/",
            samesite="Lax",
            httponly=True,
            secure=request.is_secure,
        )
    return response


def error_page(error: GatewayError) -> Response:
    """The page for one of our errors."""
    if isinstance(error, NotFoundError):
        return _error(HTTPStatus.NOT_FOUND, NOT_FOUND, "登记簿中没有这一项。", "The register has no such entry.")
    if isinstance(error, UnreadableInputError | ValidationFailedError):
        zh, en = pair(error.message)
        return _error(HTTPStatus.UNPROCESSABLE_ENTITY, _UNREADABLE, f"{zh}{_READABLE_ZH}", f"{en} {_READABLE_EN}")
    return unavailable_page()


def http_error_page(error: HTTPException) -> Response:
    """The page for an HTTP error; its headers, such as Allow, are kept."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status is HTTPStatus.NOT_FOUND:
        answer = _error(status, _NO_PAGE, "请检查网址。", "Please check the address.")
    elif status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        limit = container().settings.max_upload_bytes // _MEGABYTE
        answer = _error(status, _TOO_LARGE, f"文件不能超过 {limit} MB。", f"A file may have {limit} MB at most.")
    else:
        answer = _error(status, _NOT_PROCESSED, "请返回后重试。", "Please go back and try again.")
    for name, value in error.get_headers(request.environ):
        if name.lower() not in _OWN_HEADERS:
            answer.headers[name] = value
    return answer


def unavailable_page(status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE) -> Response:
    """The register or another part did not answer: could not check, with the request id to report."""
    return _error(
        status,
        COULD_NOT_CHECK,
        "系统暂时无法查询。这不说明证照是真是假，请稍后再试。",
        "The system cannot look it up right now. That says nothing about any licence; try again later.",
        request_id=g.get("request_id", ""),
    )


def _error(status: HTTPStatus, verdict: Verdict, zh: str, en: str, *, request_id: str = "") -> Response:
    if "language" not in g:
        choose_language()
    now = datetime.now(UTC)
    return page("error.html", status, verdict=verdict, text=say(zh, en), now=now, request_id=request_id)
