"""POST /api/v1/verifications: the verification report on a PDF. A failed signature is an answer (200)."""

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.replies import container, uploaded_file
from gateway.api.report_forms import report_response, wanted_form, wanted_language

PDF = "application/pdf"
blueprint = Blueprint("verifications", __name__)


@blueprint.post("/api/v1/verifications")
@public
def create() -> Response:
    """Verify an uploaded PDF; ``Accept`` chooses JSON, HTML, PDF or XML."""
    data, name = uploaded_file(PDF)
    report = container().verifications.verify(data, name)
    return report_response(report, wanted_form(request), wanted_language(request))
