"""The answer in plain words: complete in both languages, true to the report, and safe to look at."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.human_report import human_report
from gateway.domain.report_words import CONCLUSIONS, INDICATIONS, TRUST, check_words
from gateway.domain.sub_indication_catalogue import explain
from gateway.domain.verification import DocumentKind, changed_pages
from gateway.domain.visible_text import visible
from signing.validation.report import Conclusion, Indication, SubIndication, Trust
from tests.unit.documents import reports

CHINESE = re.compile("[\u4e00-\u9fff]")


def sentences(name):
    return human_report(reports.ALL[name]()).sentence


@pytest.mark.parametrize("sub_indication", SubIndication)
def test_every_sub_indication_has_plain_words_and_a_next_step(sub_indication):
    found = explain(sub_indication)
    assert CHINESE.search(found.message_zh) and found.message_zh.endswith("。") and found.next_step_zh.endswith("。")
    assert found.message_en.isascii() and found.message_en.endswith(".") and found.next_step_en.endswith(".")
    assert found.code == sub_indication


def test_no_two_sub_indications_say_the_same():
    assert len({explain(found).message_en for found in SubIndication}) == len(SubIndication)


def test_every_name_of_a_conclusion_has_words():
    assert set(CONCLUSIONS) == set(Conclusion) and set(INDICATIONS) == set(Indication) and set(TRUST) == set(Trust)


@pytest.mark.parametrize("name", reports.ALL)
def test_every_check_of_a_real_report_has_chinese_words(name):
    checks = [check for signature in reports.ALL[name]().signatures for check in signature.checks]
    assert [check.name for check in checks if not CHINESE.search(check_words(check.name).zh)] == []


def test_a_check_without_words_of_its_own_is_named_after_its_block():
    assert check_words("time_stamp.x509_certificate_validation.path").zh == "时间戳：证书链"
    named = check_words("x509_certificate_validation.star_sign")
    assert named == ("证书：star sign", "Certificate: star sign")
    assert check_words("something_new.of_late").en == "something new › of late"


def test_the_answer_is_one_plain_sentence():
    assert sentences("genuine").zh == "这份文件是真的，签发以来没有改动；登记簿记载的状态是：有效。"
    assert sentences("changed").zh.startswith("这份文件不真实：")
    assert sentences("undecided").zh.startswith("现在不能断定")
    assert "没有电子签名" in sentences("unsigned").zh
    assert len({sentences(name) for name in ("genuine", "changed", "undecided", "unsigned")}) == 4


def test_a_report_on_a_report_says_so():
    report = reports.genuine()
    on_report = replace(report, document=replace(report.document, kind=DocumentKind.VERIFICATION_REPORT))
    human = human_report(on_report)
    assert "核验报告" in human.sentence.zh and human.signatures[0].heading.zh == "核验报告的签名"


def test_what_could_not_be_checked_is_told_with_its_reason():
    human = human_report(reports.undecided())
    assert any("信任名单" in words.zh for words in human.unchecked)
    assert any("没有查询登记簿" in words.zh for words in human.unchecked)
    assert human.next_steps
    assert human_report(reports.genuine()).unchecked == ()


def test_a_time_that_no_one_proved_is_called_a_claim():
    facts = {fact.label.zh: fact.text.zh for fact in human_report(reports.undecided()).signatures[0].facts}
    assert "自称" in facts["何时签的"]
    proven = {fact.label.zh: fact.text.zh for fact in human_report(reports.genuine()).signatures[0].facts}
    assert "由时间戳证明" in proven["何时签的"]


def test_changes_name_pages_and_some_objects_and_count_the_rest():
    facts = {fact.label.zh: fact.text.zh for fact in human_report(reports.changed()).signatures[0].facts}
    assert (
        "第 1、2、3 页" in facts["签后改动"]
        and "替换页面内容（对象 12 0）" in facts["签后改动"]
        and "另有 6 处" in facts["签后改动"]
    )
    assert changed_pages(reports.changed().signatures[0].changed_objects) == [1, 2, 3]


def every_text(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from every_text(item)
    elif hasattr(value, "__dataclass_fields__"):
        for item in vars(value).values():
            yield from every_text(item)


def test_nothing_hidden_comes_through():
    found = list(every_text(human_report(reports.hostile())))
    assert len(found) > 50
    assert [
        text for text in found if re.search("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\U000e0041]", text)
    ] == []
    assert max(map(len, found)) < 900


@given(st.text(max_size=2000))
def test_visible_text_is_printable_and_short(text):
    shown = visible(text)
    assert all(c.isprintable() or c == "\u3000" for c in shown)
    assert len(shown) <= 200


@pytest.mark.parametrize("name", ["食品经营许可证 1.pdf", "Ünïcode – “quoted”.pdf", "𠮷野家.pdf", "é"])
def test_ordinary_names_stay_as_they_are(name):
    assert visible(name) == name


def test_tricks_become_code_points():
    assert visible("invoice\u202efdp.exe") == "invoice[U+202E]fdp.exe"
    assert visible("a\u200bb\u3164c\u00a0d") == "a[U+200B]b[U+3164]c[U+00A0]d"
    assert visible("a" + "\u0301" * 5) == "a\u0301\u0301[U+0301][U+0301][U+0301]"
    assert re.fullmatch(r"x+…\[5000\]", visible("x" * 5000))
