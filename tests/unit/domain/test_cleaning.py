"""What cleaning makes of cells as clerks type them, and what it refuses to guess."""

import json
import re
from itertools import product

import pytest

from gateway.domain import cleaning
from gateway.domain.cleaning import clean_row
from gateway.domain.conversions import SourceRow
from gateway.domain.headings import learn_mapping
from tests.unit.domain.cleaning_rows import CATALOGUE, CODE, GOOD, HEADINGS, LABELS, cleaned


@pytest.mark.parametrize(
    ("heading", "typed", "clean", "rule"),
    [
        ("统一社会信用代码", "９１４４１７０２MA9Y03WY4L", CODE, "FULL_WIDTH"),
        ("统一社会信用代码", " 91441702ma9y03wy4l ", CODE, "SPACES"),
        ("统一社会信用代码", "91441702-MA9Y03WY4L", CODE, "CODE_FORM"),
        ("发证日期", "2020/10/21", "2020-10-21", "DATE_FORM"),
        ("发证日期", "2020.10.21", "2020-10-21", "DATE_FORM"),
        ("发证日期", "2020年10月21日", "2020-10-21", "DATE_FORM"),
        ("发证日期", "20201021", "2020-10-21", "DATE_FORM"),
        ("发证日期", "２０２０－１０－２１", "2020-10-21", "DATE_FORM"),
        ("发证日期", "二〇二〇年十月二十一日", "2020-10-21", "DATE_FORM"),
        ("发证日期", "2020-10-21 00:00:00", "2020-10-21", "DATE_FORM"),
        ("有效期止", "永久", "长期", "LONG_TERM"),
        ("持有人名称", "阳江市江城区\u200b漠江泰和餐饮服务有限公司", GOOD["持有人名称"], "INVISIBLE"),
        ("证照名称", "食品经营许可证（副本）", "食品经营许可证", "COPY_MARK"),
        ("经营场所", "'+86 0662 331100", "+86 0662 331100", "APOSTROPHE"),
    ],
)
def test_a_cell_is_cleaned_and_the_change_is_recorded(heading, typed, clean, rule):
    row = cleaned({heading: typed})
    assert row.finding is None
    assert row.application is not None
    assert clean in row.record.values()
    changes = [change for change in row.changes if change.field == heading]
    assert rule in {change.rule for change in changes}
    assert (changes[0].before, changes[-1].after) == (typed, clean)


@pytest.mark.parametrize(
    ("cells", "reason", "heading"),
    [
        ({"统一社会信用代码": "91441702MA9Y03WY4X"}, "CREDIT_CODE_INVALID", "统一社会信用代码"),
        ({"有效期起": "2025-10-20", "有效期止": "2020-10-21"}, "DATES_SWAPPED", "有效期起"),
        ({"有效期起": "长期", "有效期止": "2020-10-21"}, "DATES_SWAPPED", "有效期起"),
        ({"有效期止": ""}, "MISSING", "有效期止"),
        ({"有效期止": "——"}, "MISSING", "有效期止"),
        ({"证照名称": "食品经营证"}, "TYPE_UNKNOWN", "证照名称"),
        ({"发证日期": "20-10-21"}, "NOT_A_DATE", "发证日期"),
        ({"发证日期": "2020-02-30"}, "NOT_A_DATE", "发证日期"),
        ({"发证日期": "44125"}, "DATE_SERIAL", "发证日期"),
        ({"经营场所": '=HYPERLINK("http://example.invalid")'}, "FORMULA", "经营场所"),
        ({"经营场所": "@SUM(1)"}, "FORMULA", "经营场所"),
        ({"经营场所": "＝1+1"}, "FORMULA", "经营场所"),
        ({"经营场所": " \u200b=1+1"}, "FORMULA", "经营场所"),
        ({"经营场所": "'=1+1"}, "FORMULA", "经营场所"),
        ({"有效期止": "'-"}, "MISSING", "有效期止"),
    ],
)
def test_what_is_not_certain_is_refused_under_its_heading(cells, reason, heading):
    row = cleaned(cells)
    assert row.application is None
    assert row.finding is not None
    assert (row.finding.reason_code, row.finding.field) == (reason, heading)


def test_a_look_alike_letter_is_suggested_and_not_put_in():
    row = cleaned({"统一社会信用代码": CODE.replace("0", "O", 1)})
    assert row.application is None
    assert row.finding is not None
    assert CODE in row.finding.suggestion


def test_a_formula_cell_is_refused_whatever_its_text():
    source = SourceRow("", 2, GOOD, formulas=frozenset({"经营场所"}))
    row = clean_row(source, learn_mapping(HEADINGS, LABELS), CATALOGUE)
    assert row.finding is not None
    assert row.finding.reason_code == "FORMULA"


def test_a_column_with_both_days_is_read():
    cells = {k: v for k, v in GOOD.items() if not k.startswith("有效期")} | {
        "有效期限": "2020年10月21日至2025年10月20日"
    }
    row = clean_row(SourceRow("", 2, cells), learn_mapping(list(cells), LABELS), CATALOGUE)
    assert row.application is not None
    assert (str(row.application.valid_from), str(row.application.valid_until)) == ("2020-10-21", "2025-10-20")


def test_changes_can_be_written_down():
    row = cleaned({"发证日期": "2020/10/21"})
    assert json.loads(json.dumps([change.to_json() for change in row.changes]))[0]["before"] == "2020/10/21"


def test_what_is_told_at_a_glance_is_what_every_step_would_have_left(monkeypatch):
    texts = ["".join(each) for count in range(5) for each in product("a9（中-='@+ \u200b１无/至", repeat=count)]
    plain = [text for text in texts if cleaning._PLAIN.fullmatch(text)]
    at_a_glance = [cleaned_text(text) for text in plain]
    monkeypatch.setattr(cleaning, "_PLAIN", re.compile(r"(?!)"))
    assert [cleaned_text(text) for text in plain] == at_a_glance
    assert len(texts) > len(plain) > 1000


def cleaned_text(text):
    work = cleaning._Cleaning()
    cleaning._refuse_formulas(SourceRow("", 1, {"证照编号": text}))
    return cleaning._text("证照编号", text, work), work.changes
