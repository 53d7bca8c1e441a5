"""The look-up pages. They work without JavaScript."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.auth import public
from gateway.domain.answers import CodeClass, LicenceAnswer, Resolution
from gateway.domain.codes import classify
from gateway.domain.verdicts import answer_verdict, report_verdict, resolution_verdict, shown_reasons, tally
from verify_web.pages import choose_language, container, page, shared_words
from verify_web.words import LEGEND, register_words

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
blueprint.before_app_request(choose_language)
blueprint.app_context_processor(shared_words)
register_words(blueprint)

_PDF_MAGIC = b"%PDF-"
_PDF_MAGIC_WITHIN = 1024
"""ISO 32000-1, annex H.3.4.1: readers accept the header within the first 1024 bytes."""
_LONGEST_ECHO = 64


@blueprint.get("/")
@public
def home() -> Response:
    """One box for everything."""
    return page("home.html")


@blueprint.post("/")
@public
def look_up() -> BaseResponse:
    """Send a typed code, a picture or a PDF to the page with its answer."""
    picture = request.files.get("picture")
    if picture is not None and picture.filename:
        data = picture.read()
        if _PDF_MAGIC in data[:_PDF_MAGIC_WITHIN]:
            return _report(data, picture.filename)
        return _lead_to(container().codes.resolve_image(data))
    text = request.form.get("text", "").strip()
    if not text:
        return page("home.html", notice=True)
    code = classify(text, own_hosts=container().codes.own_hosts())
    if code.licence_payload is not None:
        return redirect(url_for("pages.licence_code", payload=code.licence_payload), HTTPStatus.SEE_OTHER)
    if code.unified_social_credit_code is not None:
        return redirect(url_for("pages.enterprise", code=code.unified_social_credit_code), HTTPStatus.SEE_OTHER)
    return _lead_to(container().codes.resolve(text), typed=text[:_LONGEST_ECHO])


@blueprint.get("/e/<code>")
@public
def enterprise(code: str) -> Response:
    """The verified list of one enterprise."""
    return _answer(container().codes.resolve(code), HTTPStatus.NOT_FOUND, typed=code[:_LONGEST_ECHO])


@blueprint.get("/q/<payload>")
@public
def licence_code(payload: str) -> Response:
    """The answer on the QR code of one licence."""
    base = container().settings.public_base_url.rstrip("/")
    return _answer(container().codes.resolve(f"{base}/q/{quote(payload, safe='')}"), HTTPStatus.NOT_FOUND)


@blueprint.get("/Q/<payload>")
@public
def licence_code_upper(payload: str) -> Response:
    """The same; QR codes are in upper case."""
    return licence_code(payload)


@blueprint.get("/l/<licence_identifier>")
@public
def licence(licence_identifier: str) -> Response:
    """One licence by its identifier."""
    return _licence(container().licences.public_answer(licence_identifier), scanned=False)


@blueprint.get("/verify")
@public
def verify_form() -> Response:
    """Where a PDF is handed in."""
    return page("verify.html")


@blueprint.post("/verify")
@public
def verify() -> Response:
    """The report on a PDF."""
    part = request.files.get("file")
    if part is None or not part.filename:
        return page("verify.html", notice=True)
    return _report(part.read(), part.filename)


@blueprint.get("/about")
@public
def about() -> Response:
    """What the answers mean."""
    return page("about.html", legend=LEGEND)


def _licence(answer: LicenceAnswer, *, scanned: bool) -> Response:
    verdict, reasons = answer_verdict(answer), shown_reasons(answer)
    return page("licence.html", answer=answer, verdict=verdict, reasons=reasons, scanned=scanned)


def _report(data: bytes, name: str) -> Response:
    report = container().verifications.verify(data, name)
    return page("report.html", report=report, verdict=report_verdict(report))


def _lead_to(resolution: Resolution, typed: str = "") -> BaseResponse:
    """An answer to a form: a list has its own address, so that it can be kept, shared and read in both languages."""
    if resolution.enterprise is not None and resolution.code_class is not CodeClass.LICENCE_CODE:
        code = resolution.enterprise.unified_social_credit_code
        return redirect(url_for("pages.enterprise", code=code), HTTPStatus.SEE_OTHER)
    return _answer(resolution, HTTPStatus.UNPROCESSABLE_ENTITY, typed=typed)


def _answer(resolution: Resolution, refused: HTTPStatus, typed: str = "") -> Response:
    """The page with the answer; ``refused`` is the status for what is no code that can be looked up."""
    if resolution.licence is not None:
        return _licence(resolution.licence, scanned=True)
    is_licence_code = resolution.code_class is CodeClass.LICENCE_CODE
    if resolution.enterprise is not None and not is_licence_code:
        return page("list.html", resolution=resolution, counts=tally(resolution.licences))
    status = HTTPStatus.OK if is_licence_code else refused
    if resolution.unified_social_credit_code is not None and not is_licence_code:
        status = HTTPStatus.NOT_FOUND
    reasons = [reason for reason in resolution.reasons if reason.code != "CODE_IS_NO_PROOF"]
    verdict = resolution_verdict(resolution)
    return page("refused.html", status, resolution=resolution, reasons=reasons, verdict=verdict, typed=typed)
