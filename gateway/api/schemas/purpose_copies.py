"""Requests for purpose copies."""

from datetime import date
from typing import Annotated

from pydantic import Field

from gateway.api.replies import Body
from gateway.api.schemas.lists import PageQuery
from gateway.domain.purpose_copies import LONGEST_PURPOSE, LONGEST_USER, CopyRequest
from gateway.services.purpose_copies import CopyFilter


class CopyBody(Body):
    """What a copy is for, who may use it, and until when."""

    purpose: Annotated[str, Field(min_length=1, max_length=LONGEST_PURPOSE)]
    user_name: Annotated[str, Field(min_length=1, max_length=LONGEST_USER)]
    expires_on: date

    def wanted(self) -> CopyRequest:
        """As the service takes it."""
        return CopyRequest(**self.model_dump())


class CopyQuery(PageQuery):
    """A page of the copies of a holder's licences."""

    def wanted(self, code: str) -> CopyFilter:
        """The filter, from where the cursor points on."""
        return CopyFilter(code, after_id=self.cursor or "", limit=self.limit)
