"""POST /api/v1/verifications: the report on a PDF, a signed list or an archive package. A failed signature is an answer (200)."""

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.replies import container, uploaded_file
from gateway.api.report_forms import ReportForm, report_response, wanted_form, wanted_language
from gateway.api.visits import counted
from gateway.domain.archive_files import MEDIA_TYPE as ARCHIVE
from gateway.domain.signed_list import MEDIA_TYPE
from gateway.services.reports import changed_pictures

PDF = "application/pdf"
blueprint = Blueprint("verifications", __name__)


@blueprint.post("/api/v1/verifications")
@public
@counted
def create() -> Response:
    """Verify an uploaded PDF, signed list or archive package; ``Accept`` chooses JSON, HTML, PDF or XML."""
    data, name = uploaded_file(PDF, MEDIA_TYPE, ARCHIVE)
    report = container().verifications.verify(data, name)
    form = wanted_form(request)
    pictures = changed_pictures(data, report) if form in (ReportForm.HTML, ReportForm.PDF) else ()
    return report_response(report, form, wanted_language(request), pictures)
