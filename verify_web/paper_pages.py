"""The checker for paper: what a paper licence should say, beside what its code says."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.visits import counted
from gateway.domain.answers import Resolution
from gateway.domain.paper_check import check_paper
from gateway.domain.verdicts import Shape, Tone, Verdict, answer_verdict, resolution_verdict, shown_reasons
from verify_web.compression import compress
from verify_web.pages import container, page

blueprint = Blueprint("paper_pages", __name__)
blueprint.after_request(compress)

_OTHER_CODE = Verdict(Tone.UNKNOWN, Shape.LENS, "不是证照的二维码", "Not the code of a licence")


@blueprint.get("/paper")
@public
def form() -> Response:
    """Where a photo of a paper licence, or what its code says, is handed in."""
    return page("paper.html", check=None)


@blueprint.post("/paper")
@public
@counted
def check() -> Response:
    """What the paper should say, line by line."""
    picture, text = request.files.get("picture"), request.form.get("text", "").strip()
    if picture is not None and picture.filename:
        return _checked(container().look_ups.resolve_image(picture.read()))
    if text:
        return _checked(container().look_ups.resolve(text))
    return page("paper.html", HTTPStatus.UNPROCESSABLE_ENTITY, check=None, notice=True)


def _checked(resolution: Resolution) -> Response:
    found = check_paper(resolution)
    answers = (each.licence for each in (resolution, *resolution.also_found))
    answer = next((each for each in answers if each is not None), None)
    if answer is not None:
        reasons = shown_reasons(answer)
        return page("paper.html", check=found, verdict=answer_verdict(answer), reasons=reasons)
    is_list = resolution.enterprise is not None
    verdict = _OTHER_CODE if is_list else resolution_verdict(resolution)
    return page("paper.html", check=found, verdict=verdict, reasons=found.reasons)
