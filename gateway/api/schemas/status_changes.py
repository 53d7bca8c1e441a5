"""Decisions on licences."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from gateway.api.replies import Body
from gateway.domain.status import LicenceStatus
from gateway.services.status_changes import StatusDecision


class StatusChangeBody(Body):
    """What an authority decided; ``superseded`` only a new version brings."""

    status: Literal["valid", "suspended", "revoked", "withdrawn", "cancelled"]
    legal_ground: Annotated[str, Field(min_length=1, max_length=300)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    effective_at: AwareDatetime | None = None
    deciding_authority_code: Annotated[str, Field(min_length=1, max_length=18)] | None = None
    document_number: Annotated[str, Field(max_length=100)] = ""
    obligation_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None

    def decision(self) -> StatusDecision:
        """As the service takes it."""
        return StatusDecision(**{**self.model_dump(), "status": LicenceStatus(self.status)})
