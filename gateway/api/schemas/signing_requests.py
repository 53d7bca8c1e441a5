"""Bodies and queries of signing requests, the department's side."""

import binascii
from base64 import b64decode
from typing import Annotated

from pydantic import Field, PlainValidator

from gateway.api.replies import Body
from gateway.api.schemas.lists import PageQuery
from gateway.domain.signing_orders import DocumentOrder, ResultForm, SignaturePlace, SigningOrder
from gateway.domain.signing_requests import (
    LEAST_SECONDS,
    LONGEST_PURPOSE,
    LONGEST_TITLE,
    MOST_DOCUMENTS,
    MOST_SECONDS,
    DocumentForm,
    SignerRole,
    SigningState,
)
from gateway.services.signing_requests import SigningFilter
from gateway.services.signing_waits import MOST_WAIT_SECONDS


def _decoded(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - pydantic takes ValueError for a wrong value
    try:
        return b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


Base64 = Annotated[bytes, PlainValidator(_decoded)]
"""Bytes as base64 (RFC 4648, 4)."""


class AppearanceBody(Body):
    """Where the signature appears, in millimetres from the lower left corner of the page as it is shown."""

    page: Annotated[int, Field(ge=1, le=10_000)]
    left_mm: Annotated[float, Field(ge=0, le=5_000)]
    bottom_mm: Annotated[float, Field(ge=0, le=5_000)]


class DocumentBody(Body):
    """One document to be signed."""

    title: Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
    form: DocumentForm
    content: Base64
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}$")] = "application/octet-stream"
    result: ResultForm | None = None
    appearance: AppearanceBody | None = None
    field_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")] = "EnterpriseSignature"

    def order(self) -> DocumentOrder:
        """As the service takes it."""
        place = self.appearance
        return DocumentOrder(
            title=self.title,
            form=self.form,
            content=self.content,
            media_type=self.media_type,
            result=self.result,
            place=None if place is None else SignaturePlace(place.page, place.left_mm, place.bottom_mm),
            field_name=self.field_name,
        )


class SigningBody(Body):
    """A signing request."""

    enterprise_code: Annotated[str, Field(min_length=18, max_length=18)]
    department_code: Annotated[str, Field(min_length=18, max_length=18)] | None = None
    purpose: Annotated[str, Field(min_length=1, max_length=LONGEST_PURPOSE)]
    signer_role: SignerRole
    requires_authorisation: bool = False
    expires_in_seconds: Annotated[int, Field(ge=LEAST_SECONDS, le=MOST_SECONDS)] = 3600
    documents: Annotated[list[DocumentBody], Field(min_length=1, max_length=MOST_DOCUMENTS)]

    def order(self) -> SigningOrder:
        """As the service takes it."""
        return SigningOrder(
            enterprise_code=self.enterprise_code,
            purpose=self.purpose,
            signer_role=self.signer_role,
            documents=tuple(each.order() for each in self.documents),
            expires_in_seconds=self.expires_in_seconds,
            department_code=self.department_code,
            requires_authorisation=self.requires_authorisation,
        )


class SigningQuery(PageQuery):
    """A page of signing requests."""

    state: SigningState | None = None
    enterprise_code: Annotated[str, Field(min_length=18, max_length=18)] | None = None

    def wanted(self) -> SigningFilter:
        """The filter, from where the cursor points on."""
        return SigningFilter(self.state, self.enterprise_code, after_id=self.cursor or "", limit=self.limit)


class WaitQuery(Body):
    """How long to wait, and from which state on."""

    wait: Annotated[float, Field(ge=0, le=MOST_WAIT_SECONDS)] | None = None
    """None: a stream of events."""
    after: SigningState | None = None
