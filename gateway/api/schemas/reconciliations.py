"""Questions for drift between paper and electronic records."""

from typing import Annotated

from pydantic import Field

from gateway.api.replies import Body
from gateway.api.schemas.licences import Text


class ReconciliationQuery(Body):
    """One authority's drift or all, and how many rows of each kind."""

    authority_code: Text | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
