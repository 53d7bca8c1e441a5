"""Revocation with four eyes: one person proposes, an approver of the same authority decides, never the same person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from gateway.domain.actors import Actor, Scope
from gateway.domain.status import ENDED, LicenceStatus
from gateway.errors import ConflictError, FieldError, ForbiddenError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent, Licence, LicenceVersion, RevocationDecision, RevocationRequest
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import hold_version
from gateway.services.listing import current_status
from gateway.services.staff_sessions import Confirmation
from gateway.services.status_changes import FOUR_EYES, StatusDecision, apply_decision, check_applicable, check_decision

_MOST_REASON = 500
_MOST_LISTED = 100


@dataclass(frozen=True)
class RevocationView:
    """One request with what became of it."""

    id: int
    licence_identifier: str
    licence_number: str
    holder_name: str
    status: LicenceStatus
    """What the licence shall become; ``valid`` is the reversal of an ending."""
    legal_ground: str
    reason: str
    document_number: str
    obligation_id: int | None
    proposed_at: datetime
    proposer_account: str
    proposer_name: str
    is_approved: bool | None
    """None while it waits."""
    decided_at: datetime | None
    decider_name: str
    decision_reason: str


class Revocations:
    """Requests to revoke, withdraw or bring back licences, and the decisions on them."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @retried
    def propose(
        self,
        licence_identifier: str,
        decision: StatusDecision,
        *,
        actor: Actor,
        expected_revision: int | None = None,
    ) -> int:
        """Record a request, and give its number. Nothing changes on the licence.

        ValidationFailedError, NotFoundError, ForbiddenError, StaleStateError, ConflictError when one waits already;
        TransitionRefusedError when it could not be approved as things stand.
        """
        check_decision(decision)
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            version = hold_version(
                session, licence_identifier, actor, Scope.LICENCES_CHANGE, expected_revision=expected_revision
            )
            _check_kind(version, decision, now)
            if session.scalar(_waiting().where(Licence.id == version.licence_id)) is not None:
                raise ConflictError("该证照已有待审批的申请。A request on this licence waits for its decision.")
            request = RevocationRequest(
                licence_identifier=licence_identifier,
                status=decision.status,
                legal_ground=decision.legal_ground,
                reason=decision.reason,
                document_number=decision.document_number,
                obligation_id=decision.obligation_id,
                proposed_at=now,
                proposed_by=actor.audit(),
            )
            session.add(request)
            session.flush()
            self._note(session, "revocation_proposed", request, actor, decision.reason)
            return request.id

    @retried
    def decide(
        self, request_id: int, *, is_approved: bool, reason: str, confirmation: Confirmation, actor: Actor
    ) -> RevocationView:
        """Approve, which takes effect at once, or decline. The decider has just shown who it is, and is not the proposer.

        NotFoundError, ForbiddenError, ValidationFailedError, ConflictError when it was decided, TransitionRefusedError
        when the licence has changed so that the request fits no more.
        """
        if not 0 < len(reason.strip()) <= _MOST_REASON:
            message = f"必填，至多 {_MOST_REASON} 字。Required, up to {_MOST_REASON} characters."
            raise ValidationFailedError([FieldError("decision_reason", "MISSING", message)])
        if confirmation.account != actor.id:
            raise ForbiddenError("须由审批人本人确认身份。The decider has to confirm their own identity.")
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            request = _find(session, request_id)
            version = hold_version(session, request.licence_identifier, actor, Scope.LICENCES_REVOKE)
            # Read again with the licence locked: another approver may have been faster.
            session.refresh(request, ["decision"])
            if request.decision is not None:
                raise ConflictError("该申请已有决定。The request was decided before.")
            if request.proposed_by["id"] == actor.id:
                raise ForbiddenError("不能审批自己提出的申请。Nobody decides on their own request.")
            if is_approved:
                apply_decision(session, version, _decision(request), actor, now)
            request.decision = RevocationDecision(
                is_approved=is_approved, reason=reason, decided_at=now, decided_by=actor.audit()
            )
            action = "revocation_approved" if is_approved else "revocation_declined"
            self._note(session, action, request, actor, reason)
            return _view(request)

    def waiting(self, *, actor: Actor) -> list[RevocationView]:
        """Requests within the actor's limits that wait, the oldest first."""
        actor.require(Scope.LICENCES_READ)
        query = _waiting().where(Licence.is_sample == actor.is_sandbox).limit(_MOST_LISTED)
        if actor.authority_codes is not None:
            query = query.where(Licence.authority_code.in_(actor.authority_codes))
        if actor.type_codes is not None:
            query = query.where(Licence.local_type_code.in_(actor.type_codes))
        with reading(self._deps.sessions) as session:
            return [_view(request) for request in session.scalars(query)]

    def of(self, request_id: int, *, actor: Actor) -> RevocationView:
        """One request. NotFoundError, ForbiddenError."""
        with reading(self._deps.sessions) as session:
            request = _find(session, request_id)
            licence = request.version.licence
            actor.require(Scope.LICENCES_READ, licence.authority_code, licence.local_type_code)
            return _view(request)

    def _note(self, session: Session, action: str, request: RevocationRequest, actor: Actor, reason: str) -> None:
        session.add(
            AuditEvent(
                occurred_at=self._deps.clock(),
                action=action,
                subject=request.licence_identifier,
                detail={"request_id": request.id, "status": request.status, "reason": reason},
                actor=actor.audit(),
            )
        )


def requests_of(session: Session, licence_id: int) -> list[RevocationView]:
    """Every request on a licence, the newest first."""
    query = _requests().where(Licence.id == licence_id).order_by(RevocationRequest.id.desc())
    return [_view(request) for request in session.scalars(query)]


def _requests() -> Select[RevocationRequest]:
    return (
        select(RevocationRequest)
        .join(RevocationRequest.version)
        .join(LicenceVersion.licence)
        .outerjoin(RevocationRequest.decision)
        .options(
            joinedload(RevocationRequest.version).joinedload(LicenceVersion.licence),
            joinedload(RevocationRequest.decision),
        )
    )


def _waiting() -> Select[RevocationRequest]:
    return _requests().where(RevocationDecision.id.is_(None)).order_by(RevocationRequest.id)


def _find(session: Session, request_id: int) -> RevocationRequest:
    request = session.scalar(_requests().where(RevocationRequest.id == request_id))
    if request is None:
        raise NotFoundError("没有这项申请。There is no such request.")
    return request


def _check_kind(version: LicenceVersion, decision: StatusDecision, now: datetime) -> None:
    is_reversal = decision.status is LicenceStatus.VALID and current_status(version, now) in ENDED
    if decision.status not in FOUR_EYES and not is_reversal:
        message = "只有吊销、撤销及其恢复须经审批。Only revocation, withdrawal and their reversal are decided by two."
        raise ValidationFailedError([FieldError("status", "NOT_FOR_TWO", message)])
    if decision.effective_at is not None:
        message = "自审批之时起生效。It takes effect when it is approved."
        raise ValidationFailedError([FieldError("effective_at", "NOT_ALLOWED", message)])
    check_applicable(version, decision, now)


def _decision(request: RevocationRequest) -> StatusDecision:
    return StatusDecision(
        LicenceStatus(request.status),
        legal_ground=request.legal_ground,
        reason=request.reason,
        document_number=request.document_number,
        obligation_id=request.obligation_id,
    )


def _view(request: RevocationRequest) -> RevocationView:
    decision = request.decision
    return RevocationView(
        id=request.id,
        licence_identifier=request.licence_identifier,
        licence_number=request.version.licence.licence_number,
        holder_name=request.version.holder_name,
        status=LicenceStatus(request.status),
        legal_ground=request.legal_ground,
        reason=request.reason,
        document_number=request.document_number,
        obligation_id=request.obligation_id,
        proposed_at=request.proposed_at,
        proposer_account=request.proposed_by["id"],
        proposer_name=request.proposed_by["name"],
        is_approved=None if decision is None else decision.is_approved,
        decided_at=None if decision is None else decision.decided_at,
        decider_name="" if decision is None else decision.decided_by["name"],
        decision_reason="" if decision is None else decision.reason,
    )
