"""What the public says is wrong in the register."""

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff, to
from gateway.console.frame import actor, blueprint, screen
from gateway.domain.actors import Scope
from verify_web.pages import container

_DIGITS = 10
"""What the number's column holds has fewer."""


@blueprint.route("/wrong-entries", methods=["GET", "POST"])
@staff(Scope.LICENCES_READ)
def wrong_entries() -> BaseResponse:
    """Reports that wait; the form takes one off the list."""
    if request.method == "POST":
        number = request.form.get("number", "")
        if not (number.isascii() and number.isdecimal() and len(number) < _DIGITS):
            raise NotFound("没有这份报告。No such report.")
        container().wrong_entries.settle(int(number), actor=actor())
        return to("wrong_entries")
    return screen("wrong_entries.html", entries=container().wrong_entries.waiting(actor=actor()))
