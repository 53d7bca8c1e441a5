"""Registering a certificate of an electronic business licence."""

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
        try:
            return base64.b64decode(self.certificate, validate=True)
        except (binascii.Error, ValueError) as error:
            message = "不是 Base64。Not base64."
            raise ValidationFailedError([FieldError("certificate", "NOT_BASE64", message)]) from error
