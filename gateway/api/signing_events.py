"""Waiting for a signing request: one answer after a while, or a stream of server-sent events (HTML, 9.2)."""

from collections.abc import Callable, Iterator

import orjson
from flask import Response

from gateway.api.replies import container, parse_query, reply
from gateway.api.schemas.signing_requests import WaitQuery
from gateway.domain.signing_views import SigningView

_RETRY_MILLISECONDS = 2000


def waited(look: Callable[[], SigningView]) -> Response:
    """As the query asks: ``wait`` gives one answer, without it the answer is a stream. What ``look`` raises passes through."""
    query, waits = parse_query(WaitQuery), container().signing_waits
    if query.wait is not None:
        response = reply(waits.changed(look, query.after, query.wait).event_json())
    else:
        # The first look is made now, so that what it raises becomes a problem document.
        look()
        response = Response(_events(waits.stream(look)), mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        response.headers["Cache-Control"] = "no-store"
    return response


def _events(views: Iterator[SigningView]) -> Iterator[bytes]:
    yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
    for view in views:
        yield b"id: %d\nevent: state\ndata: %b\n\n" % (view.revision, orjson.dumps(view.event_json()))
