"""Questions for the reform's indicators."""

from gateway.api.replies import Body
from gateway.api.schemas.licences import Day, Text


class StatisticsQuery(Body):
    """A period, and one authority or all."""

    authority_code: Text | None = None
    first_on: Day | None = None
    last_on: Day | None = None
