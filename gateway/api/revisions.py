"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1)."""

import re

from flask import Response, request

from gateway.errors import BadRequestError

_ETAG = re.compile(r'"r([0-9]{1,10})"')


def with_revision(response: Response, revision: int) -> Response:
    """The response with the licence's revision as its ETag."""
    response.headers["ETag"] = f'"r{revision}"'
    return response


def expected_revision() -> int | None:
    """The revision that If-Match names, None without the header. BadRequestError when it is no ETag of ours."""
    header = request.headers.get("If-Match")
    if header is None:
        return None
    found = _ETAG.fullmatch(header.strip())
    if found is None:
        raise BadRequestError('If-Match 应为先前得到的 ETag，如 "r3"。If-Match must be an ETag that was given before.')
    return int(found[1])
