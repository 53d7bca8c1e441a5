"""The forms in which a verification report leaves the gateway, and which of them a client asks for (RFC 9110, 12.5.1)."""

from enum import StrEnum

from flask import Request, Response, current_app

from gateway.api.replies import container, reply
from gateway.domain.human_report import PagePictures
from gateway.domain.verification import VerificationReport

HTML_RENDERER = "report_html"
"""Extension under which the application hangs the renderer of HTML: templates stand above this room."""


class ReportForm(StrEnum):
    """Media types; the first is for those who name none."""

    JSON = "application/json"
    HTML = "text/html"
    PDF = "application/pdf"
    XML = "application/xml"


ENDINGS = {"json": ReportForm.JSON, "html": ReportForm.HTML, "pdf": ReportForm.PDF, "xml": ReportForm.XML}


def wanted_form(request: Request) -> ReportForm:
    """What ``Accept`` prefers; JSON for those who take anything, or nothing that there is."""
    if request.accept_mimetypes.best == "*/*":
        return ReportForm.JSON
    return ReportForm(request.accept_mimetypes.best_match(list(ReportForm), ReportForm.JSON))


def wanted_language(request: Request) -> str:
    """``zh`` or ``en`` by ``Accept-Language``; Chinese for those who say nothing."""
    return request.accept_languages.best_match(["zh", "en"], "zh")


def report_response(
    report: VerificationReport, form: ReportForm, language: str, pictures: tuple[PagePictures, ...] = ()
) -> Response:
    """The report in one form; ``language`` is for people's forms, ``pictures`` show changed pages."""
    if form is ReportForm.JSON:
        response = reply(report.to_json())
    elif form is ReportForm.HTML:
        response = current_app.extensions[HTML_RENDERER](report, language, pictures)
    elif form is ReportForm.PDF:
        response = Response(container().reports.pdf(report, language=language, pictures=pictures), mimetype=form)
    else:
        response = Response(container().reports.xml(report), mimetype=form)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept, Accept-Language"
    return response
