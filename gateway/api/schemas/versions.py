"""Requests for a new version of a licence."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from gateway.api.schemas.licences import Granted
from gateway.domain.orders import VersionKind
from gateway.services.versions import VersionRequest


class VersionBody(Granted):
    """Amendment, renewal, replacement after loss, or correction."""

    kind: Literal["amendment", "renewal", "replacement", "correction"]
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    takes_effect_at: AwareDatetime | None = None
    lost_copies: list[int] | None = None

    def wanted(self) -> VersionRequest:
        """As the service takes it."""
        return VersionRequest(
            kind=VersionKind(self.kind),
            record=self.record,
            reason=self.reason,
            takes_effect_at=self.takes_effect_at,
            basis=self.basis(),
            duplicates=self.duplicates,
            lost_copies=None if self.lost_copies is None else tuple(self.lost_copies),
        )
