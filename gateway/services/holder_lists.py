"""The licences of one enterprise, kept between questions for as long as nothing about them can have changed.

A question asks the register, in one statement, whether something changed, unless it was asked within a second and no process
of this machine has written since (docs/resolve-caching.md). So what one process wrote shows with the next question to another.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, func, literal, select, true

from gateway.domain.answers import (
    AuthorityAnswer,
    AuthorityFreshness,
    EnterpriseView,
    Genuine,
    KeptForms,
    ListedLicence,
)
from gateway.domain.authority_lists import by_authority
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.status import china_day, day_start
from gateway.metrics import LIST_SECONDS
from gateway.persistence.models import AuditEvent, Enterprise, Licence, ReportedLicence
from gateway.persistence.session import place_of_reads, seconds_behind
from gateway.services.authority_reports import AuthorityReports
from gateway.services.dependencies import Dependencies
from gateway.services.listing import Listing
from gateway.services.registered_versions import OF_HOLDER, RegisteredVersion, versions_in

_MOST_KEPT = 500
"""Enterprises that one process keeps; a list of 20 takes some 80 kB with its JSON."""
_KEPT_FOR = timedelta(seconds=60)
"""How long a list is kept at most: so long a change by hand, past the gateway, may go unnoticed."""
_FRESHNESS_KEPT_FOR = timedelta(seconds=2)
"""So long an authority's last report may go unnoticed in another process; no licence's status does."""

_ONE = select(literal(1).label("one")).subquery()
_CODE: BindParameter[str] = bindparam("code")
_STATE = select(
    Enterprise.name,
    Enterprise.enterprise_type,
    Enterprise.address,
    Enterprise.registration_status,
    Enterprise.established_on,
    Enterprise.registration_source,
    Enterprise.registration_as_of,
    # Each change of a licence counts its revision up, and licences are only added: the sum grows with every change.
    select(func.coalesce(func.sum(Licence.revision), 0))
    .where(Licence.holder_code == _CODE, ~Licence.is_sample)
    .scalar_subquery()
    .label("licences"),
    select(func.count(ReportedLicence.id))
    .where(ReportedLicence.holder_code == _CODE)
    .scalar_subquery()
    .label("reports"),
    select(func.max(AuditEvent.id)).scalar_subquery().label("newest_event"),
).select_from(_ONE.outerjoin(Enterprise, Enterprise.unified_social_credit_code == _CODE))
_VERSIONS = OF_HOLDER.subquery()
_WHOLE = select(*_STATE.selected_columns, *_VERSIONS.c).select_from(
    _ONE.outerjoin(Enterprise, Enterprise.unified_social_credit_code == _CODE).outerjoin(_VERSIONS, true())
)
"""The same with every version: one row at least."""
_STATE_COLUMNS = len(_STATE.selected_columns)


@dataclass(frozen=True)
class HolderList:
    """What the register says of an enterprise now."""

    as_of: datetime
    """The instant for which it holds: when the register was asked, or as of when the standby that was asked was fresh."""
    enterprise: EnterpriseView | None
    licences: tuple[ListedLicence, ...]
    has_reports: bool
    """Whether authorities reported licences of it: those are read anew each time, and are not among ``authorities``."""
    freshness: tuple[AuthorityFreshness, ...]
    authorities: tuple[AuthorityAnswer, ...]
    reasons: tuple[Reason, ...]
    """What the reader of the list must know besides its lines."""
    forms: KeptForms


@dataclass(frozen=True)
class _Asked:
    """When the register was asked, where, and the mark of changes before it was."""

    at: float
    time: datetime
    place: object
    mark: bytes | None


@dataclass(frozen=True)
class _Kept:
    asked: _Asked
    state: tuple[Any, ...]
    trust_sm3: str
    made_at: datetime
    good_until: datetime
    found: HolderList
    files: tuple[str, ...]
    """SM3 of its files."""


@dataclass(frozen=True)
class _Told:
    """What the authorities' reports said, and the newest event when they were asked."""

    newest_event: int | None
    asked_at: datetime
    freshness: tuple[AuthorityFreshness, ...]


class HolderLists:
    """Asks the register for one enterprise at a time."""

    def __init__(self, deps: Dependencies, listing: Listing, authorities: AuthorityReports) -> None:
        self._deps = deps
        self._listing = listing
        self._authorities = authorities
        self._status_seconds = deps.settings.status_seconds
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._told: _Told | None = None
        self._lock = Lock()

    def of(self, code: str) -> HolderList:
        """The list of one enterprise. RegistryUnavailableError when the register does not answer."""
        started, kept, cache = time.perf_counter(), self._kept.get(code), "held"
        asking = _Asked(time.monotonic(), self._deps.clock(), place_of_reads(), self._deps.changes.seen())
        if kept is None or not self._is_current(kept, asking):
            kept, cache = self._asked(code, kept, asking)
            self._keep(code, kept)
        LIST_SECONDS.labels(cache).observe(time.perf_counter() - started)
        return kept.found

    def _is_current(self, kept: _Kept, asking: _Asked) -> bool:
        """Whether the register need not be asked again, and nothing else that a list is made of is another."""
        asked = kept.asked
        return (
            asked.mark is not None
            and (asked.mark, asked.place) == (asking.mark, asking.place)
            and asking.at - asked.at < self._status_seconds
            # By the clock too: it may have been set.
            and timedelta() <= asking.time - asked.time <= timedelta(seconds=self._status_seconds)
            and kept.trust_sm3 == self._deps.trust_digest()
            and self._is_good(kept, asking.time)
        )

    def _asked(self, code: str, kept: _Kept | None, asking: _Asked) -> tuple[_Kept, str]:
        """What the register says now, and whether the lines are as they were (``warm``)."""
        as_of = asking.time - timedelta(seconds=math.ceil(seconds_behind()))
        # Of what is not kept all is asked for at once.
        rows = self._deps.quick_reads.rows(_WHOLE if kept is None else _STATE, {"code": code})
        row, now, trust_sm3 = rows[0], self._deps.clock(), self._deps.trust_digest()
        state, freshness = tuple(row)[: _STATE_COLUMNS - 1], self._freshness(row.newest_event, now)
        if kept is None or (kept.state, kept.trust_sm3) != (state, trust_sm3) or not self._is_good(kept, now):
            licences, good_until = self._lines(code, rows if kept is None else None, now)
            found = _holder_list(as_of, _view(row, code), licences, row.reports > 0, freshness, KeptForms())
            files = tuple(each.electronic_sm3 for each in licences)
            return _Kept(asking, state, trust_sm3, now, good_until, found, files), "cold"
        was = kept.found
        if was.freshness is freshness:
            return replace(kept, asked=asking, found=replace(was, as_of=as_of)), "warm"
        forms = KeptForms(licences=was.forms.licences, enterprise=was.forms.enterprise)
        found = _holder_list(as_of, was.enterprise, was.licences, was.has_reports, freshness, forms)
        return replace(kept, asked=asking, found=found), "warm"

    def _lines(
        self, code: str, rows: Sequence[Row[Any]] | None, now: datetime
    ) -> tuple[tuple[ListedLicence, ...], datetime]:
        """The lines, and until when they are good; ``rows`` of ``_WHOLE`` where these were asked for."""
        if rows is None:
            versions = self._listing.of_holder(code)
        else:
            found = versions_in((row for row in rows if row.licence_identifier), self._deps.quick_reads, code)
            versions = self._listing.in_effect(found)
        licences = self._listing.lines(versions)
        return licences, self._good_until(versions, licences, now)

    def _good_until(
        self, versions: Iterable[RegisteredVersion], licences: Iterable[ListedLicence], now: datetime
    ) -> datetime:
        """The next instant at which something is otherwise by itself: a day or a change begins, a check grows too old."""
        if any(licence.genuine is Genuine.UNKNOWN for licence in licences):
            return now
        instants = [now + _KEPT_FOR, next_day(now)]
        instants += [licence.checked_at + self._listing.recheck_bound for licence in licences]
        for version in versions:
            instants += [version.takes_effect_at, *(each.effective_at for each in version.transitions)]
        return min(instant for instant in instants if instant > now)

    def _is_good(self, kept: _Kept, now: datetime) -> bool:
        return kept.made_at <= now < kept.good_until and self._listing.are_untouched(kept.files)

    def _freshness(self, newest_event: int | None, now: datetime) -> tuple[AuthorityFreshness, ...]:
        """As it was while no event came and hardly any time went by; every report is an event."""
        told = self._told
        if (
            told is None
            or told.newest_event != newest_event
            or not told.asked_at <= now < told.asked_at + _FRESHNESS_KEPT_FOR
        ):
            told = self._told = _Told(newest_event, now, self._authorities.all())
        return told.freshness

    def _keep(self, code: str, kept: _Kept) -> None:
        with self._lock:
            self._kept[code] = kept
            self._kept.move_to_end(code)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)


def _holder_list(
    as_of: datetime,
    enterprise: EnterpriseView | None,
    licences: tuple[ListedLicence, ...],
    has_reports: bool,
    freshness: tuple[AuthorityFreshness, ...],
    forms: KeptForms,
) -> HolderList:
    authorities = by_authority(licences, (), freshness, as_of)
    reasons = tuple(_reasons(enterprise, licences, freshness))
    return HolderList(as_of, enterprise, licences, has_reports, freshness, authorities, reasons, forms)


def _reasons(
    enterprise: EnterpriseView | None, licences: tuple[ListedLicence, ...], freshness: tuple[AuthorityFreshness, ...]
) -> Iterator[Reason]:
    if enterprise is None:
        yield reason("ENTERPRISE_UNKNOWN")
    elif not licences:
        yield reason("NO_LICENCES")
    silent = sum(not each.has_answered for each in freshness)
    if silent:
        yield reason("AUTHORITIES_SILENT", silent=silent, authorities=len(freshness))


def _view(row: Row[Any], code: str) -> EnterpriseView | None:
    if row.name is None:
        return None
    return EnterpriseView(
        unified_social_credit_code=code,
        name=row.name,
        enterprise_type=row.enterprise_type,
        address=row.address,
        registration_status=row.registration_status,
        established_on=row.established_on,
        registration_source=row.registration_source,
        registration_as_of=row.registration_as_of,
    )


def next_day(now: datetime) -> datetime:
    """The first instant of tomorrow in China."""
    return day_start(china_day(now) + timedelta(days=1))
