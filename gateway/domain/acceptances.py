"""Acceptance: the holder countersigns the file of its licence with the electronic business licence, or says so beside it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.authorisations import BASIS_WORDS, RoleBasis
from gateway.domain.instants import instant
from gateway.domain.signing_requests import ROLE_WORDS, DocumentForm, SignerRole
from gateway.domain.signing_views import SigningView

STATEMENT_TYPE = "licence-acceptance"
_STATED = "本企业签收上述电子证照。The enterprise accepts the licence named above."


class AcceptanceForm(StrEnum):
    """How a holder accepts."""

    COUNTERSIGNATURE = "countersignature"
    """By a second signature in the file, in the field that was kept for it."""
    STATEMENT = "statement"
    """By a signed statement beside a file that permits no further signature."""


def acceptance_statement(
    *, licence_identifier: str, title: str, electronic_sm3: str, holder_code: str, holder_name: str, authority_name: str
) -> dict[str, str]:
    """What a holder signs where the file has no place for its signature; the digest names exactly one file."""
    return {
        "type": STATEMENT_TYPE,
        "licence_identifier": licence_identifier,
        "title": title,
        "electronic_sm3": electronic_sm3,
        "holder_code": holder_code,
        "holder_name": holder_name,
        "issuing_authority": authority_name,
        "statement": _STATED,
    }


@dataclass(frozen=True)
class Acceptance:
    """That a holder accepted a version, as the register has it."""

    accepted_at: datetime
    """When the signature came in, aware UTC."""
    signer_role: str
    accepted_sm3: str
    """Of the file with both signatures, or of the statement."""
    form: AcceptanceForm = AcceptanceForm.COUNTERSIGNATURE
    role_basis: RoleBasis = RoleBasis.CLAIMED
    """What the role of the signer rests on."""

    @property
    def signer_words(self) -> tuple[str, str]:
        """In which role somebody signed, and what that rests on, in Chinese and English."""
        role, basis = ROLE_WORDS[SignerRole(self.signer_role)], BASIS_WORDS[self.role_basis]
        return f"{role[0]}（{basis[0]}）", f"{role[1]} ({basis[1]})"

    def to_json(self) -> dict[str, Any]:
        """As everyone may see it."""
        return {
            "accepted_at": instant(self.accepted_at),
            "signer_role": self.signer_role,
            "role_basis": self.role_basis,
            "form": self.form,
            "sm3": self.accepted_sm3,
        }


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
        """Of the accepted file, or of the statement; None while there is none."""
        return self.request.documents[0].result_sm3

    @property
    def form(self) -> AcceptanceForm:
        """How the holder was asked to accept."""
        is_pdf = self.request.documents[0].form == DocumentForm.PDF
        return AcceptanceForm.COUNTERSIGNATURE if is_pdf else AcceptanceForm.STATEMENT

    def to_json(self) -> dict[str, Any]:
        """Without addresses."""
        return {
            "licence_identifier": self.licence_identifier,
            "attempt": self.attempt,
            "form": self.form,
            "issued_sm3": self.issued_sm3,
            "accepted_sm3": self.accepted_sm3,
            "signing_request": self.request.to_json(),
        }
