"""The look-up pages. They work without JavaScript."""

from base64 import b64encode
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.auth import public
from gateway.api.visits import admit, counted, looked_up
from gateway.domain.answers import CodeClass, LicenceAnswer, Outcome, Resolution
from gateway.domain.archive_files import is_archive
from gateway.domain.codes import classify
from gateway.domain.human_report import signature_kind
from gateway.domain.identifiers import CodeError, LicenceIdentifier
from gateway.domain.list_words import told_facts
from gateway.domain.verdicts import answer_verdict, report_verdict, resolution_verdict, shown_reasons, tally
from gateway.errors import NotFoundError
from gateway.imaging.pdf_pages import page_pictures
from gateway.services.token_reports import is_token
from verify_web.calendars import MEDIA_TYPE, expiry_calendar
from verify_web.compression import compress
from verify_web.lists import ListFilter, list_view
from verify_web.pages import choose_look, container, page, shared_words
from verify_web.policies import PREVIEW_POLICY
from verify_web.script_files import CAMERA_POLICY
from verify_web.words import LEGEND, register_words

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
blueprint.before_app_request(choose_look)
blueprint.after_request(compress)
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
    return _home()


@blueprint.post("/")
@public
def look_up() -> BaseResponse:
    """Send a typed code, a picture, a PDF or a signed list to the page with its answer.

    What leads to a page by itself is counted there.
    """
    picture = request.files.get("picture")
    if picture is not None and picture.filename:
        admit()
        data = picture.read()
        if is_archive(data) or _PDF_MAGIC in data[:_PDF_MAGIC_WITHIN] or is_token(data):
            return _report(data, picture.filename)
        return _lead_to(container().look_ups.resolve_image(data))
    text = request.form.get("text", "").strip()
    return _typed(text) if text else _home(notice=True)


@blueprint.get("/e/<code>")
@public
@counted
@looked_up
def enterprise(code: str) -> Response:
    """The verified list of one enterprise."""
    return _answer(container().codes.resolve(code), HTTPStatus.NOT_FOUND, typed=code[:_LONGEST_ECHO])


@blueprint.get("/e/<code>/expiries.ics")
@public
@counted
@looked_up
def expiries(code: str) -> Response:
    """When the licences of one enterprise end, for a calendar."""
    resolution = container().codes.resolve(code)
    if resolution.enterprise is None or resolution.code_class is not CodeClass.PLAIN_CODE:
        raise NotFoundError("没有这家企业。No such enterprise.")
    enterprise, now = resolution.enterprise, container().clock()
    base = container().settings.public_base_url
    response = Response(
        expiry_calendar(enterprise.name, resolution.licences, base_url=base, now=now), content_type=MEDIA_TYPE
    )
    response.headers["Cache-Control"] = "no-store"
    name = f"expiries-{enterprise.unified_social_credit_code}.ics"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/q/<payload>")
@public
@counted
@looked_up
def licence_code(payload: str) -> Response:
    """The answer on the QR code of one licence."""
    base = container().settings.public_base_url.rstrip("/")
    return _answer(container().codes.resolve(f"{base}/q/{quote(payload, safe='')}"), HTTPStatus.NOT_FOUND)


@blueprint.get("/Q/<payload>")
@public
def licence_code_upper(payload: str) -> BaseResponse:
    """The same; QR codes are in upper case."""
    return licence_code(payload=payload)


@blueprint.get("/l/<licence_identifier>")
@public
@counted
@looked_up
def licence(licence_identifier: str) -> Response:
    """One licence by its identifier."""
    return _licence(container().licences.public_answer(licence_identifier), scanned=False)


@blueprint.get("/l/<licence_identifier>/original.pdf")
@public
@counted
@looked_up
def original(licence_identifier: str) -> Response:
    """The signed PDF of a licence whose type lets everyone have it."""
    response = Response(container().licences.public_file(licence_identifier), mimetype="application/pdf")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{licence_identifier}.pdf"'
    return response


@blueprint.get("/verify")
@public
def verify_form() -> Response:
    """Where a PDF is handed in."""
    return _with_preview(page("verify.html"))


@blueprint.post("/verify")
@public
@counted
def verify() -> Response:
    """The report on a PDF."""
    part = request.files.get("file")
    if part is None or not part.filename:
        return _with_preview(page("verify.html", notice=True))
    return _report(part.read(), part.filename)


@blueprint.get("/about")
@public
def about() -> Response:
    """What the answers mean."""
    return page("about.html", legend=LEGEND)


@blueprint.get("/about/components")
@public
def components() -> Response:
    """The parts that the pages are made of."""
    return page("components.html", legend=LEGEND)


def _home(*, notice: bool = False) -> Response:
    response = page("home.html", notice=notice)
    response.headers["Permissions-Policy"] = CAMERA_POLICY
    return _with_preview(response)


def _with_preview(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return response


def _typed(text: str) -> BaseResponse:
    code = classify(text, own_hosts=container().codes.own_hosts())
    if code.licence_payload is not None:
        return redirect(url_for("pages.licence_code", payload=code.licence_payload), HTTPStatus.SEE_OTHER)
    if code.unified_social_credit_code is not None:
        return redirect(url_for("pages.enterprise", code=code.unified_social_credit_code), HTTPStatus.SEE_OTHER)
    with suppress(CodeError):
        identifier = str(LicenceIdentifier.parse(text.upper()))
        return redirect(url_for("pages.licence", licence_identifier=identifier), HTTPStatus.SEE_OTHER)
    admit()
    return _by_number(text) or _lead_to(container().look_ups.resolve(text), typed=text[:_LONGEST_ECHO])


def _licence(answer: LicenceAnswer, *, scanned: bool) -> Response:
    verdict, reasons = answer_verdict(answer), shown_reasons(answer)
    return page(
        "licence.html",
        answer=answer,
        verdict=verdict,
        reasons=reasons,
        scanned=scanned,
        history=container().histories.public(answer.listed.licence_identifier),
        bindings=container().rebindings.chain(answer.listed.licence_identifier),
        now=container().clock(),
    )


def _report(data: bytes, name: str) -> Response:
    report = container().verifications.verify(data, name)
    is_pdf = _PDF_MAGIC in data[:_PDF_MAGIC_WITHIN] and not is_archive(data)
    drawn = page_pictures(data) if is_pdf else []
    previews = [f"data:image/png;base64,{b64encode(picture).decode()}" for picture in drawn]
    verdict, stated = report_verdict(report), report.signed_list
    told = None if stated is None else (stated.enterprise_name or stated.holder_code, told_facts(stated))
    kinds = [signature_kind(each, report) for each in report.signatures]
    return _with_preview(
        page("report.html", report=report, verdict=verdict, previews=previews, stated=told, kinds=kinds)
    )


def _by_number(text: str) -> BaseResponse | None:
    """Where the printed number of a licence leads to; None for what is none."""
    numbered = container().look_ups.answer(lambda: container().licence_numbers.find(text), lambda found: not found)
    if len(numbered) > 1:
        return page("same_number.html", licences=numbered, number=text)
    if not numbered:
        return None
    identifier = numbered[0].licence_identifier
    return redirect(url_for("pages.licence", licence_identifier=identifier), HTTPStatus.SEE_OTHER)


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
        wanted = ListFilter.parse(request.args)
        return page(
            "list.html",
            resolution=resolution,
            counts=tally(resolution.licences),
            view=list_view(resolution, wanted),
            wanted=wanted,
            rebound=container().rebindings.of_enterprise(resolution.enterprise.unified_social_credit_code),
            accepted=container().acceptances.accepted_by(resolution.enterprise.unified_social_credit_code),
        )
    status = HTTPStatus.OK if is_licence_code else refused
    if resolution.unified_social_credit_code is not None and not is_licence_code:
        status = HTTPStatus.NOT_FOUND
    if resolution.outcome is Outcome.COULD_NOT_ASK:
        status = HTTPStatus.SERVICE_UNAVAILABLE
    reasons = [reason for reason in resolution.reasons if reason.code != "CODE_IS_NO_PROOF"]
    verdict = resolution_verdict(resolution)
    return page(
        "refused.html",
        status,
        resolution=resolution,
        reasons=reasons,
        verdict=verdict,
        typed=typed,
        is_licence_code=is_licence_code,
    )
