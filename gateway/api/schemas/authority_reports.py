"""Declarations of completeness."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from gateway.api.replies import Body


class AuthorityReportBody(Body):
    """All that the authority issued until an instant is known here."""

    authority_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    complete_as_of: AwareDatetime
