"""Reads tables as they arrive: CSV (UTF-8, GB18030), XLSX, NDJSON. Bounded in size; a broken file is refused, never half read."""

import csv
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO

from defusedxml import ElementTree

from gateway.domain.conversions import Finding, SourceRow
from gateway.domain.headings import SEARCHED_ROWS, find_heading_row
from gateway.errors import UnreadableInputError

MOST_ROWS = 1_000_000
MOST_BYTES = 512 * 1024 * 1024
"""Of the file, and of what an XLSX unpacks to: 200,000 rows of a register are about 60 MB."""
MOST_COLUMNS = 256
_MOST_CELL = 32_767
"""Characters that a cell of a spreadsheet can hold."""
_SAMPLE_BYTES = 1 << 20
_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True)
class Sheet:
    """One table: its headings, and its rows to be read once."""

    name: str
    headings: tuple[str, ...]
    """Empty where the rows name their cells themselves (NDJSON)."""
    rows: Iterator[SourceRow]


@dataclass(frozen=True)
class _Cell:
    text: str = ""
    is_formula: bool = False


_Line = tuple[int, list[_Cell]]
_EMPTY = _Cell()


def read_sheets(path: Path, profile: dict[str, str] | None = None) -> Iterator[Sheet]:
    """The tables of a file, by what the file is, not by its name. UnreadableInputError.

    ``profile`` names headings that only it knows. Each sheet's rows are to be consumed before the next sheet.
    """
    try:
        with path.open("rb") as handle:
            start = handle.read(_SAMPLE_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableInputError(f"{path}: {error.strerror}", hint="Check the path.") from error
    if size > MOST_BYTES:
        raise UnreadableInputError(f"{path.name}: 超过 {MOST_BYTES >> 20} MB。Too large.", hint="Split the file.")
    if start.startswith(_ZIP_MAGIC):
        yield from _workbook(path, profile)
    elif start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        yield Sheet("", (), _json_rows(path))
    else:
        yield _sheet("", _csv_lines(path, start), profile)


def _sheet(name: str, lines: Iterator[_Line], profile: dict[str, str] | None) -> Sheet:
    """The table in ``lines``: title rows above the headings are passed over."""
    head: list[_Line] = []
    for line in lines:
        head.append(line)
        if len(head) == SEARCHED_ROWS:
            break
    texts = [[cell.text for cell in cells] for _, cells in head]
    at = find_heading_row(texts, profile)
    if at is None:
        message = f"{name or '文件'}：前 {SEARCHED_ROWS} 行中没有可识别的表头。No row of headings was recognised."
        raise UnreadableInputError(
            message, hint="Name the columns by --map or a profile; see: licence-gateway convert --help"
        )
    headings = _joined(texts[at - 1] if at else [], texts[at])
    return Sheet(name, headings, _rows(name, headings, head[at + 1 :], lines))


def _joined(above: Sequence[str], row: Sequence[str]) -> tuple[str, ...]:
    """Headings; one that spans two rows (merged) stands in the upper one."""
    found = [text.strip() or (above[index].strip() if index < len(above) else "") for index, text in enumerate(row)]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def _rows(name: str, headings: tuple[str, ...], head: list[_Line], rest: Iterator[_Line]) -> Iterator[SourceRow]:
    count = 0
    for source in (head, rest):
        for number, cells in source:
            pairs = [(heading, cell) for heading, cell in zip(headings, cells, strict=False) if heading]
            if not any(cell.text.strip() for _, cell in pairs):
                continue
            count += 1
            if count > MOST_ROWS:
                raise UnreadableInputError(f"超过 {MOST_ROWS} 行。Too many rows.", hint="Split the file.")
            values = {heading: cell.text for heading, cell in pairs if cell.text}
            formulas = frozenset(heading for heading, cell in pairs if cell.is_formula)
            yield SourceRow(name, number, values, formulas)


def _csv_lines(path: Path, start: bytes) -> Iterator[_Line]:
    encoding = _encoding(path)
    csv.field_size_limit(_MOST_CELL * 4)
    with path.open(encoding=encoding, newline="") as handle:
        reader = csv.reader(handle, delimiter=_delimiter(start, encoding), strict=True)
        previous = 0
        try:
            for cells in reader:
                # A quoted cell may run over lines; a row bears the number that a spreadsheet gives it.
                previous += 1
                if len(cells) > MOST_COLUMNS:
                    raise UnreadableInputError(f"第 {previous} 行超过 {MOST_COLUMNS} 列。Too many columns.")
                yield previous, [_Cell(text) for text in cells]
        except (csv.Error, UnicodeDecodeError) as error:
            message = f"{path.name}: 第 {previous + 1} 行附近无法读取。Cannot be read near row {previous + 1}: {error}"
            raise UnreadableInputError(message, hint="Save it anew as CSV (UTF-8).") from error


def _encoding(path: Path) -> str:
    """UTF-8 when all of it is, else GB18030, which every Chinese spreadsheet writes. UTF-16 by its mark."""
    with path.open("rb") as handle:
        if handle.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        with path.open(encoding=encoding, newline="") as text:
            try:
                while text.read(_SAMPLE_BYTES):
                    pass
            except UnicodeDecodeError:
                continue
            return encoding
    raise UnreadableInputError(
        f"{path.name}: 既不是 UTF-8 也不是 GB18030。Neither UTF-8 nor GB18030.", hint="Save it anew as CSV (UTF-8)."
    )


def _delimiter(start: bytes, encoding: str) -> str:
    """Whichever stands most in the beginning; tabs and semicolons are met too."""
    text = start.decode(encoding, errors="ignore")
    lines = text.splitlines()[:SEARCHED_ROWS]
    return max(",\t;", key=lambda mark: sum(line.count(mark) for line in lines))


def _json_rows(path: Path) -> Iterator[SourceRow]:
    with path.open("rb") as handle:
        for number, line in enumerate(handle, 1):
            if line.strip():
                yield _json_row(line, number)


def _json_row(line: bytes, number: int) -> SourceRow:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except ValueError:
        return SourceRow("", number, {}, defect=Finding("NOT_JSON", "", "这一行不是 JSON。The line is not JSON."))
    if not isinstance(record, dict) or len(record) > MOST_COLUMNS:
        message = "这一行不是 JSON 对象。The line is no JSON object."
        return SourceRow("", number, {}, defect=Finding("NOT_AN_OBJECT", "", message))
    return SourceRow("", number, {str(name): text for name, value in record.items() if (text := cell_text(value))})


def cell_text(value: Any) -> str:
    """A value as a person reads it in a cell: dates as 2024-05-25, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[:_MOST_CELL]


def _workbook(path: Path, profile: dict[str, str] | None) -> Iterator[Sheet]:
    _refuse_bomb(path)
    try:
        # Handed a path, the reader would go by the ending of the name.
        with path.open("rb") as handle:
            yield from _visible_sheets(path, handle, profile)
    except OSError as error:
        raise _not_a_workbook(path) from error


def _visible_sheets(path: Path, handle: BinaryIO, profile: dict[str, str] | None) -> Iterator[Sheet]:
    # A third of a second to read in, which commands that see no workbook need not spend.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        merged = _merged_ranges(path)
        book = load_workbook(handle, read_only=True, data_only=False, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ElementTree.ParseError) as error:
        raise _not_a_workbook(path) from error
    try:
        for index, sheet in enumerate(book.worksheets):
            if sheet.sheet_state != "visible":
                continue
            lines = _fill(_sheet_lines(sheet), merged[index] if index < len(merged) else [])
            first = next(lines, None)
            if first is not None:
                yield _sheet(sheet.title, _chain(first, lines), profile)
    except (KeyError, ValueError, ElementTree.ParseError, zipfile.BadZipFile) as error:
        raise UnreadableInputError(f"{path.name}: 工作表损坏。A sheet is broken.", hint="Save it anew.") from error
    finally:
        book.close()


def _not_a_workbook(path: Path) -> UnreadableInputError:
    return UnreadableInputError(f"{path.name}: 不是可读的 XLSX。Not a readable XLSX.", hint="Save it anew.")


def _chain(first: _Line, rest: Iterator[_Line]) -> Iterator[_Line]:
    yield first
    yield from rest


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            total = sum(entry.file_size for entry in package.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableInputError(f"{path.name}: 压缩包损坏。A broken archive.", hint="Save it anew.") from error
    if total > MOST_BYTES:
        raise UnreadableInputError(f"{path.name}: 解压后过大。Unpacks to too much.", hint="Split the file.")


def _sheet_lines(sheet: Any) -> Iterator[_Line]:
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        yield number, [_Cell(cell_text(cell.value), getattr(cell, "data_type", "") == "f") for cell in row]


_Box = tuple[int, int, int, int]
"""First column, first row, last column, last row, 1-based."""


def _fill(lines: Iterator[_Line], boxes: list[_Box]) -> Iterator[_Line]:
    """Merged cells: what stands in the corner holds for every cell of the box."""
    corners: dict[_Box, _Cell] = {}
    for number, cells in lines:
        for box in (box for box in boxes if box[1] <= number <= box[3]):
            left, top, right, _ = box
            cells.extend([_EMPTY] * (right - len(cells)))
            if number == top:
                corners[box] = cells[left - 1]
            # A title over the whole table is no heading of each column.
            for column in range(left, right + 1) if number > top else range(left + 1, right + 1):
                if number > top:
                    cells[column - 1] = corners.get(box, _EMPTY)
        yield number, cells


def _merged_ranges(path: Path) -> list[list[_Box]]:
    """The merged boxes of each sheet, in the order of the workbook; reading row by row leaves them out."""
    found = []
    with zipfile.ZipFile(path) as package:
        names = sorted(
            (n for n in package.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)), key=_sheet_number
        )
        for name in names:
            boxes: list[_Box] = []
            with package.open(name) as handle:
                for _, element in ElementTree.iterparse(handle):
                    if element.tag == f"{_NAMESPACE}mergeCell":
                        boxes.append(_box(element.get("ref", "")))
                    elif element.tag == f"{_NAMESPACE}row":
                        element.clear()
            found.append(boxes)
    return found


def _box(reference: str) -> _Box:
    """ValueError for what bounds no cells, such as whole columns."""
    from openpyxl.utils.cell import range_boundaries  # noqa: PLC0415 - as above

    left, top, right, bottom = range_boundaries(reference)
    if left is None or top is None or right is None or bottom is None:
        raise ValueError(reference)
    return left, top, right, bottom


def _sheet_number(name: str) -> int:
    return int(re.sub(r"\D", "", name))
