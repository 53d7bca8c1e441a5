"""One line of a batch."""

from gateway.api.replies import parse_json
from gateway.api.schemas.licences import IssueRequest


def read_line(line: bytes) -> IssueRequest:
    """The application on one line. ValidationFailedError names its wrong fields."""
    return parse_json(IssueRequest, line)
