"""Writes tables for people: CSV and XLSX that no spreadsheet takes for formulas, and NDJSON."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.errors import UnreadableInputError

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may begin a formula with (OWASP, CSV injection); full-width forms are narrowed by some."""


def harmless(text: str) -> str:
    """Text for a CSV cell: an apostrophe before what would be taken for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write ``rows`` by the ending of ``path`` (.csv, .xlsx, .ndjson), whole or not at all; gives their number."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UnreadableInputError(f"{path.name}: 只支持 .ndjson、.csv、.xlsx。Write .ndjson, .csv or .xlsx.")
    partial = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        count = writer(partial, columns, rows)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([harmless(column) for column in columns])
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted, and given back
            writer.writerow([harmless(_plain(row.get(column))) for column in columns])
    return count


def _xlsx(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    # A third of a second to read in, which commands that write no workbook need not spend.
    from openpyxl import Workbook  # noqa: PLC0415

    count = 0
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")

    def cells(values: Iterable[str]) -> list[Any]:
        return [_text_cell(sheet, value) for value in values]

    sheet.append(cells(columns))
    for count, row in enumerate(rows, 1):  # noqa: B007 - counted, and given back
        sheet.append(cells(_plain(row.get(column)) for column in columns))
    book.save(path)
    return count


def _text_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
    # Text, whatever it begins with; quotePrefix keeps it text when somebody edits the cell.
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(_DANGEROUS)
    return cell


def _ndjson(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as handle:
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted, and given back
            line = {column: row.get(column) for column in columns}
            handle.write(json.dumps(line, ensure_ascii=False) + "\n")
    return count


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_WRITERS: Mapping[str, Callable[[Path, Sequence[str], Iterable[Mapping[str, Any]]], int]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".ndjson": _ndjson,
}

ENDINGS = tuple(_WRITERS)
"""Of the files that can be written."""
