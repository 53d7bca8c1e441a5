"""POST /api/v1/verifications: the verification report on a PDF. A failed signature is an answer (200)."""

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.replies import container, reply, uploaded_file

PDF = "application/pdf"
blueprint = Blueprint("verifications", __name__)


@blueprint.post("/api/v1/verifications")
@public
def create() -> Response:
    """Verify an uploaded PDF."""
    data, name = uploaded_file(PDF)
    return reply(container().verifications.verify(data, name).to_json())
