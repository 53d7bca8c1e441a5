"""Counts the reform's own indicators, within bounds, and gives no licence, holder or person by name."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.orders import VersionKind
from gateway.domain.statistics import Group, Indicators, Statistics, hours_to_both
from gateway.domain.status import china_day, day_start
from gateway.errors import FieldError, ValidationFailedError
from gateway.persistence.models import (
    Enterprise,
    Licence,
    LicenceVersion,
    PaperCounterpart,
    PaperEvent,
    PurposeCopy,
    VerificationRecord,
)
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.drift_queries import limited

MOST_DAYS, USUAL_DAYS = 366, 30
MOST_LICENCES, MOST_VERIFICATIONS = 20_000, 100_000
"""The newest of the period; what is older is left out, and the answer says so."""

Period = tuple[datetime, datetime]


class ReformStatistics:
    """Asks the register."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def report(
        self,
        first_on: date | None = None,
        last_on: date | None = None,
        authority_code: str | None = None,
        *,
        actor: Actor = OPERATOR,
    ) -> Statistics:
        """Of days in China, both included; the last thirty unless others are named. ForbiddenError, ValidationFailedError."""
        actor.require(Scope.LICENCES_READ)
        if authority_code is not None and actor.authority_codes is not None:
            actor.require(Scope.LICENCES_READ, authority_code, next(iter(actor.type_codes or ()), None))
        now = self._deps.clock()
        last = last_on or china_day(now)
        first = first_on or last - timedelta(days=USUAL_DAYS - 1)
        if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
            message = f"应为 1 至 {MOST_DAYS} 天。From 1 to {MOST_DAYS} days."
            raise ValidationFailedError([FieldError("first_on", "PERIOD_INVALID", message)])
        period = day_start(first), day_start(last + timedelta(days=1))
        groups: defaultdict[Group, Indicators] = defaultdict(Indicators)
        with reading(self._deps.sessions) as session:
            is_whole = _issued(session, groups, period, (actor, authority_code))
            is_whole &= _verified(session, groups, period, (actor, authority_code))
        return Statistics(now, first, last, is_whole, dict(groups))


def _issued(
    session: Session, groups: defaultdict[Group, Indicators], period: Period, limits: tuple[Actor, str | None]
) -> bool:
    """Count licences that were issued; whether these were all."""
    printed = (
        select(func.min(PaperEvent.occurred_at))
        .join(PaperCounterpart, PaperCounterpart.id == PaperEvent.paper_id)
        .where(_is_original(), PaperEvent.action == "printed")
        .scalar_subquery()
    )
    collected = exists().where(
        PaperEvent.paper_id == PaperCounterpart.id, _is_original(), PaperEvent.action == "collected"
    )
    query: Any = (
        select(Licence.local_type_code, Enterprise.area_code, LicenceVersion.applied_at, LicenceVersion.signed_at)
        .add_columns(printed, collected, _is_used())
        .join(LicenceVersion, and_(LicenceVersion.licence_id == Licence.id, LicenceVersion.kind == VersionKind.ISSUE))
        .join(Enterprise, Enterprise.unified_social_credit_code == Licence.holder_code)
        .where(Licence.recorded_at >= period[0], Licence.recorded_at < period[1])
        .order_by(Licence.recorded_at.desc())
        .limit(MOST_LICENCES)
    )
    count = 0
    for kind, area, applied_at, signed_at, printed_at, is_collected, is_used in session.execute(
        _within(query, limits), execution_options={"yield_per": 1_000}
    ):
        count += 1
        found = groups[kind, area]
        found.issued += 1
        found.used_electronically += bool(is_used)
        found.paper_collected += bool(is_collected)
        hours = hours_to_both(applied_at, signed_at, printed_at)
        found.hours_to_both += [] if hours is None else [hours]
    return count < MOST_LICENCES


def _verified(
    session: Session, groups: defaultdict[Group, Indicators], period: Period, limits: tuple[Actor, str | None]
) -> bool:
    """Count verifications of electronic licences and of purpose copies; whether these were all."""
    of_file, of_copy = aliased(LicenceVersion), aliased(LicenceVersion)
    query: Any = (
        select(Licence.local_type_code, Enterprise.area_code, VerificationRecord.genuine)
        .select_from(VerificationRecord)
        .outerjoin(of_file, of_file.electronic_sm3 == VerificationRecord.document_sm3)
        .outerjoin(PurposeCopy, PurposeCopy.copy_sm3 == VerificationRecord.document_sm3)
        .outerjoin(of_copy, of_copy.licence_identifier == PurposeCopy.licence_identifier)
        .join(Licence, Licence.id == func.coalesce(of_file.licence_id, of_copy.licence_id))
        .join(Enterprise, Enterprise.unified_social_credit_code == Licence.holder_code)
        .where(VerificationRecord.verified_at >= period[0], VerificationRecord.verified_at < period[1])
        .order_by(VerificationRecord.verified_at.desc())
        .limit(MOST_VERIFICATIONS)
    )
    # The bound is on what is asked for: what others had verified takes none of it away.
    newest = _within(query, limits).subquery()
    is_genuine = case((newest.c.genuine == "yes", 1), else_=0)
    counted = select(newest.c.local_type_code, newest.c.area_code, func.count(), func.sum(is_genuine))
    total = 0
    for kind, area, count, genuine in session.execute(counted.group_by(newest.c.local_type_code, newest.c.area_code)):
        groups[kind, area].verifications += count
        groups[kind, area].verifications_genuine += genuine
        total += count
    return total < MOST_VERIFICATIONS


def _within(query: Any, limits: tuple[Actor, str | None]) -> Any:
    actor, authority_code = limits
    return limited(query, Licence, actor, authority_code)


def _is_original() -> ColumnElement[bool]:
    return and_(
        PaperCounterpart.licence_identifier == LicenceVersion.licence_identifier, PaperCounterpart.copy_number == 0
    )


def _is_used() -> ColumnElement[bool]:
    """Whether someone verified the electronic form, or had it copied for a purpose."""
    return or_(
        exists().where(VerificationRecord.document_sm3 == LicenceVersion.electronic_sm3),
        exists().where(PurposeCopy.licence_identifier == LicenceVersion.licence_identifier),
    )
