"""Reports as downloads: one verification in HTML, PDF, XML or JSON."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.replies import container
from gateway.api.report_forms import ENDINGS, ReportForm, report_response
from gateway.api.visits import counted, looked_up
from gateway.domain.human_report import PagePictures, human_report
from gateway.domain.verification import VerificationReport
from gateway.errors import NotFoundError
from verify_web.language import language_of
from verify_web.report_document import REPORT_POLICY, render_report_html

blueprint = Blueprint("report_files", __name__)


@blueprint.get("/reports/<report_number>.<ending>")
@public
@counted
@looked_up
def download(report_number: str, ending: str) -> Response:
    """A kept report once more, by its number, in the form of the ending. It is shown to whoever has the number."""
    if ending not in ENDINGS:
        raise NotFoundError("没有这种格式的报告。Reports come as html, pdf, xml and json.")
    report = container().verifications.kept_report(report_number)
    response = report_response(report, ENDINGS[ending], language_of(request))
    disposition = "inline" if ending == "html" else "attachment"
    response.headers["Content-Disposition"] = f'{disposition}; filename="report-{report_number}.{ending}"'
    return response


def html_response(report: VerificationReport, language: str, pictures: tuple[PagePictures, ...]) -> Response:
    """The report as one HTML file under a policy of its own: inline style by its digest, pictures from inside."""
    html = render_report_html(human_report(report, pictures), language, report.report_number)
    response = Response(html, status=HTTPStatus.OK, mimetype=ReportForm.HTML)
    response.headers["Content-Security-Policy"] = REPORT_POLICY
    response.headers["Content-Language"] = "en" if language == "en" else "zh-CN"
    return response
