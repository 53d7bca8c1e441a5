"""POST /api/v1/paper-checks: a picture of a paper licence, or the text of its code, beside the register."""

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.replies import container, parse_body, reply, uploaded_file
from gateway.api.resolutions import ResolutionRequest
from gateway.api.visits import admit, code_in
from gateway.domain.paper_check import check_paper

blueprint = Blueprint("paper_checks", __name__)


@blueprint.post("/api/v1/paper-checks")
@public
def create() -> Response:
    """What the paper should say, line by line."""
    look_ups = container().look_ups
    if request.is_json:
        body: ResolutionRequest = parse_body(ResolutionRequest)
        admit(code_in(body.text))
        return reply(check_paper(look_ups.resolve(body.text)).to_json())
    data, _ = uploaded_file("image/", "application/pdf")
    admit()
    return reply(check_paper(look_ups.resolve_image(data)).to_json())
