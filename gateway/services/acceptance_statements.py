"""Statements by which holders accept licences whose files permit no further signature: asked for, and checked again later."""

import json

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.domain.acceptances import STATEMENT_TYPE, acceptance_statement
from gateway.domain.parties import Party
from gateway.domain.signing_orders import DocumentOrder, ResultForm
from gateway.domain.signing_requests import LONGEST_TITLE, DocumentForm, SigningState
from gateway.errors import StorageError
from gateway.persistence.models import LicenceAcceptance, LicenceVersion, SigningDocument, SigningRequest
from gateway.services.dependencies import Dependencies
from gateway.services.signing_forms import RESULT_SUFFIXES, verify_token
from signing.errors import SigningError
from signing.validation.process import signer_identity


def statement_order(version: LicenceVersion, title: str, authority_name: str) -> DocumentOrder:
    """The statement on a version, to be signed as a COSE_Sign1."""
    stated = acceptance_statement(
        licence_identifier=version.licence_identifier,
        title=title,
        electronic_sm3=version.electronic_sm3,
        holder_code=version.licence.holder_code,
        holder_name=version.holder_name,
        authority_name=authority_name,
    )
    return DocumentOrder(f"签收声明 {title}"[:LONGEST_TITLE], DocumentForm.JSON, orjson.dumps(stated))


def accepted_by_statement(deps: Dependencies, session: Session, version: LicenceVersion) -> Party | None:
    """Who accepted a version by a statement that verifies now; None where nobody did, or it does not verify.

    Whether the certificate held was judged when the signature came in, and stands in the evidence of the request.
    """
    query = (
        select(SigningRequest, SigningDocument)
        .join(SigningDocument, SigningDocument.request_id == SigningRequest.id)
        .join(LicenceAcceptance, LicenceAcceptance.request_id == SigningRequest.id)
        .where(
            LicenceAcceptance.licence_identifier == version.licence_identifier,
            SigningRequest.state == SigningState.SIGNED,
            SigningDocument.form == DocumentForm.JSON,
        )
    )
    row = session.execute(query.limit(1)).first()
    if row is None:
        return None
    request, document = row
    certificate, result_sm3 = request.certificate, document.result_sm3
    if certificate is None or result_sm3 is None:
        return None
    try:
        token = deps.files.read(result_sm3, RESULT_SUFFIXES[ResultForm.COSE])
        stated = json.loads(verify_token(token, document, certificate))
    except (StorageError, SigningError, ValueError):
        return None
    wanted = (STATEMENT_TYPE, version.licence_identifier, version.electronic_sm3, version.licence.holder_code)
    said = tuple(stated.get(name) for name in ("type", "licence_identifier", "electronic_sm3", "holder_code"))
    if said != wanted:
        return None
    name = signer_identity(certificate).common_name or request.enterprise_name
    return Party(name, request.enterprise_code, request.received_at)
