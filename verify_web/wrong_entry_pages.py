"""Report a wrong entry: what is wrong and where, without saying who one is."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.visits import counted
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.wrong_entries import LONGEST_ABOUT, LONGEST_TEXT
from verify_web.compression import compress
from verify_web.pages import container, page

blueprint = Blueprint("wrong_entry_pages", __name__)
blueprint.after_request(compress)


@blueprint.get("/wrong-entry")
@public
def form() -> Response:
    """The form; ``?about=`` fills in what it is about."""
    return _form(request.args.get("about", ""), "")


@blueprint.post("/wrong-entry")
@public
@counted
def send() -> Response:
    """Keep the report and tell its number."""
    about, text = request.form.get("about", ""), request.form.get("text", "")
    try:
        number = container().wrong_entries.report(about, text)
    except ValidationFailedError as error:
        return _form(about, text, error.errors)
    return page("wrong_entry.html", HTTPStatus.CREATED, number=number)


def _form(about: str, text: str, errors: list[FieldError] | None = None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return page(
        "wrong_entry.html",
        status,
        number=None,
        about=about[:LONGEST_ABOUT],
        text=text[:LONGEST_TEXT],
        longest=(LONGEST_ABOUT, LONGEST_TEXT),
        errors={error.field: error.message for error in errors or ()},
    )
