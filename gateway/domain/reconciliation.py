"""Where paper and electronic records drift apart: kinds of drift, rows, and their export."""

import csv
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, TextIO

from gateway.domain.instants import instant

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (CSV injection)."""


class DriftKind(StrEnum):
    """What is not as it should be."""

    PAPER_WITHOUT_ELECTRONIC = "paper_without_electronic"
    NEVER_PRINTED = "never_printed"
    VOID_PAPER = "void_paper"
    PAPER_NOT_TAKEN_BACK = "paper_not_taken_back"
    BLANK_USED_TWICE = "blank_used_twice"
    FACE_DIFFERS = "face_differs"
    STOCK_GAP = "stock_gap"
    BLANK_WITHOUT_PAPER = "blank_without_paper"
    FILE_MISSING = "file_missing"


DRIFT_WORDS = {
    DriftKind.PAPER_WITHOUT_ELECTRONIC: (
        "报送有纸质证照，登记簿中没有电子证照",
        "reported on paper, no electronic licence",
    ),
    DriftKind.NEVER_PRINTED: ("电子证照已签发，纸质一直未打印", "electronic licence, paper never printed"),
    DriftKind.VOID_PAPER: ("证照有效，纸质已作废或收回", "licence valid, paper void or taken back"),
    DriftKind.PAPER_NOT_TAKEN_BACK: (
        "版本已换发或证照已终止，纸质仍在外",
        "superseded or ended, paper still out",
    ),
    DriftKind.BLANK_USED_TWICE: ("同一空白证照用于两处", "one blank form used twice"),
    DriftKind.FACE_DIFFERS: ("报送与登记的照面不一致", "report and register say different things"),
    DriftKind.STOCK_GAP: ("空白证照编号缺号", "serial numbers missing from the stock"),
    DriftKind.BLANK_WITHOUT_PAPER: (
        "空白证照已领用，但没有对应的纸质证照",
        "blank form issued, no paper stands on it",
    ),
    DriftKind.FILE_MISSING: ("登记的文件不在存储中", "registered file missing from the store"),
}


@dataclass(frozen=True)
class Drift:
    """One row of the report; what does not apply is empty."""

    kind: DriftKind
    authority_code: str
    local_type_code: str = ""
    licence_number: str = ""
    licence_identifier: str = ""
    copy_number: str = ""
    """0 for the original (正本)."""
    blank_form: str = ""
    blank_serial_number: str = ""
    """One number, or first and last of a gap."""
    field: str = ""
    """What differs, or which file is missing."""
    reported: str = ""
    registered: str = ""
    since: str = ""
    """Instant since when it is so, where that is known."""

    def to_json(self) -> dict[str, str]:
        """For answers, with the kind in words."""
        zh, en = DRIFT_WORDS[self.kind]
        return {**asdict(self), "kind_zh": zh, "kind_en": en}


@dataclass(frozen=True)
class DriftCounts:
    """How many rows, by authority and kind."""

    by_authority: dict[str, dict[str, int]]

    @property
    def by_kind(self) -> dict[str, int]:
        """Every kind, also those that did not occur."""
        totals = Counter[str]()
        for counts in self.by_authority.values():
            totals.update(counts)
        return {kind: totals[kind] for kind in DriftKind}

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.by_kind.values())

    def to_json(self) -> dict[str, Any]:
        """For answers."""
        by_authority = {
            code: {str(kind): count for kind, count in counts.items()} for code, counts in self.by_authority.items()
        }
        return {
            "total": self.total,
            "by_kind": {str(kind): count for kind, count in self.by_kind.items()},
            "by_authority": by_authority,
        }


@dataclass(frozen=True)
class ReconciliationReport:
    """Counts of everything, and the first rows of each kind."""

    as_of: datetime
    counts: DriftCounts
    rows: tuple[Drift, ...]

    @property
    def is_shortened(self) -> bool:
        """Whether there are more rows than are given; the export has them all."""
        return len(self.rows) < self.counts.total

    def to_json(self) -> dict[str, Any]:
        """For answers."""
        return {
            "as_of": instant(self.as_of),
            "counts": self.counts.to_json(),
            "is_shortened": self.is_shortened,
            "rows": [row.to_json() for row in self.rows],
        }


class DriftTally:
    """Counts rows that stream by."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def add(self, drift: Drift) -> int:
        """Count one; gives how many of its kind there were before, at any authority."""
        before = sum(counts[drift.kind] for counts in self._counts.values())
        self._counts.setdefault(drift.authority_code, Counter())[drift.kind] += 1
        return before

    def counts(self) -> DriftCounts:
        """What was counted so far."""
        return DriftCounts({code: dict(counts) for code, counts in sorted(self._counts.items())})


def write_csv(drifts: Iterable[Drift], out: TextIO) -> DriftCounts:
    """One row a line with a heading, safe to open in a spreadsheet; nothing is kept in memory."""
    tally, writer = DriftTally(), csv.writer(out, lineterminator="\r\n")
    names = [field.name for field in fields(Drift)]
    writer.writerow([*names, "kind_zh", "kind_en"])
    for drift in drifts:
        tally.add(drift)
        writer.writerow(map(safe_cell, drift.to_json().values()))
    return tally.counts()


def write_json(drifts: Iterable[Drift], out: TextIO, *, as_of: datetime) -> DriftCounts:
    """``{"as_of": …, "rows": […], "counts": {…}}``; the counts come last, since the rows stream by."""
    tally, comma = DriftTally(), ""
    out.write(f'{{"as_of": "{instant(as_of)}", "rows": [')
    for drift in drifts:
        tally.add(drift)
        out.write(f"{comma}\n{json.dumps(drift.to_json(), ensure_ascii=False)}")
        comma = ","
    counts = tally.counts()
    out.write(f'\n], "counts": {json.dumps(counts.to_json(), ensure_ascii=False)}}}\n')
    return counts


def safe_cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what would be one."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
