"""Bodies of the national operations (domain facts, 1.5): the names are those of the field."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_pascal

from gateway.api.replies import Body

Text = Annotated[str, Field(min_length=1, max_length=200)]


class Operation(Body):
    """Base: what the certificate is used for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_pascal)

    use_for: Text


class TypesAsked(Operation):
    """GetCertificateType."""


class RetrievalAsked(Operation):
    """Retrieval: the licences of a holder, of one type or all."""

    certificate_holder_code: Text
    certificate_type: Text | None = None


class IdentifierAsked(Operation):
    """...ByCertificateID."""

    certificate_id: Annotated[Text, Field(alias="CertificateID")]


class HolderAsked(Operation):
    """...ByHolder: type, number and holder together name one licence."""

    certificate_type: Text
    certificate_number: Text
    certificate_holder_code: Text
