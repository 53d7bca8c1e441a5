"""Reports of licences that were issued the old way."""

from typing import Annotated, Any

from pydantic import Field

from gateway.api.replies import Body
from gateway.api.schemas.licences import Text
from gateway.api.schemas.lists import PAGE, PageQuery
from gateway.domain.reported import LicenceReport
from gateway.services.reported_licences import ReportFilter


class ReportBody(Body):
    """One report with its paper data."""

    record: dict[str, Any]
    origin: Text
    blank_serial_number: Annotated[str, Field(max_length=64)] = ""
    blank_form: Annotated[str, Field(max_length=50)] = ""

    def report(self) -> LicenceReport:
        """As the service takes it."""
        return LicenceReport(**self.model_dump())


class ReportQuery(PageQuery):
    """A search for reports."""

    holder_code: Text | None = None
    authority_code: Text | None = None
    licence_type_code: Text | None = None
    licence_number: Text | None = None
    origin: Text | None = None

    def wanted(self, after_id: str) -> ReportFilter:
        """The filter, from where the cursor points on."""
        return ReportFilter(after_id=after_id, **self.model_dump(exclude=PAGE))
