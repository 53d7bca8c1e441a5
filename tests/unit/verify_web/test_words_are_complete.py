"""Every text that a page shows exists in both languages, and none stands in one only."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted(
    path
    for room in (ROOT / "verify_web" / "templates", ROOT / "gateway" / "console" / "templates")
    for path in room.rglob("*.html")
)
CHINESE = re.compile(r"[\u3400-\u9fff]")
SAID = re.compile(r"""say\(\s*(?P<a>"[^"]*"|'[^']*')\s*,\s*(?P<b>"[^"]*"|'[^']*')\s*\)""")
CODES = {"zh", "en", "zh-CN"}
NAMES_OF_LANGUAGES = {"中文", "English"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_pair_has_both_halves_and_each_in_its_language(path):
    for found in SAID.finditer(path.read_text()):
        zh, en = found["a"][1:-1], found["b"][1:-1]
        if {zh, en} <= CODES | NAMES_OF_LANGUAGES or "_" in zh:
            continue
        assert CHINESE.search(en) is None, found[0]
        # Punctuation, such as a colon, has no words in either language.
        assert bool(CHINESE.search(zh)) == bool(re.search(r"[A-Za-z]", en)), found[0]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_chinese_stands_outside_the_pairs(path):
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(), flags=re.DOTALL)
    assert CHINESE.findall(text) == [], path.name


def test_the_check_sees_what_it_looks_for():
    assert SAID.search("""{{ say("有效", 'In force') }}""")["b"] == "'In force'"
    assert CHINESE.search("说明")
