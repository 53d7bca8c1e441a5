"""New versions of a licence: amendment, renewal, replacement after loss, correction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.applications import Application
from gateway.domain.basis import ORDINARY, Basis
from gateway.domain.forms import check_forms
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.orders import KIND_WORDS, MOST_VERSIONS, VersionKind, VersionOrder, next_identifier
from gateway.domain.status import ENDED, LicenceStatus, StatusTransition, check_transition
from gateway.errors import ConflictError, FieldError, TransitionRefusedError, ValidationFailedError
from gateway.persistence.models import Licence, LicenceVersion, StatusChange
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import make_draft
from gateway.services.enterprises import Enterprises
from gateway.services.held_licences import find_version, hold_version
from gateway.services.licences import IssuedLicence, Licences
from gateway.services.listing import current_status, transitions_of
from gateway.services.papers import Papers
from gateway.services.recording import RecordedVersion, VersionToRecord, record_version
from gateway.services.seals import Seals, key_at_work
from gateway.services.status_places import draw_place, require_place_free

_LONGEST_REASON = 500


@dataclass(frozen=True)
class VersionRequest:
    """A new version that a department asks for."""

    kind: VersionKind
    record: Mapping[str, object]
    """The whole application in either vocabulary, as it is to read from now on."""
    reason: str
    takes_effect_at: datetime | None = None
    """Aware; None: now. It may lie in the future: until then the version before stays in force."""
    basis: Basis = ORDINARY
    duplicates: int = 0
    lost_copies: tuple[int, ...] | None = None
    """With a replacement: which papers were lost, by copy number; None: every one that the holder had."""


class Versions:
    """Makes the next version of a licence, and leaves the one before verifiable."""

    def __init__(
        self, deps: Dependencies, licences: Licences, enterprises: Enterprises, seals: Seals, papers: Papers
    ) -> None:
        self._deps = deps
        self._licences = licences
        self._papers = papers
        self._enterprises = enterprises
        self._seals = seals

    @retried
    def issue(
        self,
        licence_identifier: str,
        request: VersionRequest,
        *,
        actor: Actor = OPERATOR,
        expected_revision: int | None = None,
    ) -> IssuedLicence:
        """Issue the version after ``licence_identifier``, with its own identifier, PDF, signature and papers.

        The same request again gives the first answer. ConflictError when the version was followed by another one,
        ValidationFailedError, NotFoundError, ForbiddenError, StaleStateError, TransitionRefusedError.
        """
        application = self._licences.parse(request.record, request.basis, actor, Scope.LICENCES_CHANGE)
        check_forms(application.licence_type, request.duplicates)
        _check(request)
        with reading(self._deps.sessions) as session:
            current = find_version(session, licence_identifier, actor, Scope.LICENCES_CHANGE)
            _check_identity(application, current.licence, request)
            if current.successor is not None:
                return self._first_answer(session, application, request, current, actor)
            self._check_continues(current, request)
            binding = self._enterprises.binding(application.holder_code, application.holder_name)
            seal = self._seals.in_use(application.authority, is_sample=actor.is_sandbox)
            status_place = None if actor.is_sandbox else draw_place(self._deps.quick_reads, application.authority.code)
        order = replace(self._order(application, request, current), status_place=status_place)
        with key_at_work(seal.key_id):
            draft = make_draft(self._deps, order, binding, seal)

        def place(session: Session) -> Licence:
            held = hold_version(
                session, licence_identifier, actor, Scope.LICENCES_CHANGE, expected_revision=expected_revision
            )
            self._check_continues(held, request)
            if request.kind is VersionKind.REPLACEMENT:
                # The register follows the lost papers; those that are still there have to be taken back.
                self._papers.declare_lost(session, held, request.reason, actor, request.lost_copies)
            self._supersede(held, order, actor)
            return held.licence

        try:
            recorded = record_version(self._deps, VersionToRecord(draft, binding, seal), actor, place)
        except IntegrityError as error:
            require_place_free(error)
            with reading(self._deps.sessions) as session:
                current = find_version(session, licence_identifier, actor, Scope.LICENCES_CHANGE)
                if current.successor is None:
                    raise
                return self._first_answer(session, application, request, current, actor)
        return self._licences.outcome(application, recorded, newly_issued=True)

    def _order(self, application: Application, request: VersionRequest, current: LicenceVersion) -> VersionOrder:
        identifier = LicenceIdentifier.parse(current.licence_identifier)
        if int(identifier.version) >= MOST_VERSIONS:
            raise ConflictError("版本号已用完。The licence has as many versions as there are numbers.")
        return VersionOrder(
            application,
            next_identifier(identifier),
            takes_effect_at=request.takes_effect_at or self._deps.clock(),
            kind=request.kind,
            supersedes=current.licence_identifier,
            change_reason=request.reason,
            duplicates=request.duplicates,
            is_sample=current.licence.is_sample,
        )

    def _supersede(self, current: LicenceVersion, order: VersionOrder, actor: Actor) -> None:
        """The old version ends when the new one takes effect; neither ends before it began."""
        now = self._deps.clock()
        ends = StatusTransition(LicenceStatus.SUPERSEDED, order.takes_effect_at, now)
        check_transition(transitions_of(current), ends)
        current.licence.status_changes.append(
            StatusChange(
                licence_identifier=current.licence_identifier,
                status=ends.status,
                effective_at=ends.effective_at,
                recorded_at=now,
                legal_ground="",
                reason=f"{KIND_WORDS[order.kind][0]} {order.identifier}",
                deciding_authority_code=current.licence.authority_code,
                actor=actor.audit(),
            )
        )

    def _check_continues(self, current: LicenceVersion, request: VersionRequest) -> None:
        now = self._deps.clock()
        if current.successor is not None:
            raise _followed(current)
        if current_status(current, request.takes_effect_at or now) in ENDED:
            raise TransitionRefusedError(
                "证照已终止，不能再签发新版本。The licence has ended; it cannot have a new version."
            )
        if current.supersedes is not None and (request.takes_effect_at or now) < current.takes_effect_at:
            raise TransitionRefusedError(
                "新版本不能早于前一版本生效。A version cannot take effect before the one that it follows."
            )

    def _first_answer(
        self,
        session: Session,
        application: Application,
        request: VersionRequest,
        current: LicenceVersion,
        actor: Actor,
    ) -> IssuedLicence:
        assert current.successor is not None
        next_one = find_version(session, current.successor.licence_identifier, actor, Scope.LICENCES_CHANGE)
        if next_one.application_sm3 != application.digest() or next_one.kind != request.kind:
            raise _followed(current)
        return self._licences.outcome(application, RecordedVersion.of(next_one), newly_issued=False)


def _followed(current: LicenceVersion) -> ConflictError:
    successor = "" if current.successor is None else current.successor.licence_identifier
    return ConflictError(
        f"该版本已由 {successor} 接替。This version was already followed by {successor}.",
        hint="Base the change on the newest version.",
    )


def _check(request: VersionRequest) -> None:
    errors = []
    if request.kind is VersionKind.ISSUE:
        errors.append(FieldError("kind", "NOT_A_CHANGE", "应为变更、延续、补证或更正。Not a kind of change."))
    if not request.reason.strip() or len(request.reason) > _LONGEST_REASON:
        message = f"必填，至多 {_LONGEST_REASON} 字。Required, up to {_LONGEST_REASON} characters."
        errors.append(FieldError("reason", "REASON_INVALID", message))
    if request.takes_effect_at is not None and request.takes_effect_at.tzinfo is None:
        errors.append(FieldError("takes_effect_at", "NO_TIME_ZONE", "缺少时区。An instant needs its time zone."))
    if request.lost_copies is not None and request.kind is not VersionKind.REPLACEMENT:
        errors.append(FieldError("lost_copies", "NOT_ALLOWED", "仅补证可写明遗失。Only with a replacement."))
    if errors:
        raise ValidationFailedError(errors)


def _check_identity(application: Application, licence: Licence, request: VersionRequest) -> None:
    """Type, authority, number and holder make the licence; a change of them is another licence."""
    fixed = {
        "type": (application.licence_type.local_type_code, licence.local_type_code),
        "authority": (application.authority.code, licence.authority_code),
        "number": (application.licence_number, licence.licence_number),
        "holder_code": (application.holder_code, licence.holder_code),
    }
    wrong = [name for name, (asked, held) in fixed.items() if asked != held]
    if wrong:
        message = f"{KIND_WORDS[request.kind][0]}不能改变此项。This makes another licence, not a new version."
        raise ValidationFailedError([FieldError(name, "FIXED_FIELD_CHANGED", message) for name in wrong])
