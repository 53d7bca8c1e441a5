"""The status of a licence: recorded transitions, what may follow what, and what follows from the calendar.

Two time lines are kept apart: when a change takes effect, which may lie before or after its recording, and when it was
recorded. Of several changes that take effect at one instant the later recorded one counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

from gateway.errors import TransitionRefusedError

CHINA_STANDARD_TIME = timezone(timedelta(hours=8))
"""Dates on licences are days in China."""

SAMPLE = "sample"
"""What the public is told instead of the status of a sample."""
EXPIRED = "expired"
NOT_YET_VALID = "not_yet_valid"


class LicenceStatus(StrEnum):
    """Statuses that are stored."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


ENDED = frozenset({LicenceStatus.REVOKED, LicenceStatus.WITHDRAWN, LicenceStatus.CANCELLED})
"""Statuses that end a licence; a decision on review (行政复议、诉讼) may bring it back."""

_FOLLOWERS: dict[LicenceStatus | None, frozenset[LicenceStatus]] = {
    None: frozenset({LicenceStatus.VALID}),
    LicenceStatus.VALID: ENDED | {LicenceStatus.SUSPENDED, LicenceStatus.SUPERSEDED},
    LicenceStatus.SUSPENDED: ENDED | {LicenceStatus.VALID, LicenceStatus.SUPERSEDED},
    LicenceStatus.REVOKED: frozenset({LicenceStatus.VALID}),
    LicenceStatus.WITHDRAWN: frozenset({LicenceStatus.VALID}),
    LicenceStatus.CANCELLED: frozenset({LicenceStatus.VALID}),
    LicenceStatus.SUPERSEDED: ENDED,
}
"""What may follow what. A superseded version is over; that the licence was ended can still be recorded on it."""

NATIONAL_CODES = {
    "valid": "10",
    "superseded": "01",
    EXPIRED: "02",
    "cancelled": "03",
    "withdrawn": "04",
    "revoked": "05",
    "suspended": "09",
    NOT_YET_VALID: "09",
}
"""Status codes on export; 09 is 无效(其他), since the national table has none for 暂扣."""

WORDS = {
    "valid": ("有效", "in force"),
    EXPIRED: ("已过期", "expired"),
    NOT_YET_VALID: ("尚未生效", "not yet valid"),
    "suspended": ("已暂扣", "suspended"),
    "revoked": ("已吊销", "revoked"),
    "withdrawn": ("已撤销", "withdrawn"),
    "cancelled": ("已注销", "cancelled"),
    "superseded": ("已换发", "superseded"),
    SAMPLE: ("样本", "sample"),
}


@dataclass(frozen=True)
class StatusTransition:
    """One recorded change."""

    status: str
    effective_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class StatusPeriod:
    """A stretch of time with one status, ``since`` included, ``until`` not."""

    status: str
    since: datetime | None
    """None: from the beginning."""
    until: datetime | None
    """None: open."""


class DayAnswer(StrEnum):
    """Was it in force on that day?"""

    YES = "yes"
    NO = "no"
    PART_OF_DAY = "part_of_day"


def in_order(transitions: Iterable[StatusTransition]) -> list[StatusTransition]:
    """By the instant of effect. ``transitions`` come in the order of recording, which decides at one instant."""
    return sorted(transitions, key=lambda t: t.effective_at)


def status_at(
    transitions: Iterable[StatusTransition],
    *,
    valid_from: date,
    valid_until: date | None,
    at: datetime,
    begins_at: datetime | None = None,
) -> str:
    """The status at an instant: the last transition in effect, then the calendar.

    ``transitions`` come in the order of recording. A licence that is suspended or ended says so even when it has
    expired meanwhile; before its first transition the calendar alone decides. ``begins_at``: before that instant
    another version held the place.
    """
    if begins_at is not None and at < begins_at:
        return NOT_YET_VALID
    in_effect = [t for t in in_order(transitions) if t.effective_at <= at]
    if in_effect and in_effect[-1].status != LicenceStatus.VALID:
        return in_effect[-1].status
    today = china_day(at)
    if today < valid_from:
        return NOT_YET_VALID
    if valid_until is not None and today > valid_until:
        return EXPIRED
    return LicenceStatus.VALID


def status_periods(
    transitions: Sequence[StatusTransition],
    *,
    valid_from: date,
    valid_until: date | None,
    begins_at: datetime | None = None,
) -> tuple[StatusPeriod, ...]:
    """The whole history as periods without gap or overlap, neighbours of different status."""
    borders = {t.effective_at for t in transitions} | {day_start(valid_from)}
    if valid_until is not None:
        borders.add(day_start(valid_until + timedelta(days=1)))
    if begins_at is not None:
        borders.add(begins_at)
    found: list[StatusPeriod] = [StatusPeriod(NOT_YET_VALID, None, None)]
    for border in sorted(borders):
        status = status_at(transitions, valid_from=valid_from, valid_until=valid_until, begins_at=begins_at, at=border)
        if status == found[-1].status:
            continue
        found[-1] = StatusPeriod(found[-1].status, found[-1].since, border)
        found.append(StatusPeriod(status, border, None))
    return tuple(found)


def in_force_on(periods: Iterable[StatusPeriod], day: date) -> DayAnswer:
    """Whether the periods say ``valid`` for the whole day in China, a part of it, or none."""
    start, end = day_start(day), day_start(day + timedelta(days=1))
    statuses = {
        p.status for p in periods if (p.since is None or p.since < end) and (p.until is None or p.until > start)
    }
    if LicenceStatus.VALID not in statuses:
        return DayAnswer.NO
    return DayAnswer.YES if len(statuses) == 1 else DayAnswer.PART_OF_DAY


def china_day(moment: datetime) -> date:
    """The day that it is in China at an aware instant; from 16:00 UTC on that is the next one."""
    return moment.astimezone(CHINA_STANDARD_TIME).date()


def day_start(day: date) -> datetime:
    """The first instant of a day in China, aware UTC."""
    return datetime.combine(day, time(), CHINA_STANDARD_TIME).astimezone(UTC)


def check_transition(recorded: Iterable[StatusTransition], new: StatusTransition) -> None:
    """TransitionRefusedError unless every change may still follow the one before it once ``new`` is among them.

    A back-dated change is judged where it takes effect, and so are the changes that it then comes before.
    """
    previous: LicenceStatus | None = None
    for transition in in_order((*recorded, new)):
        status = LicenceStatus(transition.status)
        if status not in _FOLLOWERS[previous]:
            raise _refusal(previous, status, transition, new)
        previous = status


def _refusal(
    previous: LicenceStatus | None, status: LicenceStatus, broken: StatusTransition, new: StatusTransition
) -> TransitionRefusedError:
    was = WORDS[previous] if previous else ("尚未签发", "not yet issued")
    becomes = WORDS[status]
    sentence = f"{was[0]}的证照不能变为{becomes[0]}。A licence that is {was[1]} cannot become {becomes[1]}."
    if broken is not new:
        day = china_day(broken.effective_at).isoformat()
        sentence += f" 与 {day} 已登记的变更冲突。It contradicts the change recorded for {day}."
    return TransitionRefusedError(sentence, hint="Look at the history, and at the instant of effect.")
