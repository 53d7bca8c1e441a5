"""GET /api/v1/enterprises/{code}/licences: the verified list of one enterprise."""

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.list_replies import resolution_reply
from gateway.api.replies import container
from gateway.api.visits import counted, looked_up
from gateway.domain.identifiers import CodeError, check_unified_social_credit_code
from gateway.errors import FieldError, ValidationFailedError

blueprint = Blueprint("enterprises", __name__)


@blueprint.get("/api/v1/enterprises/<code>/licences")
@public
@counted
@looked_up
def licences(code: str) -> Response:
    """Every licence, each checked again now."""
    try:
        checked = check_unified_social_credit_code(code)
    except CodeError as error:
        raise ValidationFailedError([FieldError("code", "CREDIT_CODE_INVALID", str(error))]) from error
    return resolution_reply(container().codes.of_enterprise(checked))
