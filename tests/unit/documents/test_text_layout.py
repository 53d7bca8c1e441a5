"""Line breaking by the rules of Chinese punctuation, and that nothing is lost or too wide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents.text_layout import break_lines

CLOSING, OPENING = "，。、；：？！）〕】》」』”’", "（〔【《「『“‘"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("热食类食品制售", 10, ["热食类食品制售"]),
        ("热食类食品制售", 4, ["热食类食", "品制售"]),
        ("热食类食，品制售", 4, ["热食类", "食，品制", "售"]),
        ("热食类（食品）制售", 4, ["热食类", "（食品）", "制售"]),
        ("有效期自2024年05月25日起", 13, ["有效期自", "2024年05月25日起"]),
        ("见附表B12-2之一", 7, ["见附表", "B12-2之一"]),
        ("甲——乙", 3, ["甲——", "乙"]),
        ("甲乙——丙", 3, ["甲", "乙——", "丙"]),
        ("第一段\n第二段", 9, ["第一段", "第二段"]),
        ("", 5, [""]),
    ],
)
def test_lines(text, width, lines):
    assert break_lines(text, width, len) == lines


@given(st.text(alphabet="热食类AB12 " + CLOSING[:4] + OPENING[:3], max_size=80), st.integers(1, 20))
def test_nothing_is_lost_and_nothing_is_too_wide(text, width):
    lines = break_lines(text, width, len)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(len(line) <= width for line in lines)


@given(st.lists(st.sampled_from(["热食", "类", "，", "（", "）", "品制售", "A1"]), max_size=60), st.integers(8, 20))
def test_no_mark_stands_where_it_must_not(parts, width):
    text = "类".join(parts)  # marks do not follow one another: then there is always a place to break
    lines = break_lines(text, width, len)
    assert not any(line[0] in CLOSING for line in lines[1:] if line)
    assert not any(line[-1] in OPENING for line in lines[:-1] if line)
