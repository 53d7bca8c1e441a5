"""/api/v1/licences/{licence_identifier}/bindings: to which electronic business licences a licence was bound, for anybody."""

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.replies import container, reply
from gateway.api.visits import admit, counted, looked_up
from gateway.domain.signed_list import MEDIA_TYPE
from gateway.errors import NotFoundError

blueprint = Blueprint("bindings", __name__)
_MOST_DIGITS = 9


@blueprint.get("/api/v1/licences/<licence_identifier>/bindings")
@public
@counted
@looked_up
def chain(licence_identifier: str) -> Response:
    """The chain of bindings, every statement checked now."""
    return reply({"bindings": [step.to_json() for step in container().rebindings.chain(licence_identifier)]})


@blueprint.get("/api/v1/licences/<licence_identifier>/bindings/<number>")
@public
def statement(licence_identifier: str, number: str) -> Response:
    """One statement as it was signed."""
    admit(licence_identifier)
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        raise NotFoundError("没有这份声明。There is no such statement.")
    content = container().rebindings.statement(licence_identifier, int(number))
    response = Response(content, content_type=f'{MEDIA_TYPE}; cose-type="cose-sign1"')
    response.headers["Cache-Control"] = "no-store"
    return response
