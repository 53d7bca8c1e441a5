"""The reform's own indicators: how long until both licences are there, how much the electronic one is used, who verifies what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median
from typing import Any

from gateway.domain.instants import instant

_HOUR = 3600.0
Group = tuple[str, str]
"""Local code of a type of licence, area code of the enterprise."""


@dataclass
class Indicators:
    """Of a group of licences, or of all."""

    issued: int = 0
    hours_to_both: list[float] = field(default_factory=list)
    """From the application, of each licence for which both ends are known."""
    used_electronically: int = 0
    paper_collected: int = 0
    verifications: int = 0
    verifications_genuine: int = 0

    @property
    def median_hours(self) -> float | None:
        """None where no licence can be measured."""
        return round(median(self.hours_to_both), 1) if self.hours_to_both else None

    @property
    def share_of_electronic_use(self) -> float | None:
        """Of the licences that were issued; None where there are none."""
        return round(self.used_electronically / self.issued, 4) if self.issued else None

    def to_json(self) -> dict[str, Any]:
        """For the API and the command line."""
        return {
            "issued": self.issued,
            "measured": len(self.hours_to_both),
            "median_hours_to_both": self.median_hours,
            "used_electronically": self.used_electronically,
            "share_of_electronic_use": self.share_of_electronic_use,
            "paper_collected": self.paper_collected,
            "verifications": self.verifications,
            "verifications_genuine": self.verifications_genuine,
        }


@dataclass(frozen=True)
class Statistics:
    """The indicators of a period."""

    as_of: datetime
    first_on: date
    last_on: date
    is_complete: bool
    """False where a bound left the older part out."""
    groups: Mapping[Group, Indicators]

    @property
    def total(self) -> Indicators:
        """Of all groups together."""
        return _sum(self.groups.values())

    def to_json(self) -> dict[str, Any]:
        """For the API and the command line."""
        return {
            "as_of": instant(self.as_of),
            "first_on": self.first_on.isoformat(),
            "last_on": self.last_on.isoformat(),
            "is_complete": self.is_complete,
            "total": self.total.to_json(),
            "groups": [
                {"local_type_code": kind, "area_code": area, "indicators": each.to_json()}
                for (kind, area), each in sorted(self.groups.items())
            ],
        }


def hours_to_both(applied_at: datetime | None, electronic_at: datetime, paper_at: datetime | None) -> float | None:
    """Hours from the application until the later form was there; None while one of the ends is not known."""
    if applied_at is None or paper_at is None:
        return None
    return max(0.0, (max(electronic_at, paper_at) - applied_at).total_seconds() / _HOUR)


def _sum(parts: Iterable[Indicators]) -> Indicators:
    total = Indicators()
    for part in parts:
        total.issued += part.issued
        total.hours_to_both += part.hours_to_both
        total.used_electronically += part.used_electronically
        total.paper_collected += part.paper_collected
        total.verifications += part.verifications
        total.verifications_genuine += part.verifications_genuine
    return total
