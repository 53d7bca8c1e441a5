"""Headings as offices write them."""

import pytest

from gateway.domain.headings import find_heading_row, fold_heading, learn_mapping
from gateway.errors import ValidationFailedError
from tests.unit.domain.cleaning_rows import HEADINGS, LABELS


def codes(error):
    return [entry.code for entry in error.value.errors]


@pytest.mark.parametrize("typed", ["证照号码", " 证照 号码：", "*证照号码", "证照号码（必填）", "证　照　号　码"])
def test_what_people_vary_in_a_heading_does_not_count(typed):
    assert fold_heading(typed) == fold_heading("证照号码")


def test_the_row_of_headings_is_found_under_a_title():
    rows = [["阳江市存量证照登记表", "", ""], ["制表日期", "2024-01-01", ""], HEADINGS, ["食品经营许可证"] * 11]
    assert find_heading_row(rows) == 2
    assert find_heading_row([["甲", "乙"], ["1", "2"]]) is None


def test_other_names_of_the_columns_are_known():
    names = ["许可证名称", "许可证编号", "单位名称", "社会信用代码", "发证机关", "核发日期", "有效期限", *LABELS]
    meanings = learn_mapping(names, LABELS).meanings
    assert set(meanings.values()) >= {"type", "number", "holder_name", "holder_code", "authority", "valid_range"}


def test_two_columns_of_one_meaning_are_never_chosen_between():
    with pytest.raises(ValidationFailedError) as caught:
        learn_mapping([*HEADINGS, "许可证编号"], LABELS)
    assert codes(caught) == ["COLUMNS_ALIKE"]


def test_a_profile_decides_and_leaves_columns_out():
    headings = [*HEADINGS, "许可证编号", "备注"]
    mapping = learn_mapping(headings, LABELS, {"许可证编号": "-"})
    assert mapping.meanings["许可证编号"] == "-"
    assert mapping.unknown == ("备注",)


def test_a_missing_column_and_an_unknown_meaning_are_named():
    with pytest.raises(ValidationFailedError) as caught:
        learn_mapping([name for name in HEADINGS if name != "发证机构"], LABELS, {"备注": "remark"})
    assert codes(caught) == ["MEANING_UNKNOWN", "COLUMN_MISSING"]


def test_a_heading_that_stands_twice_is_refused():
    with pytest.raises(ValidationFailedError) as caught:
        learn_mapping([*HEADINGS, "经营场所"], LABELS)
    assert "HEADING_TWICE" in codes(caught)
