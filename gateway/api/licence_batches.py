"""POST /api/v1/licence-batches: many applications as NDJSON in, one answer a line as NDJSON out."""

from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from gateway.api.auth import about, recorded, requires
from gateway.api.auth import actor as current_actor
from gateway.api.replies import container
from gateway.api.schemas.licence_batches import read_line
from gateway.domain.actors import Scope
from gateway.services.batches import dump_line, split_lines

NDJSON = "application/x-ndjson"
ALIVE = "gateway.alive"
"""WSGI key of what tells the server that a long answer still goes on (gateway/server.py)."""
BATCH_ID = "Batch-Id"
MOST_BYTES = 64 * 1024 * 1024
_IN_MEMORY = 1024 * 1024
_CHUNK = 64 * 1024
blueprint = Blueprint("licence_batches", __name__)


@blueprint.post("/api/v1/licence-batches")
@requires(Scope.LICENCES_ISSUE)
@recorded()
def create() -> Response:
    """Issue line by line; the same batch sent again goes on where it broke off, with the first answers."""
    if request.mimetype != NDJSON:
        raise UnsupportedMediaType(f"Send a body of {NDJSON}.")
    request.max_content_length = MOST_BYTES
    batch_id = request.headers.get(BATCH_ID, "")
    about(batch_id)
    spool = _spooled()
    answers = container().batches.issue(batch_id, spool, read_line, actor=current_actor())
    alive: Callable[[], object] = request.environ.get(ALIVE, lambda: None)
    response = Response(_written(answers, alive), mimetype=NDJSON)
    response.headers[BATCH_ID] = batch_id
    response.headers["Cache-Control"] = "no-store"
    response.call_on_close(spool.close)
    return response


def _spooled() -> IO[bytes]:
    """The lines of the body, every limit checked, in a file once they are many.

    Nothing is issued before the last one has come: a client that sends all before it reads would wait for us while
    we wait for it, and a batch that is cut off on its way is not half issued.
    """
    spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 # closed with the response
    for line in split_lines(iter(lambda: request.stream.read(_CHUNK), b"")):
        spool.write(line + b"\n")
    spool.seek(0)
    return spool


def _written(answers: Iterator[dict[str, object]], alive: Callable[[], object]) -> Iterator[bytes]:
    for answer in answers:
        alive()
        yield dump_line(answer)
