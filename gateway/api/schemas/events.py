"""Questions for events."""

from typing import Annotated

from pydantic import Field

from gateway.api.lists import number_cursor
from gateway.api.replies import Body


class EventQuery(Body):
    """A page of the feed."""

    cursor: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """``next_cursor`` of the page before; none: from the first event on."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100
    wait: Annotated[int, Field(ge=0, le=20)] = 0
    """Seconds to wait for an event when there is none."""

    def after(self) -> int:
        """The position before the page. ValidationFailedError."""
        return number_cursor(self.cursor) - 1
