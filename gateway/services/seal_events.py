"""What is done to a seal, on record: its own history, and an audit event that the transparency log takes in."""

from datetime import datetime

from sqlalchemy.orm import Session

from gateway.domain.actors import Actor
from gateway.domain.instants import instant
from gateway.domain.seal_register import SealAct
from gateway.persistence.models import AuditEvent, Seal, SealEvent

_ACTIONS = {
    SealAct.MAKE: "seal_made",
    SealAct.SUSPEND: "seal_suspended",
    SealAct.RESUME: "seal_resumed",
    SealAct.DESTROY: "seal_destroyed",
    SealAct.REPLACE: "seal_replaced",
}


def note_seal_act(session: Session, seal: Seal, act: SealAct, reason: str, actor: Actor, now: datetime) -> None:
    """Add an act to the history of a seal, in the transaction that does it."""
    event = AuditEvent(
        occurred_at=now,
        action=_ACTIONS[act],
        subject=seal.key_id,
        detail={
            "authority_code": seal.authority_code,
            "filing_number": seal.filing_number,
            "status": seal.status,
            "valid_until": instant(seal.valid_until),
            "reason": reason,
        },
        actor=actor.audit(),
    )
    session.add_all(
        (SealEvent(key_id=seal.key_id, act=act, occurred_at=now, reason=reason, actor=actor.audit()), event)
    )
