"""Questions about the past and the future of a licence."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from gateway.api.replies import Body
from gateway.api.schemas.licences import Day


class HistoryQuery(Body):
    """``on``: was it in force on that day; ``known_at``: as the register knew it at that instant."""

    on: Day | None = None
    known_at: Annotated[AwareDatetime, Field(strict=False)] | None = None
