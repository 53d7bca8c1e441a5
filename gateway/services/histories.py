"""What a licence was on any day, from the insert-only history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.instants import instant
from gateway.domain.status import DayAnswer, StatusPeriod, china_day, in_force_on, status_periods
from gateway.errors import NotFoundError
from gateway.persistence.models import LicenceVersion, StatusChange
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import find_version
from gateway.services.listing import WHOLE, beginning, transitions_of


@dataclass(frozen=True)
class RecordedChange:
    """One recorded decision, whole."""

    status: str
    effective_at: datetime
    recorded_at: datetime
    legal_ground: str
    reason: str
    deciding_authority_code: str
    document_number: str
    obligation_id: int | None

    def to_json(self) -> dict[str, Any]:
        """For answers."""
        return {
            **vars(self),
            "effective_at": instant(self.effective_at),
            "recorded_at": instant(self.recorded_at),
        }


@dataclass(frozen=True)
class LicenceHistory:
    """Everything that was recorded on one version of a licence, and what it means."""

    licence_identifier: str
    revision: int
    changes: tuple[RecordedChange, ...]
    """In the order of recording."""
    periods: tuple[StatusPeriod, ...]

    def in_force_on(self, day: date) -> DayAnswer:
        """Whether it was, is or will be in force on that day in China, as far as is recorded."""
        return in_force_on(self.periods, day)

    def to_json(self, day: date | None = None) -> dict[str, Any]:
        """For answers; with ``day`` also whether it was in force then."""
        return {
            "licence_identifier": self.licence_identifier,
            "revision": self.revision,
            "changes": [change.to_json() for change in self.changes],
            "periods": [
                {"status": p.status, "since": p.since and instant(p.since), "until": p.until and instant(p.until)}
                for p in self.periods
            ],
            "day": None if day is None else {"on": day.isoformat(), "in_force": self.in_force_on(day)},
        }


@dataclass(frozen=True)
class EarlierVersion:
    """A version that another one took the place of."""

    licence_identifier: str
    version: str
    issued_on: date


@dataclass(frozen=True)
class PublicHistory:
    """What everyone may know of the past of one version: statuses and their instants, without grounds and reasons."""

    periods: tuple[StatusPeriod, ...]
    """From the issue on; the first has no beginning."""
    earlier: tuple[EarlierVersion, ...]
    """The versions of the licence before this one, in their order."""


class Histories:
    """Answers questions about the past and the future of licences."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def of(
        self, licence_identifier: str, *, known_at: datetime | None = None, actor: Actor = OPERATOR
    ) -> LicenceHistory:
        """The history of one version; with ``known_at`` as the register knew it at that instant.

        NotFoundError, ForbiddenError.
        """
        with reading(self._deps.sessions) as session:
            version = find_version(session, licence_identifier, actor, Scope.LICENCES_READ)
            return history_of(version, known_at)

    def public(self, licence_identifier: str) -> PublicHistory:
        """The statuses of one version and when each began, and the versions before it. NotFoundError."""
        with reading(self._deps.sessions) as session:
            version = session.scalar(
                select(LicenceVersion).where(LicenceVersion.licence_identifier == licence_identifier).options(*WHOLE)
            )
            if version is None:
                raise NotFoundError(
                    f"没有登记 {licence_identifier}。No licence is registered under {licence_identifier}."
                )
            earlier = session.scalars(
                select(LicenceVersion)
                .where(LicenceVersion.licence_id == version.licence_id, LicenceVersion.version < version.version)
                .order_by(LicenceVersion.version)
            )
            return PublicHistory(
                periods=_since_issue(history_of(version).periods, version.issued_on),
                earlier=tuple(
                    EarlierVersion(each.licence_identifier, each.version, each.issued_on) for each in earlier
                ),
            )


def _since_issue(periods: tuple[StatusPeriod, ...], issued_on: date) -> tuple[StatusPeriod, ...]:
    """Without the time before the first day where the licence was in force from its issue on: nobody ever saw that."""
    begins = periods[0].until
    return periods[1:] if begins is not None and china_day(begins) <= issued_on else periods


def history_of(version: LicenceVersion, known_at: datetime | None = None) -> LicenceHistory:
    """The history of a loaded version."""
    return LicenceHistory(
        licence_identifier=version.licence_identifier,
        revision=version.licence.revision,
        changes=_changes(version, known_at),
        periods=status_periods(
            transitions_of(version, known_at),
            valid_from=version.valid_from,
            valid_until=version.valid_until,
            begins_at=beginning(version),
        ),
    )


def _changes(version: LicenceVersion, known_at: datetime | None) -> tuple[RecordedChange, ...]:
    rows: Sequence[StatusChange] = version.licence.status_changes
    return tuple(
        RecordedChange(
            status=row.status,
            effective_at=row.effective_at,
            recorded_at=row.recorded_at,
            legal_ground=row.legal_ground,
            reason=row.reason,
            deciding_authority_code=row.deciding_authority_code,
            document_number=row.document_number,
            obligation_id=row.obligation_id,
        )
        for row in rows
        if row.licence_identifier in (None, version.licence_identifier)
        and (known_at is None or row.recorded_at <= known_at)
    )
