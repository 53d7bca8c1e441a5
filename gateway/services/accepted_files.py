"""Files of licences that their holders accepted, as the register names them."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from gateway.domain.acceptances import Acceptance, AcceptanceForm
from gateway.domain.authorisations import RoleBasis
from gateway.domain.signing_requests import DocumentForm, SigningState
from gateway.persistence.models import LicenceAcceptance, SigningDocument, SigningRequest
from gateway.persistence.session import QuickReads

_ACCEPTED = (
    select(
        SigningRequest.received_at,
        SigningRequest.signer_role,
        SigningRequest.evidence,
        SigningDocument.form,
        SigningDocument.result_sm3,
    )
    .join(LicenceAcceptance, LicenceAcceptance.request_id == SigningRequest.id)
    .join(SigningDocument, SigningDocument.request_id == SigningRequest.id)
    .where(
        LicenceAcceptance.licence_identifier == bindparam("licence_identifier"),
        SigningRequest.state == SigningState.SIGNED,
        SigningDocument.result_sm3.is_not(None),
    )
    .order_by(LicenceAcceptance.attempt)
    .limit(1)
)


def acceptance_of(reads: QuickReads, licence_identifier: str) -> Acceptance | None:
    """How a version was accepted; None when it was not."""
    row = next(iter(reads.rows(_ACCEPTED, {"licence_identifier": licence_identifier})), None)
    if row is None:
        return None
    # Whoever accepted before roles were proven did so by the word of the app.
    basis = RoleBasis(row.evidence.get("role_basis", RoleBasis.CLAIMED))
    return Acceptance(row.received_at, row.signer_role, row.result_sm3, _form(row.form), basis)


def _form(document_form: str) -> AcceptanceForm:
    return AcceptanceForm.COUNTERSIGNATURE if document_form == DocumentForm.PDF else AcceptanceForm.STATEMENT


def accepted_among(session: Session, licence_identifiers: Iterable[str]) -> dict[str, str]:
    """SM3 of the accepted file by identifier, of those versions that were accepted."""
    query = (
        select(LicenceAcceptance.licence_identifier, SigningDocument.result_sm3)
        .join(SigningRequest, SigningRequest.id == LicenceAcceptance.request_id)
        .join(SigningDocument, SigningDocument.request_id == SigningRequest.id)
        .where(
            LicenceAcceptance.licence_identifier.in_(list(licence_identifiers)),
            SigningRequest.state == SigningState.SIGNED,
        )
    )
    return {row.licence_identifier: row.result_sm3 for row in session.execute(query) if row.result_sm3 is not None}


_OF_HOLDER = (
    select(LicenceAcceptance.licence_identifier)
    .join(SigningRequest, SigningRequest.id == LicenceAcceptance.request_id)
    .where(SigningRequest.enterprise_code == bindparam("code"), SigningRequest.state == SigningState.SIGNED)
)


def accepted_by(reads: QuickReads, code: str) -> frozenset[str]:
    """Identifiers of the versions that an enterprise accepted."""
    return frozenset(row.licence_identifier for row in reads.rows(_OF_HOLDER, {"code": code}))
