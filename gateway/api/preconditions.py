"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1): a licence's revision as entity tag."""

from flask import Response, request

from gateway.api.lists import MOST_DIGITS
from gateway.errors import StaleStateError


def with_etag(response: Response, revision: int) -> Response:
    """The response with the licence's revision as its entity tag."""
    response.set_etag(str(revision))
    return response


def expected_revision() -> int | None:
    """What If-Match asks for; None without it or for ``*``. StaleStateError for a tag that no licence ever has."""
    sent = request.if_match
    if not sent or sent.star_tag:
        return None
    tags = [tag for tag in sent.as_set() if tag.isascii() and tag.isdigit() and len(tag) <= MOST_DIGITS]
    if len(tags) != 1:
        raise StaleStateError(
            "If-Match 不是本证照的版本标记。If-Match names no revision of this licence.",
            hint="Send the ETag of the record as it was given.",
        )
    return int(tags[0])
