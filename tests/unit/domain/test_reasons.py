import re
from pathlib import Path

import pytest

from gateway.domain.conclusion import STATUS_REASONS
from gateway.domain.reason_catalogue import REASONS, reason
from gateway.domain.status import NATIONAL_CODES, SAMPLE, WORDS

SOURCES = Path(__file__).parents[3] / "gateway"


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_complete_in_both_languages(code):
    entry = REASONS[code]
    assert re.search("[\u4e00-\u9fff]", entry.message_zh) and re.search("[\u4e00-\u9fff]", entry.next_step_zh)
    assert entry.message_en.isascii() or "“" in entry.message_en
    assert entry.message_zh.endswith("。") and entry.next_step_zh.endswith("。")
    assert entry.message_en.endswith(".") and entry.next_step_en.endswith(".")


def test_every_reason_that_the_code_names_exists_and_is_used():
    text = "\n".join(p.read_text() for p in SOURCES.rglob("*.py") if p.name != "reason_catalogue.py")
    named = set(re.findall(r'"([A-Z][A-Z_]{3,})"', text))
    assert set(REASONS) <= named, set(REASONS) - named
    asked = set(re.findall(r'reason\("([A-Z_]+)"[,)]', text)) | set(STATUS_REASONS.values())
    assert asked <= set(REASONS)


def test_every_status_has_words_a_reason_and_a_national_code():
    assert set(WORDS) == set(STATUS_REASONS) == {*NATIONAL_CODES, SAMPLE}


def test_values_are_filled_into_both_languages():
    filled = reason("CODE_LENGTH_WRONG", length=17)
    assert "17" in filled.message_zh and "17" in filled.message_en
    with pytest.raises(KeyError):
        reason("CODE_LENGTH_WRONG")
    with pytest.raises(KeyError):
        reason("NO_SUCH_REASON")


def test_only_reasons_that_are_filled_in_have_blanks():
    blank = {code for code, entry in REASONS.items() if "{" in entry.message_zh + entry.message_en}
    archives = {
        f"ARCHIVE_{word}" for word in ("ALTERED", "MISSING", "EXTRA", "NOT_GENUINE", "PROOF_BROKEN", "UNDECIDED")
    }
    others = {"CODE_LENGTH_WRONG", "AUTHORITIES_SILENT", "SEVERAL_CODES", "CODES_LEFT_OUT", "STATUS_LIST_USED"}
    assert blank == archives | others | {"IS_ARCHIVE_PACKAGE"}
