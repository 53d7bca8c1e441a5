"""The status of a licence: stored transitions, and what follows from the clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

CHINA_STANDARD_TIME = timezone(timedelta(hours=8))
"""Dates on licences are days in China."""

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
}


@dataclass(frozen=True)
class StatusTransition:
    """One recorded change."""

    status: str
    effective_at: datetime
    recorded_at: datetime


def status_at(
    transitions: Iterable[StatusTransition], *, valid_from: date, valid_until: date | None, at: datetime
) -> str:
    """The status at an instant: the last transition in effect, then the calendar.

    ``transitions`` come in the order of recording, which decides between those of one instant.
    A licence that is suspended or ended says so even when it has expired meanwhile.
    """
    # The sort is stable: of two changes at one instant the later recorded one counts.
    in_effect = sorted((t for t in transitions if t.effective_at <= at), key=lambda t: (t.effective_at, t.recorded_at))
    latest = in_effect[-1] if in_effect else None
    if latest is not None and latest.status != LicenceStatus.VALID:
        return latest.status
    today = at.astimezone(CHINA_STANDARD_TIME).date()
    if today < valid_from:
        return NOT_YET_VALID
    if valid_until is not None and today > valid_until:
        return EXPIRED
    return LicenceStatus.VALID
