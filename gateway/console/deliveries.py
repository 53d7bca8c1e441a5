"""What is told to other systems: how receivers stand, and the dead letters that wait for a person."""

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff, to
from gateway.console.frame import actor, blueprint, screen
from gateway.domain.actors import Scope
from gateway.domain.deliveries import DeliveryState
from verify_web.pages import container

_DIGITS = 10
"""What the number's column holds has fewer."""


@blueprint.route("/deliveries", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def deliveries() -> BaseResponse:
    """Receivers and dead letters; the form sends one again, or leaves it out."""
    letters = container().delivery_letters
    if request.method == "POST":
        number, act = request.form.get("number", ""), request.form.get("act", "")
        decide = {"retry": letters.retry, "skip": letters.skip}.get(act)
        if decide is None or not (number.isascii() and number.isdecimal() and len(number) < _DIGITS):
            raise NotFound("没有这项送达。No such delivery.")
        decide(int(number), actor=actor())
        return to("deliveries")
    receivers = letters.receivers(actor=actor())
    return screen(
        "deliveries.html", receivers=receivers, dead=letters.listed(DeliveryState.DEAD, limit=200, actor=actor())
    )
