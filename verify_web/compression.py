"""Compresses pages and the published keys: on a slow phone the first screen is one small answer, and so is the verifier.

Only what is public is. It holds nothing secret, so the length of the answer to a chosen query tells nothing
(BREACH); the console's pages, which hold the token of their forms, stay as they are.
"""

import gzip

from flask import Response, request

_TYPES = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml", "text/calendar", "application/json"})
_WORTH_IT = 600
"""Octets; below that the frame of gzip eats what it saves."""
_LEVEL = 6


def compress(response: Response) -> Response:
    """The response in gzip (RFC 9110, 8.4.1.3) when the reader takes it."""
    if response.mimetype not in _TYPES or response.direct_passthrough or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    if response.content_encoding or request.accept_encodings.quality("gzip") <= 0:
        return response
    data = response.get_data()
    if len(data) >= _WORTH_IT:
        response.set_data(gzip.compress(data, _LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response
