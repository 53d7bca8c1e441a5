"""Looks at registered certificates of electronic business licences again and again: what ends soon, what was revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.domain.actors import SYSTEM
from gateway.domain.holder_certificates import (
    CertificateState,
    HolderCertificateCheck,
    HolderCertificateReason,
    state_of,
)
from gateway.persistence.models import AuditEvent, ElectronicBusinessLicence, Enterprise, HolderCertificateWatch
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.holder_certificates import HolderCertificates
from gateway.services.rebindings import Rebindings

_MOST_AT_ONCE = 200
_SERVES_NO_MORE = frozenset(
    {
        HolderCertificateReason.CERTIFICATE_REVOKED,
        HolderCertificateReason.CERTIFICATE_EXPIRED,
        HolderCertificateReason.CERTIFICATE_UNTRUSTED,
    }
)
_log = structlog.get_logger()


@dataclass(frozen=True)
class WatchRound:
    """What one round did."""

    looked_at: int
    changed: int
    undecided: int
    """Could not be checked; the next round asks again."""

    def __add__(self, other: "WatchRound") -> "WatchRound":
        return WatchRound(
            self.looked_at + other.looked_at, self.changed + other.changed, self.undecided + other.undecided
        )


@dataclass(frozen=True)
class _Due:
    certificate_sm3: str
    certificate: bytes
    code: str
    not_after: datetime
    registration_status: str


class CertificateWatch:
    """Keeps what is known of the certificates fresh."""

    def __init__(self, deps: Dependencies, holder_certificates: HolderCertificates, rebindings: Rebindings) -> None:
        self._deps = deps
        self._holder_certificates = holder_certificates
        self._rebindings = rebindings

    def all(self) -> WatchRound:
        """Look at every certificate now, however recently it was looked at; those that have expired stay expired."""
        now, done = self._deps.clock(), WatchRound(0, 0, 0)
        seen: str | None = ""
        while seen is not None:
            due = self._due(now, after=seen)
            done += self._look(due, now)
            seen = due[-1].certificate_sm3 if due else None
        return done

    def round(self) -> WatchRound:
        """Look at some whose time has come, those never looked at first."""
        now = self._deps.clock()
        return self._look(self._due(now), now)

    def _due(self, now: datetime, *, after: str | None = None) -> list[_Due]:
        """Some certificates: those after a digest, or else those that were looked at too long ago."""
        own, watch = ElectronicBusinessLicence, HolderCertificateWatch
        query = (
            select(own, Enterprise.registration_status)
            .join(Enterprise, Enterprise.unified_social_credit_code == own.unified_social_credit_code)
            .outerjoin(watch, watch.certificate_sm3 == own.certificate_sm3)
            .where(or_(watch.state.is_(None), watch.state != HolderCertificateReason.CERTIFICATE_EXPIRED))
            .limit(_MOST_AT_ONCE)
        )
        if after is None:
            oldest = now - timedelta(hours=self._deps.settings.holder_certificate_hours)
            query = query.where(or_(watch.checked_at.is_(None), watch.checked_at < oldest))
            query = query.order_by(watch.checked_at.is_not(None), watch.checked_at)
        else:
            query = query.where(own.certificate_sm3 > after).order_by(own.certificate_sm3)
        with reading(self._deps.sessions) as session:
            return [
                _Due(row.certificate_sm3, row.certificate, row.unified_social_credit_code, row.not_after, status)
                for row, status in session.execute(query)
            ]

    def _look(self, due: list[_Due], now: datetime) -> WatchRound:
        checks = [
            (one, self._holder_certificates.check_registered(one.certificate, one.code, now, one.registration_status))
            for one in due
        ]
        changed = self._record(checks, now) if checks else []
        for code in dict.fromkeys(code for code, state in changed if state in _SERVES_NO_MORE):
            self._rebind(code)
        return WatchRound(len(due), len(changed), sum(not check.could_be_checked for _, check in checks))

    def _rebind(self, code: str) -> None:
        """Bind the enterprise's licences to an earlier certificate that still serves, where there is one."""
        for identifier, error in self._rebindings.rebind_enterprise(code, actor=SYSTEM).refused:
            _log.warning("certificate_watch", licence_identifier=identifier, code=error.code)

    @retried
    def _record(self, checks: list[tuple[_Due, HolderCertificateCheck]], now: datetime) -> list[tuple[str, str]]:
        """Keep the states, and an event for each that changed; gives enterprise and state of those that did."""
        with self._deps.sessions.begin() as session:
            noted = [(one.code, self._note(session, one, check, now)) for one, check in checks]
        return [(code, state) for code, state in noted if state is not None]

    def _note(self, session: Session, one: _Due, check: HolderCertificateCheck, now: datetime) -> str | None:
        """The state, where it changed."""
        # Its lock makes two processes that looked at the same one record a change once.
        session.get(ElectronicBusinessLicence, one.certificate_sm3, with_for_update=True)
        watch = session.get(HolderCertificateWatch, one.certificate_sm3)
        warning = timedelta(days=self._deps.settings.holder_certificate_warning_days)
        state = state_of(check, one.not_after, warning)
        if watch is not None:
            watch.checked_at, watch.is_current = now, check.could_be_checked
            if state == watch.state or not check.could_be_checked:
                return None
            before: str | None = watch.state
            watch.state, watch.since = state, now
        else:
            session.add(
                HolderCertificateWatch(
                    certificate_sm3=one.certificate_sm3,
                    state=state,
                    since=now,
                    checked_at=now,
                    is_current=check.could_be_checked,
                )
            )
            before = None
            if state == CertificateState.ACCEPTED or not check.could_be_checked:
                return None
        session.add(
            AuditEvent(
                occurred_at=now,
                action="business_licence_state_changed",
                subject=one.code,
                detail={"certificate_sm3": one.certificate_sm3, "state": state, "state_before": before},
                actor=SYSTEM.audit(),
            )
        )
        return state
