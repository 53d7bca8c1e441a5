"""The reform's own indicators, of the person's authority."""

from datetime import date

from flask import request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.frame import actor, blueprint, person, screen
from gateway.domain.actors import Scope
from verify_web.pages import container


@blueprint.get("/statistics")
@staff(Scope.LICENCES_READ)
def statistics() -> BaseResponse:
    """The last thirty days, or those that were asked for."""
    report = container().statistics.report(_day("first_on"), _day("last_on"), person().authority_code, actor=actor())
    types = container().catalogue.load().types_by_code
    return screen("statistics.html", report=report, total=report.total, types=types)


def _day(name: str) -> date | None:
    """As the browser's field of a day sends it; empty is none."""
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadRequest from error
