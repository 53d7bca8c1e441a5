"""Tables as they arrive."""

import csv
import io
import zipfile

import pytest
from openpyxl import Workbook

from gateway.errors import UnreadableInputError
from gateway.spreadsheets.reading import read_sheets
from tests.conftest import VECTORS
from tests.unit.domain.cleaning_rows import GOOD, HEADINGS

REGISTERS = VECTORS / "conversion"


def rows_of(path):
    return [row for sheet in read_sheets(path) for row in sheet.rows]


def as_csv(encoding, delimiter=","):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([HEADINGS, list(GOOD.values())])
    return text.getvalue().encode(encoding)


def test_both_sample_registers_hold_the_same_rows():
    table, book = rows_of(REGISTERS / "paper_licences_gb18030.csv"), rows_of(REGISTERS / "paper_licences.xlsx")
    assert len(table) == len(book) == 600
    assert [row.cells["证照号码"] for row in table] == [row.cells["证照号码"] for row in book]
    assert book[0].row == table[0].row + 1  # the spreadsheet has a title above its headings
    assert book[0].sheet


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_is_read_in_every_encoding_and_delimiter(tmp_path, encoding, delimiter):
    path = tmp_path / "register.txt"
    path.write_bytes(as_csv(encoding, delimiter))
    assert [row.cells for row in rows_of(path)] == [GOOD]


def test_a_row_bears_the_number_that_a_spreadsheet_shows(tmp_path):
    path = tmp_path / "register.csv"
    cells = list(GOOD.values())
    cells[8] = "海陵路\n91号"
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADINGS, cells, [""] * 11, list(GOOD.values())])
    path.write_bytes(text.getvalue().encode())
    assert [row.row for row in rows_of(path)] == [2, 4]


def test_a_formula_is_marked_and_merged_cells_hold_for_all_their_rows(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["登记表"])
    sheet.merge_cells("A1:K1")
    sheet.append(HEADINGS)
    for _ in range(2):
        sheet.append(list(GOOD.values()))
    sheet["I3"] = "=1+1"
    sheet["K4"] = None
    sheet.merge_cells("K3:K4")
    hidden = book.create_sheet("hidden")
    hidden.append(HEADINGS)
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "r.xlsx")
    first, second = rows_of(tmp_path / "r.xlsx")
    assert first.formulas == {"经营场所"}
    assert second.cells["经营项目"] == GOOD["经营项目"]


def test_broken_lines_of_ndjson_stand_for_themselves(tmp_path):
    path = tmp_path / "r.ndjson"
    path.write_text('{"证照名称": "食品经营许可证", "n": 5.0}\n{broken\n[1]\n')
    good, broken, array = rows_of(path)
    assert good.cells == {"证照名称": "食品经营许可证", "n": "5"}
    assert (broken.defect.reason_code, array.defect.reason_code) == ("NOT_JSON", "NOT_AN_OBJECT")


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 no archive",
        b'a,b\n"open quote',
        "甲,乙\n1,2\n".encode(),
        b"\xff" * 50,
    ],
)
def test_a_broken_file_is_refused(tmp_path, data):
    path = tmp_path / "r.csv"
    path.write_bytes(data)
    with pytest.raises(UnreadableInputError):
        rows_of(path)


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(600):
            sheet.write(b"\0" * (1 << 20))
    with pytest.raises(UnreadableInputError, match="过大"):
        rows_of(path)


def test_entities_in_a_spreadsheet_are_not_expanded(tmp_path):
    book = Workbook()
    book.active.append(HEADINGS)
    book.save(tmp_path / "plain.xlsx")
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "' + b"ha" * 1000 + b'">]><worksheet>&a;</worksheet>'
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(tmp_path / "evil.xlsx", "w") as evil:
        for entry in plain.infolist():
            data = laughs if entry.filename == "xl/worksheets/sheet1.xml" else plain.read(entry)
            evil.writestr(entry, data)
    with pytest.raises(UnreadableInputError):
        rows_of(tmp_path / "evil.xlsx")


def test_a_workbook_is_known_by_what_it_is(tmp_path):
    path = tmp_path / "register.csv"
    path.write_bytes((VECTORS / "conversion" / "paper_licences.xlsx").read_bytes())
    assert sum(1 for sheet in read_sheets(path) for _ in sheet.rows) == 600
