"""What every list may be asked for."""

from typing import Annotated

from pydantic import Field

from gateway.api.lists import number_cursor
from gateway.api.replies import Body

PAGE = {"fields", "cursor"}
"""What a page is asked by, and no filter."""


class PageQuery(Body):
    """One page, and which fields of its entries."""

    fields: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Names of fields, comma-separated."""
    cursor: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """``next_cursor`` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    def after_number(self) -> int:
        """What a cursor of numbered entries points to. ValidationFailedError."""
        return number_cursor(self.cursor)
