"""The largest setting that fits, in one column or two, never wider or higher than its area."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents.canvas import MM
from gateway.documents.face import FaceError, FaceItem
from gateway.documents.face_layout import SIZES, lay_out
from gateway.documents.fonts import BODY
from tests.unit.documents.faces import SCOPE, fonts, make_face

WIDTH, HEIGHT = 229.0, 68.0


def measure(text, size):
    return fonts().width(text, BODY) * size / MM


def setting_of(*items):
    return lay_out(tuple(FaceItem(*item) for item in items), WIDTH, HEIGHT, measure)


def test_an_ordinary_face_is_set_in_the_largest_size_in_one_column():
    setting = lay_out(make_face().lines(), WIDTH, HEIGHT, measure)
    assert setting.size == SIZES[0]
    assert [len(row) for row in setting.rows] == [1] * 5


def test_many_short_items_are_set_in_two_columns_rather_than_small():
    setting = setting_of(("持证主体", "甲"), *((f"项目{n}", "短") for n in range(10)))
    assert setting.size >= 14
    assert [len(row) for row in setting.rows] == [1, 2, 2, 2, 2, 2]
    assert [cell.label for row in setting.rows for cell in row][1:] == [f"项目{n}" for n in range(10)]


def test_a_long_value_keeps_its_row_to_itself():
    setting = setting_of(
        ("持证主体", "甲"), *((f"项目{n}", "短") for n in range(9)), ("范围", "制售" * 30), ("备注", "短")
    )
    assert [[cell.label for cell in row] for row in setting.rows][-2:] == [["范围"], ["备注"]]


def test_a_scope_of_three_hundred_characters_is_wrapped_and_stays_legible():
    setting = setting_of(
        ("持证主体", "甲" * 60), ("经营场所", "乙" * 40), ("许可范围", (SCOPE * 10)[:300]), ("有效期限", "长期")
    )
    assert setting.size >= 10
    assert setting.height <= HEIGHT


def test_what_does_not_fit_is_refused_by_name():
    with pytest.raises(FaceError, match="许可范围”有 3000 字"):
        setting_of(("持证主体", "甲"), ("许可范围", "制售；" * 1000))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="阳江市A19，（）。；", max_size=130), min_size=1, max_size=12))
def test_no_line_is_wider_than_its_room_and_nothing_is_lost(values):
    items = [(f"项目{number}", value) for number, value in enumerate(values)]
    setting = setting_of(*items)
    cells = [cell for row in setting.rows for cell in row]
    assert setting.height <= HEIGHT
    assert [(cell.label, "".join(cell.lines)) for cell in cells] == items
    for cell in cells:
        assert all(measure(line, setting.size) <= cell.room + 1e-6 for line in cell.lines)
        assert cell.left + cell.room <= WIDTH
