"""Acceptance: the holder countersigns the file of its licence with the electronic business licence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.instants import instant
from gateway.domain.signing_views import SigningView


@dataclass(frozen=True)
class Acceptance:
    """That a holder accepted a version, as the register has it."""

    accepted_at: datetime
    """When the signature came in, aware UTC."""
    signer_role: str
    accepted_sm3: str
    """Of the file with both signatures."""

    def to_json(self) -> dict[str, Any]:
        """As everyone may see it."""
        return {"accepted_at": instant(self.accepted_at), "signer_role": self.signer_role, "sm3": self.accepted_sm3}


@dataclass(frozen=True)
class AcceptanceView:
    """One attempt, as the department sees it."""

    licence_identifier: str
    attempt: int
    issued_sm3: str
    request: SigningView
    newly_asked: bool = False

    @property
    def accepted_sm3(self) -> str | None:
        """Of the accepted file; None while there is none."""
        return self.request.documents[0].result_sm3

    def to_json(self) -> dict[str, Any]:
        """Without addresses."""
        return {
            "licence_identifier": self.licence_identifier,
            "attempt": self.attempt,
            "issued_sm3": self.issued_sm3,
            "accepted_sm3": self.accepted_sm3,
            "signing_request": self.request.to_json(),
        }
