"""The look-up pages. They work without JavaScript."""

from datetime import UTC, date, datetime
from http import HTTPStatus
from urllib.parse import quote

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.auth import public
from gateway.container import Container
from gateway.documents.face import chinese_date
from gateway.domain.answers import CodeClass, Resolution
from gateway.domain.codes import classify
from gateway.domain.status import CHINA_STANDARD_TIME
from gateway.errors import GatewayError, NotFoundError, UnreadableInputError
from verify_web.language import COOKIE, LANGUAGES, chooser, language_of
from verify_web.verdicts import licence_verdict, report_verdict

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
_YEAR = 365 * 24 * 3600


def _container() -> Container:
    found: Container = current_app.extensions["container"]
    return found


@blueprint.before_app_request
def _choose_language() -> None:
    g.language = language_of(request)


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {
        "say": chooser(g.get("language", "zh")),
        "language": g.get("language", "zh"),
        "site_name": _container().settings.site_name,
        "public_base_url": _container().settings.public_base_url,
        "licence_verdict": licence_verdict,
    }


@blueprint.app_template_filter("moment")
def _moment(value: datetime | None) -> str:
    """An instant in China's time, which readers live by."""
    return "" if value is None else value.astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M:%S")


@blueprint.app_template_filter("day")
def _day(value: date | None) -> str:
    """A date in the reader's form; None is 长期."""
    if value is None:
        return chooser(g.get("language", "zh"))("长期", "without limit")
    return value.isoformat() if g.get("language") == "en" else chinese_date(value)


def _page(template: str, status: int = 200, **values: object) -> Response:
    response = make_response(render_template(template, **values), status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language, Cookie"
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(COOKIE, g.language, max_age=_YEAR, samesite="Lax", httponly=True, secure=request.is_secure)
    return response


@blueprint.get("/")
@public
def home() -> Response:
    """One box for everything."""
    return _page("home.html")


@blueprint.post("/")
@public
def look_up() -> BaseResponse:
    """Send a typed code or a picture to the page with its answer."""
    picture = request.files.get("picture")
    if picture is not None and picture.filename:
        data = picture.read()
        if b"%PDF-" in data[:1024] and not request.form.get("text"):
            return _report(data, picture.filename)
        return _answer(_container().codes.resolve_image(data))
    text = request.form.get("text", "")
    if not text.strip():
        return _page("home.html", notice=True)
    code = classify(text, own_hosts=_container().codes.own_hosts())
    if code.licence_payload is not None:
        return redirect(url_for("pages.licence_code", payload=code.licence_payload), HTTPStatus.SEE_OTHER)
    if code.code_class is CodeClass.PLAIN_CODE and code.unified_social_credit_code:
        return redirect(url_for("pages.enterprise", code=code.unified_social_credit_code), HTTPStatus.SEE_OTHER)
    return _answer(_container().codes.resolve(text))


@blueprint.get("/e/<code>")
@public
def enterprise(code: str) -> Response:
    """The verified list of one enterprise."""
    return _answer(_container().codes.resolve(code))


@blueprint.get("/q/<payload>")
@public
def licence_code(payload: str) -> Response:
    """The answer on the QR code of one licence."""
    base = _container().settings.public_base_url
    return _answer(_container().codes.resolve(f"{base}/q/{quote(payload)}"))


@blueprint.get("/Q/<payload>")
@public
def licence_code_upper(payload: str) -> Response:
    """The same; QR codes are in upper case."""
    return licence_code(payload)


@blueprint.get("/l/<licence_identifier>")
@public
def licence(licence_identifier: str) -> Response:
    """One licence by its identifier."""
    answer = _container().licences.public_answer(licence_identifier)
    return _page("licence.html", answer=answer, verdict=licence_verdict(answer.listed), scanned=False)


@blueprint.get("/verify")
@public
def verify_form() -> Response:
    """Where a PDF is handed in."""
    return _page("verify.html")


@blueprint.post("/verify")
@public
def verify() -> Response:
    """The report on a PDF."""
    part = request.files.get("file")
    if part is None or not part.filename:
        return _page("verify.html", notice=True)
    return _report(part.read(), part.filename)


@blueprint.get("/about")
@public
def about() -> Response:
    """What the answers mean."""
    return _page("about.html")


def _report(data: bytes, name: str) -> Response:
    report = _container().verifications.verify(data, name)
    return _page("report.html", report=report, verdict=report_verdict(report))


def _answer(resolution: Resolution) -> Response:
    if resolution.licence is not None:
        verdict = licence_verdict(resolution.licence.listed)
        return _page("licence.html", answer=resolution.licence, verdict=verdict, scanned=True)
    if resolution.unified_social_credit_code is None or resolution.enterprise is None:
        status = HTTPStatus.NOT_FOUND if resolution.unified_social_credit_code else HTTPStatus.OK
        return _page("refused.html", status, resolution=resolution)
    return _page("list.html", resolution=resolution)


def error_page(error: GatewayError) -> Response:
    """The page for one of our errors."""
    if isinstance(error, NotFoundError):
        return _error(
            HTTPStatus.NOT_FOUND,
            "没有查到",
            "Not found",
            "登记簿中没有这一项。",
            "The register has no such entry.",
        )
    if isinstance(error, UnreadableInputError):
        return _error(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "无法读取",
            "Cannot be read",
            f"{error.message}",
            f"{error.message} {error.hint}",
        )
    return unavailable_page()


def http_error_page(error: HTTPException) -> Response:
    """The page for an HTTP error; its headers, such as Allow, are kept."""
    if error.code == HTTPStatus.NOT_FOUND:
        page = _error(HTTPStatus.NOT_FOUND, "没有这个页面", "No such page", "请检查网址。", "Please check the address.")
    elif error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        limit = _container().settings.max_upload_bytes // (1024 * 1024)
        page = _error(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "文件过大",
            "File too large",
            f"文件不能超过 {limit} MB。",
            f"A file may have {limit} MB at most.",
        )
    else:
        status = HTTPStatus(error.code or 500)
        page = _error(status, "无法处理", "Cannot be processed", "请返回重试。", f"{status.phrase}.")
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            page.headers[name] = value
    return page


def unavailable_page(status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE) -> Response:
    """The register or another part did not answer: could not check."""
    return _error(
        status,
        "无法核验",
        "Could not check",
        "系统暂时无法查询，这不说明证照真假，请稍后再试。",
        "The system cannot look it up right now. That says nothing about the licence; try again later.",
    )


def _error(status: HTTPStatus, title_zh: str, title_en: str, text_zh: str, text_en: str) -> Response:
    if "language" not in g:
        g.language = language_of(request)
    say = chooser(g.language)
    now = datetime.now(UTC)
    return _page("error.html", int(status), title=say(title_zh, title_en), text=say(text_zh, text_en), now=now)
