"""Registrations of enterprises: names and statuses as the register of market entities says, with all that they were."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.code_systems import REGISTRATION_STATUSES
from gateway.domain.instants import instant
from gateway.errors import ConflictError, FieldError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent, Enterprise, RegistrationChange
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies

_LONGEST_NAME, _LONGEST_PERSON, _LONGEST_SOURCE = 300, 100, 20


@dataclass(frozen=True)
class Registration:
    """What a register says of an enterprise; None leaves that as it is."""

    as_of: datetime
    """When the register said so, aware UTC."""
    source: str
    name: str | None = None
    status: str | None = None
    legal_representative: str | None = None
    """Only what it is now is kept; that it changed stands in the audit."""


@dataclass(frozen=True)
class RecordedRegistration:
    """One change that was recorded."""

    name_before: str
    name: str
    status_before: str
    status: str
    source: str
    as_of: datetime
    recorded_at: datetime

    def to_json(self) -> dict[str, Any]:
        """The form in API answers."""
        return {**vars(self), "as_of": instant(self.as_of), "recorded_at": instant(self.recorded_at)}


class EnterpriseRegistrations:
    """Changes names and statuses, and keeps what they were."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @retried
    def record(self, code: str, said: Registration, *, actor: Actor = OPERATOR) -> bool:
        """Take over what a register says; whether anything changed.

        NotFoundError, ForbiddenError, ValidationFailedError; ConflictError when something newer is known already.
        """
        actor.require(Scope.ADMINISTER)
        now = self._deps.clock()
        _check(said, now)
        with self._deps.sessions.begin() as session:
            enterprise = session.get(Enterprise, code, with_for_update=True)
            if enterprise is None:
                raise NotFoundError(f"企业 {code} 未登记。No enterprise is registered under {code}.")
            if enterprise.registration_as_of is not None and said.as_of < enterprise.registration_as_of:
                raise ConflictError("已有更新的登记信息。The register has said something newer.")
            before = enterprise.name, enterprise.registration_status
            after = said.name or before[0], said.status or before[1]
            enterprise.registration_as_of = said.as_of
            is_represented_anew = self._represent(session, enterprise, said, actor)
            if before == after:
                return is_represented_anew
            enterprise.name, enterprise.registration_status = after
            change = RegistrationChange(
                unified_social_credit_code=code,
                name_before=before[0],
                name=after[0],
                status_before=before[1],
                status=after[1],
                source=said.source,
                as_of=said.as_of,
                recorded_at=now,
                actor=actor.audit(),
            )
            event = AuditEvent(
                occurred_at=now,
                action="enterprise_registration_changed",
                subject=code,
                detail={
                    "name_before": before[0],
                    "name": after[0],
                    "status_before": before[1],
                    "status": after[1],
                    "source": said.source,
                    "as_of": instant(said.as_of),
                },
                actor=actor.audit(),
            )
            session.add_all((change, event))
        return True

    def _represent(self, session: Session, enterprise: Enterprise, said: Registration, actor: Actor) -> bool:
        """Take over who represents the enterprise; whether that changed."""
        name = said.legal_representative
        if name is None or name.strip() == enterprise.legal_representative:
            return False
        enterprise.legal_representative = name.strip()
        event = AuditEvent(
            occurred_at=self._deps.clock(),
            action="enterprise_representative_changed",
            subject=enterprise.unified_social_credit_code,
            # The log goes on for ever, and names no persons.
            detail={"source": said.source, "as_of": instant(said.as_of)},
            actor=actor.audit(),
        )
        session.add(event)
        return True

    def history(self, code: str) -> list[RecordedRegistration]:
        """Every recorded change, the oldest first."""
        query = (
            select(RegistrationChange)
            .where(RegistrationChange.unified_social_credit_code == code)
            .order_by(RegistrationChange.id)
        )
        with reading(self._deps.sessions) as session:
            return [
                RecordedRegistration(
                    row.name_before,
                    row.name,
                    row.status_before,
                    row.status,
                    row.source,
                    row.as_of,
                    row.recorded_at,
                )
                for row in session.scalars(query)
            ]


def _check(said: Registration, now: datetime) -> None:
    wrong = []
    names = (("name", said.name, _LONGEST_NAME), ("legal_representative", said.legal_representative, _LONGEST_PERSON))
    for field, name, longest in names:
        if name is not None and not (0 < len(name.strip()) <= longest and name.isprintable()):
            message = f"1 至 {longest} 个可见字符。1 to {longest} printable characters."
            wrong.append(FieldError(field, "NAME_INVALID", message))
    if said.status is not None and said.status not in REGISTRATION_STATUSES:
        wrong.append(FieldError("status", "STATUS_INVALID", "不是登记状态。No registration status."))
    if not 0 < len(said.source) <= _LONGEST_SOURCE or not said.source.isprintable():
        message = f"1 至 {_LONGEST_SOURCE} 个字符。1 to {_LONGEST_SOURCE} characters."
        wrong.append(FieldError("source", "SOURCE_INVALID", message))
    if said.as_of > now:
        wrong.append(FieldError("as_of", "IN_THE_FUTURE", "时间在将来。The time is in the future."))
    if wrong:
        raise ValidationFailedError(wrong)
