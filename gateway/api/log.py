"""The transparency log for everybody: its files under /trust/log, and proofs made from them."""

from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.api.replies import container, reply
from gateway.api.visits import counted, looked_up
from gateway.domain.log_tiles import parse_tile_path
from gateway.errors import FieldError, NotFoundError, ValidationFailedError

blueprint = Blueprint("log", __name__)
_FRESH = "public, max-age=2"
_FOR_EVER = "public, max-age=31536000, immutable"
_MOST_DIGITS = 15


@blueprint.get("/trust/log/checkpoint")
@public
def checkpoint() -> Response:
    """The newest signed checkpoint."""
    note = container().log_publication.files.note()
    if note is None:
        raise NotFoundError("日志尚无检查点。The log has no checkpoint yet.")
    response = Response(note, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = _FRESH
    return response


@blueprint.get("/trust/log/tile/<path:path>")
@public
def tile(path: str) -> Response:
    """A tile of hashes or a bundle of entries; what was published never changes."""
    wanted = parse_tile_path(path)
    if wanted is None:
        raise NotFoundError(f"日志中没有 tile/{path}。The log has no tile/{path}.")
    response = Response(container().log_publication.files.read(wanted), mimetype="application/octet-stream")
    response.headers["Cache-Control"] = _FOR_EVER
    return response


@blueprint.get("/trust/log/consistency")
@public
def consistency() -> Response:
    """That the log only grew between two sizes."""
    return reply(container().log_proofs.consistency(_size("from"), _size("to")).to_json())


@blueprint.get("/api/v1/log/proofs/<licence_identifier>")
@public
@counted
@looked_up
def proofs(licence_identifier: str) -> Response:
    """The proofs of a licence's issue and of what was done to it."""
    return reply(container().log_proofs.of_licence(licence_identifier).to_json())


def _size(name: str) -> int:
    value = request.args.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS):
        raise ValidationFailedError([FieldError(name, "NOT_A_SIZE", "应为正整数。Give a number of leaves.")])
    return int(value)
