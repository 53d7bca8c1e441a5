"""What happens to papers."""

from typing import Annotated

from pydantic import Field

from gateway.api.replies import Body

Reason = Annotated[str, Field(min_length=1, max_length=500)]


class PrintBody(Body):
    """A print on a form from the stock; a reason when it is printed again."""

    blank_form: Annotated[str, Field(min_length=1, max_length=50)]
    blank_serial_number: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Annotated[str, Field(max_length=500)] = ""


class CollectionBody(Body):
    """Who took a paper away."""

    collected_by: Annotated[str, Field(min_length=1, max_length=100)]


class ReasonBody(Body):
    """Why a paper is void, or came back."""

    reason: Reason
