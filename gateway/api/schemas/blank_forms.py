"""The stock of blank forms."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.replies import Body

_AuthorityCode = Annotated[str, Field(min_length=1, max_length=18)]
_Form = Annotated[str, Field(min_length=1, max_length=50)]
_Serial = Annotated[str, Field(min_length=1, max_length=64)]


class DeliveryBody(Body):
    """Forms from one serial number to another, taken in."""

    authority_code: _AuthorityCode
    form: _Form
    first: _Serial
    last: _Serial


class PutAsideBody(Body):
    """Forms in stock that serve no more."""

    authority_code: _AuthorityCode
    form: _Form
    serial_numbers: Annotated[list[_Serial], Field(min_length=1, max_length=1000)]
    state: Literal["spoiled", "returned"]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class StockQuery(Body):
    """Whose stock."""

    authority_code: _AuthorityCode
