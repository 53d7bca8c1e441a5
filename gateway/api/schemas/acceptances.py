"""Bodies of requests for acceptance."""

from typing import Annotated

from pydantic import Field

from gateway.api.replies import Body
from gateway.domain.signing_requests import LEAST_SECONDS, MOST_SECONDS, SignerRole


class AcceptanceBody(Body):
    """Who is to accept, and until when."""

    signer_role: SignerRole = SignerRole.LEGAL_REPRESENTATIVE
    expires_in_seconds: Annotated[int, Field(ge=LEAST_SECONDS, le=MOST_SECONDS)] = 3600
    requires_authorisation: bool = False
