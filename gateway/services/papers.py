"""Paper counterparts at the window: print, reprint, hand over, void."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.papers import STATE_WORDS, BlankState, PaperAction, PaperState, check_action, paper_state
from gateway.domain.status import ENDED
from gateway.errors import ConflictError, FieldError, NotFoundError, ValidationFailedError
from gateway.persistence.blobs import StoredDocument
from gateway.persistence.models import AuditEvent, BlankMovement, LicenceVersion, PaperCounterpart, PaperEvent
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.blank_forms import move_blank, take_blank
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import find_version, hold_version
from gateway.services.listing import current_status
from gateway.services.recording import document_of
from gateway.services.sealed_places import collector

_MOST_REASON, _MOST_NAME = 500, 100


@dataclass(frozen=True)
class PaperView:
    """One paper with how it stands."""

    licence_identifier: str
    kind: str
    copy_number: int
    state: PaperState
    blank_serial_number: str | None
    """Of the form that it is printed on now."""
    file: StoredDocument
    revision: int
    """Of the licence, for If-Match."""

    def to_json(self) -> dict[str, Any]:
        """For answers; the file is another question."""
        zh, en = STATE_WORDS[self.state]
        return {
            "licence_identifier": self.licence_identifier,
            "kind": self.kind,
            "copy_number": self.copy_number,
            "state": self.state,
            "state_name": {"zh": zh, "en": en},
            "blank_serial_number": self.blank_serial_number,
        }


@dataclass(frozen=True)
class BlankChoice:
    """The blank form that lies in the printer."""

    form: str
    serial_number: str


class Papers:
    """Follows the papers of a licence from the printer to the holder's hand."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def of(self, licence_identifier: str, *, actor: Actor = OPERATOR) -> list[PaperView]:
        """The papers of a version, the original first."""
        with reading(self._deps.sessions) as session:
            version = find_version(session, licence_identifier, actor, Scope.PAPERS_HANDLE)
            return [self._view(paper) for paper in version.paper]

    @retried
    def print(
        self,
        licence_identifier: str,
        copy_number: int,
        blank: BlankChoice,
        *,
        reason: str = "",
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> PaperView:
        """Record that a paper is printed on a form from the stock, or with ``reason`` printed again on another one.

        The form of an earlier print is spoiled by the new one. ConflictError when the licence has ended, when it was
        printed and no reason is given, or when the form is not in stock.
        """
        with self._deps.sessions.begin() as session:
            paper, version = self._hold(session, licence_identifier, copy_number, actor, expected_revision)
            if current_status(version, self._deps.clock()) in ENDED:
                raise ConflictError("证照已终止，不能打印。The licence has ended; it is not printed any more.")
            state = paper_state(event.action for event in paper.events)
            action = PaperAction.REPRINTED if state is PaperState.PRINTED else PaperAction.PRINTED
            check_action(state, action)
            if action is PaperAction.REPRINTED:
                _require(reason, "reason", _MOST_REASON)
                self._spoil(paper, reason, actor)
            self._use(session, paper, version, blank, actor)
            self._record(session, paper, action, actor, reason=reason)
            return self._view(paper)

    @retried
    def collect(
        self,
        licence_identifier: str,
        copy_number: int,
        collected_by: str,
        *,
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> PaperView:
        """Record who took a printed paper away."""
        _require(collected_by, "collected_by", _MOST_NAME)
        with self._deps.sessions.begin() as session:
            paper, _ = self._hold(session, licence_identifier, copy_number, actor, expected_revision)
            check_action(paper_state(event.action for event in paper.events), PaperAction.COLLECTED)
            self._record(session, paper, PaperAction.COLLECTED, actor, collected_by=collected_by)
            return self._view(paper)

    @retried
    def collect_all(
        self,
        licence_identifier: str,
        collected_by: str,
        *,
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> list[PaperView]:
        """Record that every printed paper of a version was taken away by one person, all or none.

        ConflictError when none waits.
        """
        _require(collected_by, "collected_by", _MOST_NAME)
        with self._deps.sessions.begin() as session:
            version = hold_version(
                session, licence_identifier, actor, Scope.PAPERS_HANDLE, expected_revision=expected_revision
            )
            ready = [p for p in version.paper if paper_state(e.action for e in p.events) is PaperState.PRINTED]
            if not ready:
                raise ConflictError("没有已打印待领取的纸质证照。No printed paper waits to be collected.")
            for paper in ready:
                self._record(session, paper, PaperAction.COLLECTED, actor, collected_by=collected_by)
            return [self._view(paper) for paper in ready]

    @retried
    def void(
        self,
        licence_identifier: str,
        copy_number: int,
        reason: str,
        *,
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> PaperView:
        """Declare a paper void; the form that it is printed on is spoiled."""
        return self._end(PaperAction.VOIDED, licence_identifier, copy_number, reason, actor, expected_revision)

    def take_back(
        self,
        licence_identifier: str,
        copy_number: int,
        reason: str,
        *,
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> PaperView:
        """Record that a paper came back from the holder, as when its version was superseded or its licence ended."""
        return self._end(PaperAction.RETURNED, licence_identifier, copy_number, reason, actor, expected_revision)

    def declare_lost(
        self, session: Session, version: LicenceVersion, statement: str, actor: Actor, copies: Collection[int] | None
    ) -> None:
        """Record the holder's declaration of loss on the papers of a held version, within the caller's transaction.

        ``copies`` are copy numbers; None: every paper that the holder has. ConflictError when a named one is not out.
        """
        for paper in version.paper:
            state = paper_state(event.action for event in paper.events)
            if paper.copy_number not in copies if copies is not None else state is not PaperState.COLLECTED:
                continue
            check_action(state, PaperAction.LOST)
            self._spoil(paper, statement, actor)
            self._record(session, paper, PaperAction.LOST, actor, reason=statement)

    def _end(
        self,
        action: PaperAction,
        licence_identifier: str,
        copy_number: int,
        reason: str,
        actor: Actor,
        expected_revision: int | None,
    ) -> PaperView:
        _require(reason, "reason", _MOST_REASON)
        with self._deps.sessions.begin() as session:
            paper, _ = self._hold(session, licence_identifier, copy_number, actor, expected_revision)
            check_action(paper_state(event.action for event in paper.events), action)
            self._spoil(paper, reason, actor)
            self._record(session, paper, action, actor, reason=reason)
            return self._view(paper)

    def _hold(
        self,
        session: Session,
        licence_identifier: str,
        copy_number: int,
        actor: Actor,
        expected_revision: int | None,
    ) -> tuple[PaperCounterpart, LicenceVersion]:
        version = hold_version(
            session, licence_identifier, actor, Scope.PAPERS_HANDLE, expected_revision=expected_revision
        )
        paper = next((paper for paper in version.paper if paper.copy_number == copy_number), None)
        if paper is None:
            raise NotFoundError(f"没有第 {copy_number} 号副本。There is no copy {copy_number}.")
        return paper, version

    def _use(
        self, session: Session, paper: PaperCounterpart, version: LicenceVersion, blank: BlankChoice, actor: Actor
    ) -> None:
        licence = version.licence
        form = take_blank(session, licence.authority_code, blank.form, blank.serial_number, is_sample=licence.is_sample)
        movement = BlankMovement(
            state=BlankState.ISSUED, occurred_at=self._deps.clock(), paper_id=paper.id, actor=actor.audit()
        )
        move_blank(form, movement)
        paper.current_blank = form

    def _spoil(self, paper: PaperCounterpart, reason: str, actor: Actor) -> None:
        """The form that the paper is printed on, if any, can serve no more."""
        if paper.current_blank is not None:
            movement = BlankMovement(
                state=BlankState.SPOILED,
                occurred_at=self._deps.clock(),
                reason=reason,
                paper_id=paper.id,
                actor=actor.audit(),
            )
            move_blank(paper.current_blank, movement)
            paper.current_blank = None

    def _record(
        self,
        session: Session,
        paper: PaperCounterpart,
        action: PaperAction,
        actor: Actor,
        *,
        reason: str = "",
        collected_by: str = "",
    ) -> None:
        now, blank = self._deps.clock(), paper.current_blank
        place = collector(paper.licence_identifier, paper.copy_number, now)
        paper.events.append(
            PaperEvent(
                action=action,
                occurred_at=now,
                blank=blank,
                reason=reason,
                collected_by=self._deps.vault.seal(collected_by, place) if collected_by else "",
                actor=actor.audit(),
            )
        )
        # Who collected it is personal, and stays out of the audit.
        session.add(
            AuditEvent(
                occurred_at=now,
                action=f"paper_{action}",
                subject=paper.licence_identifier,
                detail={
                    "copy_number": paper.copy_number,
                    "blank": None if blank is None else {"form": blank.form, "serial_number": blank.serial_number},
                    "reason": reason,
                },
                actor=actor.audit(),
            )
        )

    def _view(self, paper: PaperCounterpart) -> PaperView:
        return PaperView(
            licence_identifier=paper.licence_identifier,
            kind=paper.kind,
            copy_number=paper.copy_number,
            state=paper_state(event.action for event in paper.events),
            blank_serial_number=None if paper.current_blank is None else paper.current_blank.serial_number,
            file=document_of(self._deps.files, paper.file),
            revision=paper.version.licence.revision,
        )


def _require(text: str, field: str, longest: int) -> None:
    if not 0 < len(text.strip()) <= longest:
        message = f"必填，至多 {longest} 字。Required, up to {longest} characters."
        raise ValidationFailedError([FieldError(field, "MISSING", message)])
