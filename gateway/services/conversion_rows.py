"""The rows of a conversion in the database: their sealed content, and what became of them."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from gateway.domain.conversions import Change, Counts, Finding, RowOutcome, RowStatus, SourceRow
from gateway.persistence.models import ConversionChunk, ConversionRow
from gateway.persistence.sealing import FieldVault
from gateway.persistence.session import SessionFactory, reading
from gateway.services.conversion_sources import PlannedRow
from gateway.services.sealed_places import conversion_content

_PAGE = 500
CHUNK_ROWS = 100
"""One transaction and one job of the queue: a killed worker repeats the drafting of so many licences at most."""


@dataclass(frozen=True)
class RowContent:
    """What of a row may be personal."""

    cells: dict[str, str]
    record: dict[str, str]
    changes: list[dict[str, str]]
    finding: dict[str, str] | None = None

    def seal(self, vault: FieldVault, job_id: str, position: int) -> str:
        """As it is stored."""
        return vault.seal(json.dumps(vars(self), ensure_ascii=False), conversion_content(job_id, position))

    @classmethod
    def open(cls, vault: FieldVault, row: ConversionRow) -> "RowContent":
        """As it was. StorageError when it was altered."""
        return cls(**json.loads(vault.open(row.content, conversion_content(row.job_id, row.position))))


def planned_values(vault: FieldVault, job_id: str, position: int, planned: PlannedRow, number: str) -> dict[str, Any]:
    """A row to be inserted."""
    clean, finding = planned.clean, planned.finding
    content = RowContent(
        cells=dict(clean.source.cells),
        record=dict(clean.record),
        changes=[change.to_json() for change in clean.changes],
        finding=None if finding is None else asdict(finding),
    )
    return {
        "job_id": job_id,
        "position": position,
        "sheet": clean.source.sheet,
        "row": clean.source.row,
        "status": planned.status,
        "reason_code": None if finding is None else finding.reason_code,
        "licence_number": number[:128],
        "licence_identifier": None,
        "content": content.seal(vault, job_id, position),
        "done_at": None,
    }


@dataclass(frozen=True)
class Settlement:
    """How a pending row ended."""

    status: RowStatus
    finding: Finding | None = None
    licence_identifier: str | None = None
    change: Change | None = None
    """What the register made of a cell."""


_SETTLE = (
    update(ConversionRow.__table__)  # type: ignore[arg-type]
    .where(ConversionRow.job_id == bindparam("of_job"), ConversionRow.position == bindparam("at"))
    .values(
        status=bindparam("new_status"),
        reason_code=bindparam("reason"),
        licence_identifier=bindparam("identifier"),
        content=bindparam("told"),
        done_at=bindparam("now"),
    )
)


def settle_chunk(
    session: Session,
    vault: FieldVault,
    chunk: ConversionChunk,
    ended: Mapping[int, tuple[ConversionRow, Settlement]],
    now: datetime,
) -> None:
    """Write down how the pending rows of a chunk ended; within the caller's transaction, which holds the chunk."""
    counts = {status: dict(reasons) for status, reasons in chunk.counts.items()}
    for _, settlement in ended.values():
        _count(counts, settlement.status, settlement.finding)
    chunk.pending, chunk.settled, chunk.counts, chunk.settled_at = 0, chunk.settled + len(ended), counts, now
    session.connection().execute(_SETTLE, [_settled(vault, row, how, now) for row, how in ended.values()])


def _settled(vault: FieldVault, row: ConversionRow, how: Settlement, now: datetime) -> dict[str, Any]:
    content, finding = row.content, how.finding
    if finding is not None or how.change is not None:
        before = RowContent.open(vault, row)
        changes = before.changes + ([] if how.change is None else [how.change.to_json()])
        told = RowContent(before.cells, before.record, changes, None if finding is None else asdict(finding))
        content = told.seal(vault, row.job_id, row.position)
    return {
        "of_job": row.job_id,
        "at": row.position,
        "new_status": how.status,
        "reason": None if finding is None else finding.reason_code,
        "identifier": how.licence_identifier,
        "told": content,
        "now": now,
    }


def planned_chunks(job_id: str, batch: Sequence[tuple[int, PlannedRow]]) -> list[ConversionChunk]:
    """The chunks of rows that were read in; ``batch`` begins where a chunk begins."""
    found: dict[int, ConversionChunk] = {}
    for position, planned in batch:
        first = position - position % CHUNK_ROWS
        if first not in found:
            found[first] = ConversionChunk(job_id=job_id, first=first, pending=0, settled=0, counts={})
        chunk = found[first]
        if planned.status is RowStatus.PENDING:
            chunk.pending += 1
        else:
            _count(chunk.counts, planned.status, planned.finding)
    return list(found.values())


def _count(counts: dict[str, dict[str, int]], status: RowStatus, finding: Finding | None) -> None:
    reasons, reason = counts.setdefault(status, {}), "" if finding is None else finding.reason_code
    reasons[reason] = reasons.get(reason, 0) + 1


def outcome_of(vault: FieldVault, row: ConversionRow) -> RowOutcome:
    """One line of the report."""
    content = RowContent.open(vault, row)
    return RowOutcome(
        SourceRow(row.sheet, row.row, content.cells),
        RowStatus(row.status),
        None if content.finding is None else Finding(**content.finding),
        row.licence_number,
        row.licence_identifier or "",
        tuple(Change(**change) for change in content.changes),
    )


def outcomes(
    sessions: SessionFactory, vault: FieldVault, job_id: str, statuses: Collection[RowStatus] | None = None
) -> Iterator[RowOutcome]:
    """The rows of a job in the order of the source, a page at a time."""
    return (outcome_of(vault, row) for row in rows_of(sessions, job_id, statuses))


def rows_of(
    sessions: SessionFactory, job_id: str, statuses: Collection[RowStatus] | None = None
) -> Iterator[ConversionRow]:
    """The same, as they are stored."""
    after = -1
    while True:
        query = select(ConversionRow).where(ConversionRow.job_id == job_id, ConversionRow.position > after)
        if statuses is not None:
            query = query.where(ConversionRow.status.in_(list(statuses)))
        with reading(sessions) as session:
            page = session.scalars(query.order_by(ConversionRow.position).limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].position


def count_rows(session: Session, job_id: str) -> Counts:
    """How many rows stand how."""
    query = select(ConversionChunk.pending, ConversionChunk.counts).where(ConversionChunk.job_id == job_id)
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for pending, counts in session.execute(query):
        if pending:
            statuses[RowStatus.PENDING.value] += pending
        for status, by_reason in counts.items():
            statuses[status] += sum(by_reason.values())
            reasons.update({reason: number for reason, number in by_reason.items() if reason})
    return Counts(dict(statuses), dict(reasons))
