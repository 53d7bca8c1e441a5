"""Commitments and missing papers."""

from typing import Annotated

from pydantic import Field

from gateway.api.replies import Body
from gateway.api.schemas.licences import Day
from gateway.api.schemas.lists import PAGE, PageQuery
from gateway.domain.basis import ObligationKind, ObligationState
from gateway.services.obligations import ObligationFilter


class OutcomeBody(Body):
    """How an obligation ended."""

    is_fulfilled: bool
    note: Annotated[str, Field(min_length=1, max_length=500)]


class ObligationQuery(PageQuery):
    """A search for obligations."""

    state: ObligationState | None = None
    kind: ObligationKind | None = None
    due_before: Day | None = None

    def wanted(self, after_id: int) -> ObligationFilter:
        """The filter, from where the cursor points on."""
        return ObligationFilter(after_id=after_id, **self.model_dump(exclude=PAGE))
