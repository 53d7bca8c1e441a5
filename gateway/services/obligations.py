"""Commitments to be checked and papers to be handed in: found by deadline, and brought to their end."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.basis import ObligationKind, ObligationState, ObligationView
from gateway.domain.status import china_day
from gateway.errors import ConflictError, FieldError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent, Licence, LicenceVersion, Obligation, ObligationOutcome
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import hold_version
from gateway.services.listing import obligation_view

_MOST_NOTE = 500
MOST_LISTED = 200


@dataclass(frozen=True)
class ListedObligation:
    """One obligation with the licence that it stands on."""

    licence_identifier: str
    licence_number: str
    holder_name: str
    authority_code: str
    obligation: ObligationView

    def to_json(self) -> dict[str, object]:
        """For answers."""
        return {
            "licence_identifier": self.licence_identifier,
            "licence_number": self.licence_number,
            "holder_name": self.holder_name,
            "authority_code": self.authority_code,
            **self.obligation.to_json(),
        }


@dataclass(frozen=True)
class ObligationFilter:
    """What to look for."""

    state: ObligationState | None = None
    kind: ObligationKind | None = None
    due_before: date | None = None
    """Due on or before this day."""
    after_id: int = 0
    """Cursor: obligations recorded after this one."""
    limit: int = 50


class Obligations:
    """What licences were granted against, and what became of it."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def search(self, wanted: ObligationFilter, *, actor: Actor = OPERATOR) -> list[ListedObligation]:
        """Obligations within the actor's limits, in the order of recording."""
        actor.require(Scope.LICENCES_READ)
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            rows = session.scalars(self._query(wanted, actor)).all()
            return [_listed(row, obligation_view(row, now)) for row in rows]

    @retried
    def settle(
        self,
        licence_identifier: str,
        obligation_id: int,
        *,
        is_fulfilled: bool,
        note: str,
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> ObligationView:
        """Record how an obligation ended. ConflictError when that was recorded before.

        A broken one does not end the licence by itself: the authority decides, naming the obligation.
        """
        if not 0 < len(note.strip()) <= _MOST_NOTE:
            message = f"必填，至多 {_MOST_NOTE} 字。Required, up to {_MOST_NOTE} characters."
            raise ValidationFailedError([FieldError("note", "MISSING", message)])
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            hold_version(session, licence_identifier, actor, Scope.LICENCES_CHANGE, expected_revision=expected_revision)
            obligation = _find(session, licence_identifier, obligation_id)
            obligation.outcome = ObligationOutcome(
                is_fulfilled=is_fulfilled, decided_at=now, note=note, actor=actor.audit()
            )
            session.add(
                AuditEvent(
                    occurred_at=now,
                    action="obligation_fulfilled" if is_fulfilled else "obligation_broken",
                    subject=licence_identifier,
                    detail={"obligation_id": obligation_id, "kind": obligation.kind, "note": note},
                    actor=actor.audit(),
                )
            )
            return obligation_view(obligation, now)

    def _query(self, wanted: ObligationFilter, actor: Actor) -> Select[Obligation]:
        query = (
            select(Obligation)
            .join(Obligation.version)
            .join(LicenceVersion.licence)
            .outerjoin(Obligation.outcome)
            .where(Licence.is_sample == actor.is_sandbox, Obligation.id > wanted.after_id)
            .options(joinedload(Obligation.version).joinedload(LicenceVersion.licence), joinedload(Obligation.outcome))
            .order_by(Obligation.id)
            .limit(min(wanted.limit, MOST_LISTED))
        )
        if actor.authority_codes is not None:
            query = query.where(Licence.authority_code.in_(actor.authority_codes))
        if actor.type_codes is not None:
            query = query.where(Licence.local_type_code.in_(actor.type_codes))
        if wanted.kind is not None:
            query = query.where(Obligation.kind == wanted.kind)
        if wanted.due_before is not None:
            query = query.where(Obligation.due_on <= wanted.due_before)
        return query if wanted.state is None else self._in_state(query, wanted.state)

    def _in_state(self, query: Select[Obligation], state: ObligationState) -> Select[Obligation]:
        today = china_day(self._deps.clock())
        match state:
            case ObligationState.FULFILLED:
                return query.where(ObligationOutcome.is_fulfilled)
            case ObligationState.BROKEN:
                return query.where(ObligationOutcome.is_fulfilled.is_(False))
            case ObligationState.OVERDUE:
                return query.where(ObligationOutcome.id.is_(None), Obligation.due_on < today)
            case ObligationState.OPEN:
                return query.where(ObligationOutcome.id.is_(None), Obligation.due_on >= today)


def _find(session: Session, licence_identifier: str, obligation_id: int) -> Obligation:
    obligation = session.get(Obligation, obligation_id, options=[joinedload(Obligation.outcome)])
    if obligation is None or obligation.licence_identifier != licence_identifier:
        raise NotFoundError("该证照没有这项承诺或容缺。The licence has no such obligation.")
    if obligation.outcome is not None:
        raise ConflictError("该事项已有结果。How this obligation ended was recorded before.")
    return obligation


def _listed(row: Obligation, view: ObligationView) -> ListedObligation:
    version = row.version
    return ListedObligation(
        licence_identifier=version.licence_identifier,
        licence_number=version.licence.licence_number,
        holder_name=version.holder_name,
        authority_code=version.licence.authority_code,
        obligation=view,
    )
