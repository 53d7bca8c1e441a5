"""How fresh each issuing authority's data are: what it declared, issued and reported last."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.answers import AuthorityFreshness, ReportKind
from gateway.domain.authority_lists import freshness_at
from gateway.domain.instants import instant
from gateway.errors import FieldError, ValidationFailedError
from gateway.persistence.models import AuditEvent, AuthorityReport, IssuingAuthorityRow, Licence, ReportedLicence
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies

_Source = type[AuthorityReport] | type[Licence] | type[ReportedLicence]
_SOURCES: tuple[tuple[ReportKind, _Source, InstrumentedAttribute[datetime]], ...] = (
    (ReportKind.DECLARED, AuthorityReport, AuthorityReport.complete_as_of),
    (ReportKind.ISSUED, Licence, Licence.recorded_at),
    (ReportKind.LICENCE_REPORTED, ReportedLicence, ReportedLicence.reported_at),
)

_NEWEST = select(
    IssuingAuthorityRow.code,
    *(
        select(func.max(column))
        .where(table.authority_code == IssuingAuthorityRow.code, table.is_sample.is_(False))
        .scalar_subquery()
        for _, table, column in _SOURCES
    ),
).order_by(IssuingAuthorityRow.code)


class AuthorityReports:
    """Takes declarations of completeness in, and judges every authority by its bound."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    @retried
    def declare(self, authority_code: str, complete_as_of: datetime, *, actor: Actor = OPERATOR) -> AuthorityFreshness:
        """Record that all that the authority issued until ``complete_as_of`` (aware) is known here.

        ValidationFailedError for an unknown authority or an instant to come; ForbiddenError for another's authority, and
        for an actor that is limited to some licence types.
        """
        now = self._deps.clock()
        # Whoever handles some types only cannot speak for all that the authority issues: no type is within its limits.
        actor.require(Scope.REPORTS_WRITE, authority_code)
        if authority_code not in self._catalogue.load().authorities_by_code:
            raise _refused("authority_code", "UNKNOWN_AUTHORITY", "没有此发证机关。No such issuing authority.")
        if complete_as_of > now:
            raise _refused("complete_as_of", "IN_THE_FUTURE", "时间尚未到来。The instant is still to come.")
        with self._deps.sessions.begin() as session:
            session.add_all(_rows(authority_code, complete_as_of, now, actor))
            session.flush()
            return next(each for each in self.freshness(session) if each.authority_code == authority_code)

    def all(self) -> tuple[AuthorityFreshness, ...]:
        """Every authority now, in the order of their codes."""
        with reading(self._deps.sessions) as session:
            return self.freshness(session)

    def freshness(self, session: Session) -> tuple[AuthorityFreshness, ...]:
        """As ``all``, within a session."""
        now, settings = self._deps.clock(), self._deps.settings
        names = self._catalogue.load().authorities_by_code
        return tuple(
            freshness_at(
                code,
                names[code].name,
                {kind: at for (kind, _, _), at in zip(_SOURCES, instants, strict=True)},
                settings.stale_after(code),
                now,
            )
            for code, *instants in session.execute(_NEWEST)
            if code in names
        )


def _refused(field: str, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError([FieldError(field, code, message)])


def _rows(
    authority_code: str, complete_as_of: datetime, now: datetime, actor: Actor
) -> tuple[AuthorityReport, AuditEvent]:
    report = AuthorityReport(
        authority_code=authority_code,
        complete_as_of=complete_as_of,
        is_sample=actor.is_sandbox,
        reported_at=now,
        actor=actor.audit(),
    )
    event = AuditEvent(
        occurred_at=now,
        action="authority_reported",
        subject=authority_code,
        detail={"complete_as_of": instant(complete_as_of), "is_sample": actor.is_sandbox},
        actor=actor.audit(),
    )
    return report, event
