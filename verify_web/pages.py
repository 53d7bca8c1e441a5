"""Renders pages: the frame that all of them share, and the pages for what went wrong."""

from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from flask import Response, current_app, g, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException

from gateway.api.auth import target
from gateway.container import Container
from gateway.domain.challenge_phrase import Phrase
from gateway.domain.status import WORDS
from gateway.domain.verdicts import (
    COULD_NOT_CHECK,
    NOT_FOUND,
    POSITIVE_REASONS,
    Shape,
    Tone,
    Verdict,
    licence_verdict,
    status_verdict,
)
from gateway.errors import (
    ConfigurationError,
    GatewayError,
    NotFoundError,
    ProofOfWorkRequiredError,
    RegistryUnavailableError,
    TimestampsUnavailableError,
    TooManyVisitsError,
    UnreadableInputError,
    ValidationFailedError,
)
from verify_web.catalogue import spoken
from verify_web.language import TONGUES, other_tongue, pair
from verify_web.preferences import choose, remember, switched
from verify_web.style import ANSWER_STYLE, STYLE
from verify_web.words import say

_MEGABYTE = 1024 * 1024
_NO_PAGE = Verdict(Tone.UNKNOWN, Shape.LENS, "没有这个页面", "No such page")
_TOO_LARGE = Verdict(Tone.WARNING, Shape.ALERT, "文件过大", "File too large")
_NOT_SIGNED = Verdict(Tone.UNKNOWN, Shape.CLOCK, "暂时不能签发文件", "Cannot be signed right now")
_QUEUE = Verdict(Tone.UNKNOWN, Shape.CLOCK, "请稍候", "Please wait")
_UNREADABLE = Verdict(Tone.WARNING, Shape.ALERT, "无法读取", "Cannot be read")
_NOT_PROCESSED = Verdict(Tone.WARNING, Shape.ALERT, "无法处理", "Cannot be processed")
ADMISSION = "admission_pages.admission"
_OWN_HEADERS = frozenset({"content-type", "content-length"})


def container() -> Container:
    """The services of this application."""
    found: Container = current_app.extensions["container"]
    return found


def choose_look() -> None:
    """Before each request: the language and the size of type that its answer will have."""
    choose(request)


def shared_words() -> dict[str, object]:
    """What every template may use."""
    settings, language = container().settings, g.get("language", "zh")
    return {
        **spoken(language),
        "say": say,
        "language": language,
        "tongue": TONGUES[language],
        "other_tongue": other_tongue(language),
        "site_name": settings.site_name,
        "public_base_url": settings.public_base_url,
        "max_upload_megabytes": settings.max_upload_bytes // _MEGABYTE,
        "licence_verdict": licence_verdict,
        "positive_reasons": POSITIVE_REASONS,
        "style": STYLE,
        "answer_style": ANSWER_STYLE,
        "type_size": g.get("type_size", "normal"),
        "status_words": WORDS,
        "status_verdict": status_verdict,
        "reported_verdict": COULD_NOT_CHECK,
        "pair": pair,
        "switched": partial(switched, request),
        "challenge_phrase": _challenge_phrase,
    }


def _challenge_phrase() -> Phrase | None:
    """The words of the day; None where there is no secret for them, which must keep no page from its readers."""
    try:
        return container().challenge_phrases.of_day()
    except ConfigurationError:
        return None


def page(template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """A page that is not kept by any cache; choices by ``?lang=`` and ``?size=`` are remembered."""
    response = make_response(render_template(template, **values), int(status))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Content-Language"] = TONGUES[g.get("language", "zh")].tag
    remember(request, response)
    return response


def error_page(error: GatewayError) -> Response:
    """The page for one of our errors."""
    if isinstance(error, TooManyVisitsError):
        return _queue(error)
    if isinstance(error, NotFoundError):
        return _error(HTTPStatus.NOT_FOUND, NOT_FOUND, _l("登记簿中没有这一项。"))
    if isinstance(error, UnreadableInputError | ValidationFailedError):
        why = say(*pair(error.message))
        text = _l("%(why)s请换一份完整、清晰、未加密的文件再试，也可以输入 18 位代码查询。", why=why)
        return _error(HTTPStatus.UNPROCESSABLE_ENTITY, _UNREADABLE, text)
    if isinstance(error, TimestampsUnavailableError):
        return _error(
            HTTPStatus.SERVICE_UNAVAILABLE,
            _NOT_SIGNED,
            _l("时间戳服务没有应答，这份文件暂时不能签发。这不说明证照是真是假，请稍后再试。"),
        )
    return register_down_page() if isinstance(error, RegistryUnavailableError) else unavailable_page()


def http_error_page(error: HTTPException) -> Response:
    """The page for an HTTP error; its headers, such as Allow, are kept."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status is HTTPStatus.NOT_FOUND:
        answer = _error(status, _NO_PAGE, _l("请检查网址。"))
    elif status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        limit = container().settings.max_upload_bytes // _MEGABYTE
        answer = _error(status, _TOO_LARGE, _l("文件不能超过 %(limit)s MB。", limit=limit))
    else:
        answer = _error(status, _NOT_PROCESSED, _l("请返回后重试。"))
    for name, value in error.get_headers(request.environ):
        if name.lower() not in _OWN_HEADERS:
            answer.headers[name] = value
    return answer


def _queue(error: TooManyVisitsError) -> Response:
    """Too many questions at once: when to ask again. Nothing reloads by itself, which WCAG 2.2.1 (F41) does not want."""
    if isinstance(error, ProofOfWorkRequiredError):
        return waiting_page(error, target() if request.method == "GET" else request.root_path + request.path)
    text = say(*pair(error.message))
    retry = switched(request) if request.method == "GET" else ""
    answer = _error(HTTPStatus.TOO_MANY_REQUESTS, _QUEUE, text, retry=retry)
    answer.headers["Retry-After"] = str(error.seconds_left)
    return answer


def waiting_page(error: ProofOfWorkRequiredError, leads_to: str) -> Response:
    """The queue: a script works out what lets the visitor in, and without it some seconds do."""
    answer = page(
        "waiting.html",
        HTTPStatus.TOO_MANY_REQUESTS,
        verdict=_QUEUE,
        seconds=error.seconds_left,
        puzzle=error.puzzle,
        leads_to=leads_to,
        is_sent_again=request.method != "GET" and request.endpoint != ADMISSION,
    )
    answer.headers["Retry-After"] = str(error.seconds_left)
    return answer


def register_down_page() -> Response:
    """The database did not answer: could not check, with the request id to report."""
    return _error(
        HTTPStatus.SERVICE_UNAVAILABLE,
        COULD_NOT_CHECK,
        _l("登记簿没有应答，暂时无法查询。这不说明证照是真是假，请稍后再试。"),
        request_id=g.get("request_id", ""),
    )


def unavailable_page(status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE) -> Response:
    """Some part did not do its work: could not check, with the request id to report."""
    return _error(
        status,
        COULD_NOT_CHECK,
        _l("系统暂时无法查询。这不说明证照是真是假，请稍后再试。"),
        request_id=g.get("request_id", ""),
    )


def _error(status: HTTPStatus, verdict: Verdict, text: str, *, request_id: str = "", retry: str = "") -> Response:
    if "language" not in g:
        choose_look()
    now = datetime.now(UTC)
    return page("error.html", status, verdict=verdict, text=text, now=now, request_id=request_id, retry=retry)
