"""Questions for deliveries."""

from typing import Annotated

from pydantic import Field

from gateway.api.schemas.lists import PageQuery
from gateway.domain.deliveries import DeliveryState


class DeliveryQuery(PageQuery):
    """A page of deliveries."""

    state: DeliveryState | None = None
    subscription_id: Annotated[str, Field(min_length=1, max_length=32)] | None = None
