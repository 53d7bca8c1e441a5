"""Questions for access records."""

from typing import Annotated

from pydantic import Field

from gateway.api.schemas.lists import PAGE, PageQuery
from gateway.services.access_records import AccessFilter


class AccessQuery(PageQuery):
    """A page of the reads of a licence, or of a holder's licences."""

    licence_identifier: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    holder_code: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    def wanted(self, after_id: int) -> AccessFilter:
        """The filter, from where the cursor points on."""
        return AccessFilter(**self.model_dump(exclude=PAGE), after_id=after_id)
