"""GET /api/v1/digests/{sm3}: what the register says of a file that its holder keeps to itself."""

import re

from flask import Blueprint, Response

from gateway.api.auth import public
from gateway.api.replies import container, reply
from gateway.api.visits import counted, looked_up
from gateway.domain.answer_json import licence_json
from gateway.errors import FieldError, ValidationFailedError

blueprint = Blueprint("digests", __name__)
_SM3 = re.compile(r"[0-9a-f]{64}")


@blueprint.get("/api/v1/digests/<sm3>")
@public
@counted
@looked_up
def show(sm3: str) -> Response:
    """The licence whose registered electronic file has this digest."""
    if not _SM3.fullmatch(sm3):
        text = "SM3 摘要为 64 位小写十六进制。An SM3 digest has 64 digits of lower-case hexadecimal."
        raise ValidationFailedError([FieldError("sm3", "DIGEST_INVALID", text)])
    return reply(licence_json(container().licences.answer_by_digest(sm3)))
