"""POST /api/v1/resolutions: any QR content, as text or as a picture, into the verified list."""

from flask import Blueprint, Response, request
from pydantic import Field

from gateway.api.auth import public
from gateway.api.list_replies import resolution_reply
from gateway.api.replies import Body, container, parse_body, uploaded_file
from gateway.api.visits import admit, code_in

blueprint = Blueprint("resolutions", __name__)


class ResolutionRequest(Body):
    """What a QR code holds, or a code that someone typed."""

    text: str = Field(min_length=1, max_length=4096)


@blueprint.post("/api/v1/resolutions")
@public
def create() -> Response:
    """Resolve JSON ``{"text": …}`` or an uploaded picture."""
    if request.is_json:
        body: ResolutionRequest = parse_body(ResolutionRequest)
        admit(code_in(body.text))
        return resolution_reply(container().look_ups.resolve(body.text))
    data, _ = uploaded_file("image/", "application/pdf")
    admit()
    return resolution_reply(container().look_ups.resolve_image(data))
