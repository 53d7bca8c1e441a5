"""Tables that no spreadsheet takes for formulas."""

import csv
import json

import pytest
from openpyxl import load_workbook

from gateway.errors import UnreadableInputError
from gateway.spreadsheets.reading import read_sheets
from gateway.spreadsheets.writing import write_table
from tests.unit.domain.cleaning_rows import GOOD, HEADINGS

EVIL = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1+1"]


@pytest.mark.parametrize("evil", EVIL)
def test_a_formula_becomes_text(tmp_path, evil):
    write_table(tmp_path / "t.csv", ["列"], [{"列": evil}])
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as handle:
        assert list(csv.reader(handle))[1] == [f"'{evil}"]
    write_table(tmp_path / "t.xlsx", ["列"], [{"列": evil}])
    cell = load_workbook(tmp_path / "t.xlsx").active["A2"]
    assert cell.data_type == "s"
    assert cell.quotePrefix


def test_a_heading_is_made_harmless_too(tmp_path):
    write_table(tmp_path / "t.csv", ["=列"], [])
    assert (tmp_path / "t.csv").read_text("utf-8-sig").startswith("'=列")


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_what_was_written_is_read_back(tmp_path, ending):
    write_table(tmp_path / f"t{ending}", HEADINGS, [GOOD])
    assert [row.cells for sheet in read_sheets(tmp_path / f"t{ending}") for row in sheet.rows] == [GOOD]


def test_ndjson_keeps_values(tmp_path):
    write_table(tmp_path / "t.ndjson", ["a", "b"], [{"a": 1, "b": [{"c": "=1"}]}])
    assert json.loads((tmp_path / "t.ndjson").read_text()) == {"a": 1, "b": [{"c": "=1"}]}


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    def rows():
        yield {"a": "1"}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_table(tmp_path / "t.csv", ["a"], rows())
    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UnreadableInputError):
        write_table(tmp_path / "t.xls", ["a"], [])
