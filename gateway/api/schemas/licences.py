"""Applications, and searches for licences."""

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from gateway.api.replies import Body
from gateway.api.schemas.lists import PAGE, PageQuery
from gateway.domain.basis import Basis, ObligationKind, ObligationSpec
from gateway.domain.orders import MOST_DUPLICATES, Origin
from gateway.domain.representations import Vocabulary
from gateway.services.licence_records import LicenceFilter, ListedStatus

Day = Annotated[date, Field(strict=False)]
Duplicates = Annotated[int, Field(ge=0, le=MOST_DUPLICATES)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class ObligationBody(Body):
    """One commitment to be checked, or papers to be handed in."""

    kind: ObligationKind
    items: list[str]
    due_on: date


class Granted(Body):
    """A record with what it is granted against."""

    record: dict[str, Any]
    """In the Guangdong or the national vocabulary."""
    obligations: tuple[ObligationBody, ...] = ()
    duplicates: Duplicates = 0
    applied_at: AwareDatetime | None = None
    """When the application came in."""

    def basis(self) -> Basis:
        """The obligations as the services take them."""
        return Basis(
            tuple(ObligationSpec(each.kind, tuple(each.items), each.due_on) for each in self.obligations),
            self.applied_at,
        )


class IssueRequest(Granted):
    """An application for a licence."""


class RecordQuery(Body):
    """How a record is to read."""

    vocabulary: Vocabulary | None = None
    fields: str | None = None


class LicenceQuery(PageQuery):
    """A search for licences."""

    holder_code: Text | None = None
    licence_number: Text | None = None
    licence_type_code: Text | None = None
    authority_code: Text | None = None
    status: ListedStatus | None = None
    obligation: ObligationKind | None = None
    origin: Origin | None = None
    reported_from: Text | None = None
    issued_from: Day | None = None
    issued_until: Day | None = None
    expires_from: Day | None = None
    expires_until: Day | None = None

    def wanted(self, after_id: int) -> LicenceFilter:
        """The filter, from where the cursor points on."""
        asked = self.model_dump(exclude=PAGE)
        return LicenceFilter(after_id=after_id, **asked)
