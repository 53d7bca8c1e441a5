"""GET /api/v1/enterprises/{code}/list.cbor and .pdf: the list as a signed statement, to be kept and verified off line."""

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.replies import container
from gateway.api.report_forms import wanted_language
from gateway.api.visits import counted
from gateway.domain.signed_list import MEDIA_TYPE

blueprint = Blueprint("signed_lists", __name__)


@blueprint.get("/api/v1/enterprises/<code>/list.cbor")
@public
@counted
def statement(code: str) -> Response:
    """The list as COSE_Sign1."""
    return _file(container().signed_lists.cbor(code), f'{MEDIA_TYPE}; cose-type="cose-sign1"', f"list-{code}.cbor")


@blueprint.get("/api/v1/enterprises/<code>/list.pdf")
@public
@counted
def document(code: str) -> Response:
    """The list for people, with the statement attached."""
    content = container().signed_lists.pdf(code, language=wanted_language(request))
    return _file(content, "application/pdf", f"list-{code}.pdf")


def _file(content: bytes, content_type: str, name: str) -> Response:
    response = Response(content, content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    # Whoever got here gave a code of 18 letters and digits: the name needs no escapes.
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
