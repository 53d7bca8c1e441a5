"""Bulk conversion of existing paper licences (存量证照电子化): what one row of a source became, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.verification import instant


class RowStatus(StrEnum):
    """How a row ended, or how it stands."""

    PENDING = "pending"
    """Clean, and not yet issued."""
    CONVERTED = "converted"
    WOULD_CONVERT = "would_convert"
    """On a dry run."""
    ALREADY_REGISTERED = "already_registered"
    """The register had the same licence before."""
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    """The same licence as an earlier row of the source."""
    CONFLICT = "conflict"
    """Another row, or the register, says something else of the same licence; neither is taken for right."""


GOOD = frozenset({RowStatus.CONVERTED, RowStatus.WOULD_CONVERT, RowStatus.ALREADY_REGISTERED})
"""Rows of which nothing is left to do."""
BAD = frozenset({RowStatus.REFUSED, RowStatus.DUPLICATE, RowStatus.CONFLICT})
"""Rows that failed: for the error file."""
RETURNED = BAD | {RowStatus.ALREADY_REGISTERED}
"""Rows that are told back in the error file: those that failed, and those that the register had already."""


class JobState(StrEnum):
    """How a conversion stands."""

    STAGING = "staging"
    """The source is being read; a job that was killed here is begun anew."""
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True)
class Finding:
    """Why a row is not converted."""

    reason_code: str
    field: str
    """The heading; empty when it is no single field's matter."""
    message: str
    """Chinese, then English."""
    suggestion: str = ""
    """What to look at; never applied by itself."""


@dataclass(frozen=True)
class SourceRow:
    """One row as it arrived."""

    sheet: str
    """Empty where the source has none."""
    row: int
    """1-based, as a spreadsheet shows it; for NDJSON the line, for a query the place in the answer."""
    cells: Mapping[str, str]
    """Text by heading, empty cells left out; dates as 2024-05-25."""
    formulas: frozenset[str] = frozenset()
    """Headings of the cells that hold a formula."""
    defect: Finding | None = None
    """Why the row could not be read at all."""


@dataclass(frozen=True)
class Change:
    """One cell that cleaning changed."""

    field: str
    """The heading."""
    before: str
    after: str
    rule: str
    """``FULL_WIDTH`` and the like; docs/conversion.md explains each."""

    def to_json(self) -> dict[str, str]:
        """For reports."""
        return {"field": self.field, "before": self.before, "after": self.after, "rule": self.rule}


@dataclass(frozen=True)
class RowOutcome:
    """One line of the report."""

    source: SourceRow
    status: RowStatus
    finding: Finding | None = None
    licence_number: str = ""
    licence_identifier: str = ""
    changes: tuple[Change, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The names of the report's columns (contract: ``convert --report``)."""
        finding = self.finding
        return {
            "sheet": self.source.sheet,
            "row": self.source.row,
            "status": self.status,
            "reason_code": finding.reason_code if finding else None,
            "field": finding.field if finding else None,
            "message": finding.message if finding else None,
            "suggestion": (finding.suggestion or None) if finding else None,
            "licence_number": self.licence_number or None,
            "licence_identifier": self.licence_identifier or None,
            "changes": [change.to_json() for change in self.changes],
        }

    def error_row(self) -> dict[str, str]:
        """A row of the error file: why it failed, then the cells as they came."""
        finding = self.finding or Finding("", "", "")
        told = (self.source.sheet, str(self.source.row), finding.reason_code)
        why = (finding.field, finding.message, finding.suggestion)
        return {**self.source.cells, **dict(zip(ERROR_COLUMNS, (*told, *why), strict=True))}


REPORT_COLUMNS = (
    "sheet",
    "row",
    "status",
    "reason_code",
    "field",
    "message",
    "suggestion",
    "licence_number",
    "licence_identifier",
    "changes",
)

ERROR_COLUMNS = ("原表", "原行号", "原因代码", "问题栏目", "问题说明", "建议")
"""What an error file has before the original columns; fed back, they are told by these headings and left out."""


@dataclass(frozen=True)
class Counts:
    """How many rows stand how."""

    by_status: Mapping[str, int]
    by_reason: Mapping[str, int]

    @classmethod
    def of(cls, outcomes: Iterable[RowOutcome]) -> "Counts":
        """Counted."""
        statuses: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for outcome in outcomes:
            statuses[outcome.status] += 1
            if outcome.finding is not None:
                reasons[outcome.finding.reason_code] += 1
        return cls(dict(statuses), dict(reasons))

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.by_status.values())

    @property
    def failed(self) -> int:
        """Rows for the error file."""
        return sum(self.by_status.get(status, 0) for status in BAD)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "total": self.total,
            "failed": self.failed,
            "by_status": dict(self.by_status),
            "by_reason": dict(self.by_reason),
        }


@dataclass(frozen=True)
class JobView:
    """A conversion with its progress."""

    id: str
    file_name: str
    state: JobState
    is_dry_run: bool
    counts: Counts
    created_at: datetime
    finished_at: datetime | None
    trouble: str | None
    """Why the gateway itself paused it."""
    rows_per_second: float | None
    """Over the last minute of work; None before there is any."""

    @property
    def pending(self) -> int:
        """Rows that are not settled yet."""
        return self.counts.by_status.get(RowStatus.PENDING, 0)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (JobState.CANCELLED, JobState.FINISHED)

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None when there is none."""
        return self.pending / self.rows_per_second if self.rows_per_second else None

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "id": self.id,
            "file_name": self.file_name,
            "state": self.state,
            "is_dry_run": self.is_dry_run,
            **self.counts.to_json(),
            "created_at": instant(self.created_at),
            "finished_at": instant(self.finished_at) if self.finished_at else None,
            "trouble": self.trouble,
            "rows_per_second": self.rows_per_second,
            "seconds_left": self.seconds_left,
        }
