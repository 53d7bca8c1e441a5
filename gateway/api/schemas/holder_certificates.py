"""Registering a certificate of an electronic business licence, and showing its object."""

import base64
import binascii
from typing import Annotated

from pydantic import Field

from gateway.api.replies import Body
from gateway.errors import FieldError, ValidationFailedError


class HolderCertificateBody(Body):
    """The certificate as base64 of its DER."""

    certificate: Annotated[str, Field(min_length=4, max_length=16384)]

    def der(self) -> bytes:
        """The certificate. ValidationFailedError when it is not base64."""
        return _octets("certificate", self.certificate)


class LicenceShowingBody(Body):
    """The object of an electronic business licence as base64, as its holder shows it."""

    licence_entity: Annotated[str, Field(min_length=4, max_length=131072)]

    def entity(self) -> bytes:
        """The object. ValidationFailedError when it is not base64."""
        return _octets("licence_entity", self.licence_entity)


def _octets(name: str, value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "不是 Base64。Not base64."
        raise ValidationFailedError([FieldError(name, "NOT_BASE64", message)]) from error
