"""What the register holds of licence versions, as plain values: for lists, in one statement and without entities."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, or_, select

from gateway.domain.basis import ObligationKind, ObligationState, ObligationView
from gateway.domain.status import StatusTransition, china_day
from gateway.persistence.models import (
    Licence,
    LicenceVersion,
    Obligation,
    ObligationOutcome,
    SignatureCheck,
    StatusChange,
)
from gateway.persistence.session import QuickReads


@dataclass(frozen=True)
class RegisteredObligation:
    """An obligation as it is recorded; how it stands depends on the day."""

    id: int
    kind: str
    items: tuple[str, ...]
    due_on: date
    is_fulfilled: bool | None
    """None while it has no outcome."""

    def view(self, now: datetime) -> ObligationView:
        """With how it stands."""
        if self.is_fulfilled is not None:
            state = ObligationState.FULFILLED if self.is_fulfilled else ObligationState.BROKEN
        else:
            overdue = china_day(now) > self.due_on
            state = ObligationState.OVERDUE if overdue else ObligationState.OPEN
        return ObligationView(self.id, ObligationKind(self.kind), self.items, self.due_on, state)


@dataclass(frozen=True)
class KeptCheck:
    """A check of a file's signatures that was decided, as it is kept."""

    trust_sm3: str
    file_stamp: str
    checked_at: datetime
    genuine: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RegisteredVersion:
    """One version with all that a line of a list says of it."""

    licence_identifier: str
    licence_id: int
    version: str
    holder_code: str
    holder_name: str
    local_type_code: str
    authority_code: str
    licence_number: str
    is_sample: bool
    issued_on: date
    valid_from: date
    valid_until: date | None
    takes_effect_at: datetime
    begins_at: datetime | None
    """When it takes over from the version before it; None for a first version, whose days alone count."""
    replaced_by: str | None
    electronic_sm3: str
    transitions: tuple[StatusTransition, ...]
    """In the order of recording."""
    obligations: tuple[RegisteredObligation, ...]
    check: KeptCheck | None


OF_HOLDER = (
    select(
        LicenceVersion.licence_identifier,
        LicenceVersion.licence_id,
        LicenceVersion.version,
        LicenceVersion.holder_name,
        Licence.local_type_code,
        Licence.authority_code,
        Licence.licence_number,
        LicenceVersion.issued_on,
        LicenceVersion.valid_from,
        LicenceVersion.valid_until,
        LicenceVersion.takes_effect_at,
        LicenceVersion.supersedes,
        LicenceVersion.electronic_sm3,
        SignatureCheck.trust_sm3,
        SignatureCheck.file_stamp,
        SignatureCheck.checked_at,
        SignatureCheck.genuine,
        SignatureCheck.reasons,
        exists().where(Obligation.licence_identifier == LicenceVersion.licence_identifier).label("has_obligations"),
        StatusChange.id.label("change_id"),
        StatusChange.status,
        StatusChange.effective_at,
        StatusChange.recorded_at,
    )
    .join(LicenceVersion.licence)
    .outerjoin(SignatureCheck, SignatureCheck.electronic_sm3 == LicenceVersion.electronic_sm3)
    .outerjoin(
        StatusChange,
        and_(
            StatusChange.licence_id == LicenceVersion.licence_id,
            or_(
                StatusChange.licence_identifier.is_(None),
                StatusChange.licence_identifier == LicenceVersion.licence_identifier,
            ),
        ),
    )
    .where(Licence.holder_code == bindparam("code"), ~Licence.is_sample)
)
"""A row for each version and each change that concerns it, in no order: most have one, that they were issued. What follows
from the other rows, and what is seldom needed, is not asked for: each look into an index counts here.
"""
_OBLIGATIONS = (
    select(
        Obligation.id,
        Obligation.licence_identifier,
        Obligation.kind,
        Obligation.items,
        Obligation.due_on,
        ObligationOutcome.is_fulfilled,
    )
    .join(Obligation.version)
    .join(LicenceVersion.licence)
    .outerjoin(Obligation.outcome)
    .where(Licence.holder_code == bindparam("code"), ~Licence.is_sample)
    .order_by(Obligation.id)
)


def versions_of_holder(reads: QuickReads, code: str) -> list[RegisteredVersion]:
    """Every version of every licence of an enterprise, no samples, in no order."""
    return versions_in(reads.rows(OF_HOLDER, {"code": code}), reads, code)


def versions_in(rows: Iterable[Row[Any]], reads: QuickReads, code: str) -> list[RegisteredVersion]:
    """The same from the rows of ``OF_HOLDER``."""
    by_version, successors = defaultdict[str, list[Row[Any]]](list), dict[str, str]()
    for row in rows:
        by_version[row.licence_identifier].append(row)
        if row.supersedes is not None:
            successors[row.supersedes] = row.licence_identifier
    obligations = defaultdict[str, list[RegisteredObligation]](list)
    if any(found[0].has_obligations for found in by_version.values()):
        for row in reads.rows(_OBLIGATIONS, {"code": code}):
            obligation = RegisteredObligation(row.id, row.kind, tuple(row.items), row.due_on, row.is_fulfilled)
            obligations[row.licence_identifier].append(obligation)
    return [
        _version(found, code, successors.get(identifier), tuple(obligations.get(identifier, ())))
        for identifier, found in by_version.items()
    ]


def registered(version: LicenceVersion, check: KeptCheck | None = None) -> RegisteredVersion:
    """An entity, loaded with all that answers need, as plain values."""
    licence = version.licence
    return RegisteredVersion(
        licence_identifier=version.licence_identifier,
        licence_id=version.licence_id,
        version=version.version,
        holder_code=licence.holder_code,
        holder_name=version.holder_name,
        local_type_code=licence.local_type_code,
        authority_code=licence.authority_code,
        licence_number=licence.licence_number,
        is_sample=licence.is_sample,
        issued_on=version.issued_on,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        takes_effect_at=version.takes_effect_at,
        begins_at=None if version.supersedes is None else version.takes_effect_at,
        replaced_by=None if version.successor is None else version.successor.licence_identifier,
        electronic_sm3=version.electronic_sm3,
        transitions=transitions_among(licence.status_changes, version.licence_identifier),
        obligations=tuple(registered_obligation(each) for each in version.obligations),
        check=check,
    )


def registered_obligation(obligation: Obligation) -> RegisteredObligation:
    """An entity as plain values."""
    outcome = obligation.outcome
    return RegisteredObligation(
        id=obligation.id,
        kind=obligation.kind,
        items=tuple(obligation.items),
        due_on=obligation.due_on,
        is_fulfilled=None if outcome is None else outcome.is_fulfilled,
    )


def transitions_among(
    changes: Iterable[StatusChange], licence_identifier: str, known_at: datetime | None = None
) -> tuple[StatusTransition, ...]:
    """Those of a licence's changes that concern a version or the licence as a whole, until ``known_at``."""
    return tuple(
        StatusTransition(status=change.status, effective_at=change.effective_at, recorded_at=change.recorded_at)
        for change in changes
        if change.licence_identifier in (None, licence_identifier)
        and (known_at is None or change.recorded_at <= known_at)
    )


def kept_check(row: Row[Any] | SignatureCheck) -> KeptCheck:
    """A check as it stands in the register."""
    return KeptCheck(row.trust_sm3, row.file_stamp, row.checked_at, row.genuine, tuple(row.reasons))


def _version(
    rows: Sequence[Row[Any]], code: str, replaced_by: str | None, obligations: tuple[RegisteredObligation, ...]
) -> RegisteredVersion:
    row = rows[0]
    changes = [each for each in rows if each.change_id is not None]
    changes.sort(key=attrgetter("change_id"))
    return RegisteredVersion(
        licence_identifier=row.licence_identifier,
        licence_id=row.licence_id,
        version=row.version,
        holder_code=code,
        holder_name=row.holder_name,
        local_type_code=row.local_type_code,
        authority_code=row.authority_code,
        licence_number=row.licence_number,
        is_sample=False,
        issued_on=row.issued_on,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        takes_effect_at=row.takes_effect_at,
        begins_at=None if row.supersedes is None else row.takes_effect_at,
        replaced_by=replaced_by,
        electronic_sm3=row.electronic_sm3,
        transitions=tuple(
            StatusTransition(status=each.status, effective_at=each.effective_at, recorded_at=each.recorded_at)
            for each in changes
        ),
        obligations=obligations,
        check=None if row.trust_sm3 is None else kept_check(row),
    )
