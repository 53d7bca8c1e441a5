"""A list of licences by issuing authority, so that its reader sees what may be missing from it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from gateway.domain.answers import (
    AuthorityAnswer,
    AuthorityFreshness,
    AuthorityState,
    ListedLicence,
    ReportedLine,
    ReportKind,
)
from gateway.domain.reported import Match, ReportedLicenceView
from gateway.domain.status import status_at


def freshness_at(
    code: str, name: str, reports: Mapping[ReportKind, datetime | None], stale_after: timedelta, now: datetime
) -> AuthorityFreshness:
    """How fresh an authority is at ``now``, from the instant of its last report of each kind."""
    known = [(at, kind) for kind, at in reports.items() if at is not None]
    last_at, last_kind = max(known, key=lambda each: each[0], default=(None, None))
    if last_at is None:
        state = AuthorityState.NEVER_REPORTED
    else:
        state = AuthorityState.ANSWERED if now - last_at <= stale_after else AuthorityState.STALE
    return AuthorityFreshness(code, name, state, last_at, last_kind, stale_after)


def by_authority(
    licences: Iterable[ListedLicence],
    reported: Iterable[ReportedLicenceView],
    freshness: Iterable[AuthorityFreshness],
    now: datetime,
) -> tuple[AuthorityAnswer, ...]:
    """Every authority's part: those with licences first, then those without an answer, then those that have none."""
    issued, told = defaultdict[str, list[ListedLicence]](list), defaultdict[str, list[ReportedLine]](list)
    for licence in licences:
        issued[licence.authority_code].append(licence)
    for view in reported:
        # What agrees with the register stands in the list already, with a signature that can be checked.
        if view.match is not Match.AGREES:
            told[view.authority_code].append(_line(view, now))
    answers = [
        AuthorityAnswer(each, tuple(issued[code]), tuple(told[code]))
        if code in issued or code in told
        else _empty(each)
        for each in freshness
        for code in (each.authority_code,)
    ]
    return tuple(sorted(answers, key=_place))


@lru_cache(maxsize=1024)
def _empty(freshness: AuthorityFreshness) -> AuthorityAnswer:
    """The part of an authority without a licence: the same in nearly every list."""
    return AuthorityAnswer(freshness)


def _place(answer: AuthorityAnswer) -> tuple[bool, bool, str]:
    has_none = not (answer.licences or answer.reported)
    return has_none, answer.freshness.has_answered and has_none, answer.freshness.authority_code


def _line(view: ReportedLicenceView, now: datetime) -> ReportedLine:
    facts = view.facts
    return ReportedLine(
        licence_type_name=view.licence_type_name,
        licence_number=view.licence_number,
        holder_name=facts.holder_name,
        issued_on=facts.issued_on,
        valid_from=facts.valid_from,
        valid_until=facts.valid_until,
        status=status_at((), valid_from=facts.valid_from, valid_until=facts.valid_until, at=now),
        origin=view.origin,
        reported_at=view.reported_at,
        conflicts=tuple(difference.field for difference in view.differences),
    )
