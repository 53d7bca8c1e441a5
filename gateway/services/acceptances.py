"""Asks holders to accept their licences, and knows which did: a signing request over the issued file, no more.

A file that was issued with a place for the holder's signature is countersigned in it. One of an earlier release was certified
without a place, and permits no further signature (ISO 32000-2, 12.8.2.2): beside it the holder signs a statement that names it.
"""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.documents.pdf_writer import ACCEPTANCE_FIELD
from gateway.domain.acceptances import AcceptanceForm, AcceptanceView
from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.signing_orders import RESULT_MEDIA_TYPES, DocumentOrder, ResultForm, SigningOrder
from gateway.domain.signing_requests import (
    LONGEST_PURPOSE,
    LONGEST_TITLE,
    DocumentForm,
    SignerRole,
    SigningState,
)
from gateway.domain.status import ENDED, WORDS, LicenceStatus
from gateway.errors import NotFoundError, TransitionRefusedError
from gateway.persistence.models import AuditEvent, LicenceAcceptance, LicenceVersion
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.acceptance_statements import statement_order
from gateway.services.accepted_files import acceptance_of, accepted_by
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import find_version
from gateway.services.listing import current_status
from gateway.services.recording import PDF
from gateway.services.signing_forms import RESULT_SUFFIXES
from gateway.services.signing_requests import SigningRequests
from signing.pdf.reading import read_field_size


@dataclass(frozen=True)
class AcceptedFile:
    """What a holder made of its licence: the file with both signatures, or the statement beside it."""

    content: bytes
    media_type: str


class Acceptances:
    """Acceptance by the holder, at issue or later."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues, requests: SigningRequests) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._requests = requests

    def ask(
        self,
        licence_identifier: str,
        signer_role: SignerRole = SignerRole.LEGAL_REPRESENTATIVE,
        expires_in_seconds: int = 3600,
        *,
        requires_authorisation: bool = False,
        actor: Actor = OPERATOR,
    ) -> AcceptanceView:
        """Open a signing request over the issued file, or give the one that is open or was signed already.

        NotFoundError, ForbiddenError, ValidationFailedError, BusyError, StorageError; TransitionRefusedError for a licence
        that has ended.
        """
        with reading(self._deps.sessions) as session:
            version = find_version(session, licence_identifier, actor, Scope.SIGNING_WRITE)
            rows = _rows(session, licence_identifier)
        standing = self._views(rows[-1:], actor, Scope.SIGNING_WRITE)
        if standing and not _came_to_nothing(standing[0]):
            return standing[0]
        self._require_alive(version)
        order = replace(
            self._order(version, signer_role, expires_in_seconds), requires_authorisation=requires_authorisation
        )
        made = self._requests.create(order, actor=actor)
        row = LicenceAcceptance(
            request_id=made.request_id,
            licence_identifier=licence_identifier,
            attempt=len(rows) + 1,
            issued_sm3=version.electronic_sm3,
            asked_at=made.created_at,
            actor=actor.audit(),
        )
        view = AcceptanceView(licence_identifier, row.attempt, row.issued_sm3, made, newly_asked=True)
        try:
            self._keep(row)
        except IntegrityError:
            # Somebody else asked in the same moment: one question is enough.
            self._requests.cancel(made.request_id, actor=actor)
            return self._latest(licence_identifier, actor)
        return view

    def of_licence(self, licence_identifier: str, *, actor: Actor = OPERATOR) -> list[AcceptanceView]:
        """Every attempt on a version, in order. NotFoundError, ForbiddenError."""
        with reading(self._deps.sessions) as session:
            find_version(session, licence_identifier, actor, Scope.SIGNING_READ)
            rows = _rows(session, licence_identifier)
        return self._views(rows, actor, Scope.SIGNING_READ)

    def accepted_by(self, code: str) -> frozenset[str]:
        """Identifiers of the versions that an enterprise accepted, for everyone."""
        return accepted_by(self._deps.quick_reads, code)

    def file(self, licence_identifier: str, *, actor: Actor = OPERATOR) -> AcceptedFile:
        """The file with both signatures, or the statement. NotFoundError, ForbiddenError, StorageError."""
        with reading(self._deps.sessions) as session:
            find_version(session, licence_identifier, actor, Scope.LICENCES_READ)
        found = acceptance_of(self._deps.quick_reads, licence_identifier)
        if found is None:
            raise NotFoundError("持证主体尚未签收。The holder has not accepted this licence.")
        result = ResultForm.PADES if found.form is AcceptanceForm.COUNTERSIGNATURE else ResultForm.COSE
        content = self._deps.files.read(found.accepted_sm3, RESULT_SUFFIXES[result])
        return AcceptedFile(content, RESULT_MEDIA_TYPES[result])

    def _order(self, version: LicenceVersion, role: SignerRole, seconds: int) -> SigningOrder:
        catalogue = self._catalogue.load()
        licence_type = catalogue.types_by_code[version.licence.local_type_code]
        title = f"{licence_type.name} {version.licence.licence_number}"
        content = self._deps.files.read(version.electronic_sm3, PDF)
        place = read_field_size(content, ACCEPTANCE_FIELD)
        if place is None:
            authority = catalogue.authorities_by_code[version.licence.authority_code]
            document = statement_order(version, title, authority.name)
        else:
            # The field was certified as it is: one without a size, as of the release before, stays unseen.
            document = DocumentOrder(
                title[:LONGEST_TITLE],
                DocumentForm.PDF,
                content,
                field_name=ACCEPTANCE_FIELD,
                shows_acceptance=min(place) > 0,
            )
        return SigningOrder(
            enterprise_code=version.licence.holder_code,
            purpose=f"签收{title}"[:LONGEST_PURPOSE],
            signer_role=role,
            documents=(document,),
            expires_in_seconds=seconds,
            department_code=version.licence.authority_code,
        )

    def _require_alive(self, version: LicenceVersion) -> None:
        status = current_status(version, self._deps.clock())
        if status in ENDED or status == LicenceStatus.SUPERSEDED:
            zh, en = WORDS[status]
            raise TransitionRefusedError(f"证照{zh}，不能签收。The licence is {en}; it is not accepted any more.")

    @retried
    def _keep(self, row: LicenceAcceptance) -> None:
        with self._deps.sessions.begin() as session:
            kept = session.merge(row)
            detail = {"request_id": kept.request_id, "attempt": kept.attempt, "issued_sm3": kept.issued_sm3}
            session.add(
                AuditEvent(
                    occurred_at=kept.asked_at,
                    action="licence_acceptance_asked",
                    subject=kept.licence_identifier,
                    detail=detail,
                    actor=kept.actor,
                )
            )

    def _latest(self, licence_identifier: str, actor: Actor) -> AcceptanceView:
        with reading(self._deps.sessions) as session:
            rows = _rows(session, licence_identifier)
        return self._views(rows[-1:], actor, Scope.SIGNING_WRITE)[0]

    def _views(self, rows: list[LicenceAcceptance], actor: Actor, scope: Scope) -> list[AcceptanceView]:
        return [
            AcceptanceView(
                row.licence_identifier,
                row.attempt,
                row.issued_sm3,
                self._requests.show(row.request_id, actor=actor, scope=scope),
            )
            for row in rows
        ]


def _rows(session: Session, licence_identifier: str) -> list[LicenceAcceptance]:
    query = select(LicenceAcceptance).where(LicenceAcceptance.licence_identifier == licence_identifier)
    return list(session.scalars(query.order_by(LicenceAcceptance.attempt)))


def _came_to_nothing(view: AcceptanceView) -> bool:
    return view.request.standing.is_final and view.request.standing.state is not SigningState.SIGNED
