"""Status changes of licences: suspended, restored, revoked, withdrawn, cancelled, each with ground, reason and authority."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, ActorKind, Scope
from gateway.domain.status import ENDED, LicenceStatus, StatusTransition, check_transition
from gateway.errors import ConflictError, FieldError, ForbiddenError, ValidationFailedError
from gateway.persistence.models import AuditEvent, LicenceVersion, StatusChange
from gateway.persistence.retrying import retried
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import hold_version
from gateway.services.listing import current_status

FOUR_EYES = frozenset({LicenceStatus.REVOKED, LicenceStatus.WITHDRAWN})
"""What no one at the window decides alone: 吊销 and 撤销. Systems have their own procedure before they call."""

_LONGEST = {"legal_ground": 300, "reason": 500, "document_number": 100}


@dataclass(frozen=True)
class StatusDecision:
    """What an authority decided on a licence."""

    status: LicenceStatus
    """Any but ``superseded``, which only a new version brings."""
    legal_ground: str
    """Law and article, such as 《行政许可法》第六十九条."""
    reason: str
    effective_at: datetime | None = None
    """Aware; may lie in the past or the future. None: now."""
    deciding_authority_code: str | None = None
    """None: the issuing authority itself."""
    document_number: str = ""
    """文书号"""
    obligation_id: int | None = None
    """The broken commitment, or the papers that never came, that led to it."""


@dataclass(frozen=True)
class RecordedStatus:
    """What the register holds after the change."""

    licence_identifier: str
    status: str
    """At this moment: a change of the future is recorded, but not in effect."""
    revision: int


class StatusChanges:
    """Records what authorities decide."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @retried
    def record(
        self,
        licence_identifier: str,
        decision: StatusDecision,
        *,
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> RecordedStatus:
        """Record a decision on the whole licence; its electronic form stays as it was signed.

        ValidationFailedError, NotFoundError, ForbiddenError, StaleStateError; TransitionRefusedError when the change
        does not fit those that were recorded, before and after its instant of effect.
        """
        check_decision(decision)
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            scope = _scope(decision, actor)
            version = hold_version(session, licence_identifier, actor, scope, expected_revision=expected_revision)
            _check_hands(version, decision, actor, now)
            return apply_decision(session, version, decision, actor, now)


def apply_decision(
    session: Session, version: LicenceVersion, decision: StatusDecision, actor: Actor, now: datetime
) -> RecordedStatus:
    """Record a checked decision on a licence that is held; TransitionRefusedError, ConflictError."""
    check_applicable(version, decision, now)
    licence, effective_at = version.licence, decision.effective_at or now
    licence.status_changes.append(
        StatusChange(
            status=decision.status,
            effective_at=effective_at,
            recorded_at=now,
            legal_ground=decision.legal_ground,
            reason=decision.reason,
            deciding_authority_code=decision.deciding_authority_code or licence.authority_code,
            document_number=decision.document_number,
            obligation_id=decision.obligation_id,
            actor=actor.audit(),
        )
    )
    session.add(
        AuditEvent(
            occurred_at=now,
            action="licence_status_changed",
            subject=version.licence_identifier,
            detail={
                "status": decision.status,
                "effective_at": effective_at.isoformat(),
                "legal_ground": decision.legal_ground,
                "reason": decision.reason,
            },
            actor=actor.audit(),
        )
    )
    return RecordedStatus(version.licence_identifier, current_status(version, now), licence.revision)


def check_applicable(version: LicenceVersion, decision: StatusDecision, now: datetime) -> None:
    """TransitionRefusedError or ConflictError when the decision does not fit what is recorded on the licence."""
    new = StatusTransition(decision.status, decision.effective_at or now, now)
    check_transition(_of_licence(version.licence.status_changes), new)
    obligations = {obligation.id for obligation in version.obligations}
    if decision.obligation_id is not None and decision.obligation_id not in obligations:
        raise ConflictError(
            "该证照没有这项承诺或容缺。The licence has no such obligation.", hint="Look at its obligations."
        )


def _scope(decision: StatusDecision, actor: Actor) -> Scope:
    """What ends a licence needs the scope for it; at the window, cancellation (注销) is what holders ask for every day."""
    is_routine = decision.status is LicenceStatus.CANCELLED and actor.kind is ActorKind.STAFF
    return Scope.LICENCES_REVOKE if decision.status in ENDED and not is_routine else Scope.LICENCES_CHANGE


def _check_hands(version: LicenceVersion, decision: StatusDecision, actor: Actor, now: datetime) -> None:
    """ForbiddenError when a person would do alone what needs two (services/revocations.py)."""
    if actor.kind is not ActorKind.STAFF:
        return
    is_ended = any(current_status(version, at) in ENDED for at in (now, decision.effective_at or now))
    if decision.status in FOUR_EYES or (decision.status is LicenceStatus.VALID and is_ended):
        raise ForbiddenError(
            "吊销、撤销及其恢复须由另一人审批。Revocation, withdrawal and their reversal need a second person.",
            hint="Propose it, and have an approver decide.",
        )


def _of_licence(changes: Sequence[StatusChange]) -> list[StatusTransition]:
    """The transitions of the licence as a whole; what one version was superseded by is no part of them."""
    return [
        StatusTransition(change.status, change.effective_at, change.recorded_at)
        for change in changes
        if change.licence_identifier is None
    ]


def check_decision(decision: StatusDecision) -> None:
    """ValidationFailedError names each field of a decision that is missing, too long, or not to be decided so."""
    errors = []
    if decision.status is LicenceStatus.SUPERSEDED:
        message = "换发须签发新版本。A licence is superseded by issuing its next version."
        errors.append(FieldError("status", "NEEDS_NEW_VERSION", message))
    for name, longest in _LONGEST.items():
        value = getattr(decision, name)
        if not value.strip() and name != "document_number":
            errors.append(FieldError(name, "MISSING", "必填项缺失。Required, but missing."))
        elif len(value) > longest:
            errors.append(FieldError(name, "TOO_LONG", f"超过 {longest} 字。Longer than {longest} characters."))
    if decision.effective_at is not None and decision.effective_at.tzinfo is None:
        errors.append(FieldError("effective_at", "NO_TIME_ZONE", "缺少时区。An instant needs its time zone."))
    if errors:
        raise ValidationFailedError(errors)
