"""/api/v1/blank-forms: the stock of numbered blank forms."""

from flask import Blueprint, Response

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, recorded, requires
from gateway.api.replies import container, parse_body, parse_query, reply
from gateway.api.schemas.blank_forms import DeliveryBody, PutAsideBody, StockQuery
from gateway.domain.actors import Scope
from gateway.domain.papers import BlankState

blueprint = Blueprint("blank_forms", __name__)


@blueprint.get("/api/v1/blank-forms")
@requires(Scope.PAPERS_HANDLE)
@recorded("authority_code")
def stock() -> Response:
    """How many forms of each kind an authority has, by state."""
    query = parse_query(StockQuery)
    found = container().blank_forms.stock(query.authority_code, actor=current_actor())
    return reply({"items": [vars(stock) for stock in found]})


@blueprint.post("/api/v1/blank-forms")
@requires(Scope.PAPERS_HANDLE)
@idempotent
def receive() -> Response:
    """Take a delivery in."""
    body = parse_body(DeliveryBody)
    count = container().blank_forms.receive(
        body.authority_code, body.form, body.first, body.last, actor=current_actor()
    )
    return reply({"received": count}, 201)


@blueprint.post("/api/v1/blank-forms/put-aside")
@requires(Scope.PAPERS_HANDLE)
@idempotent
def put_aside() -> Response:
    """Record forms in stock as spoiled or returned, all or none."""
    body = parse_body(PutAsideBody)
    container().blank_forms.put_aside(
        body.authority_code,
        body.form,
        body.serial_numbers,
        BlankState(body.state),
        body.reason,
        actor=current_actor(),
    )
    return reply({"put_aside": len(body.serial_numbers)}, 201)
