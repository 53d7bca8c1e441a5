"""The English of the pages is complete, in step with the templates and code, and no page has a text beside the catalogue."""

import ast
import re
from pathlib import Path

import pytest
from markupsafe import Markup

from gateway.errors import ConfigurationError
from tools import translations
from verify_web import catalogue
from verify_web.catalogue import spoken
from verify_web.language import pair

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted(path for room in translations.ROOMS for path in (ROOT / room).rglob("*.html"))
MODULES = [
    ROOT / "gateway" / "elicence" / "pages.py",
    *sorted(path for room in translations.ROOMS[:2] for path in (ROOT / room).glob("*.py")),
]
MESSAGES = [message for message in translations.catalogue() if message.id]
CHINESE = re.compile(r"[\u3400-\u9fff]")
MARKS = re.compile(r"[\u3000-\u303f\uff00-\uffef]")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")
TAG = re.compile(r"<[^>]*>")
TRANSLATED = re.compile(
    r"""\{% trans\b.*?endtrans %\}|p?gettext\("[\w ]*", "[^"]*"|\b_\((?:"[^"]*"|'[^']*')|\{#.*?#\}""", re.DOTALL
)
KEPT = {
    ("verify_web/language.py", "中文"),  # what the language calls itself
    ("verify_web/calendars.py", " 到期 expires ("),  # a calendar is read in any language
    ("gateway/console/applications.py", "住所"),  # labels and values of faces are Chinese in every language
    ("gateway/console/applications.py", "长期"),
    ("gateway/console/applications.py", "应为 0 至 "),  # half of a message in both languages
    ("gateway/elicence/pages.py", "持照人拒签 declined by the holder"),  # an answer to the gateway, not a page
}


def test_the_catalogue_is_what_the_pages_use():
    """Nothing is missing, fuzzy or left over; else run ``python tools/translations.py --update``."""
    assert translations.PO.read_bytes() == translations.written(translations.updated())
    assert [message.id for message in MESSAGES if not message.string or message.fuzzy] == []
    assert not translations.catalogue().obsolete
    assert len(MESSAGES) > 500


def test_what_pages_read_is_what_stands_in_the_catalogue():
    """Else run ``make setup``."""
    assert translations.MO.read_bytes() == translations.compiled()


def test_each_half_is_in_its_language_and_takes_the_same_values():
    def fits(message):
        marks = [[sorted(found.findall(text)) for found in (PLACEHOLDER, TAG)] for text in (message.id, message.string)]
        # Punctuation and places for values have no words in either language.
        bare = [TAG.sub("", PLACEHOLDER.sub("", text)) for text in (message.id, message.string)]
        words = bool(CHINESE.search(bare[0])), bool(re.search("[A-Za-z]", bare[1]))
        return marks[0] == marks[1] and words[0] == words[1] and not (CHINESE.search(bare[1]) or MARKS.search(bare[1]))

    assert [(message.id, message.string) for message in MESSAGES if not fits(message)] == []


def left_over(template):
    """Chinese that no call of gettext takes."""
    return CHINESE.findall(TRANSLATED.sub("", template))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_text_beside_the_catalogue(path):
    assert left_over(path.read_text()) == []


def stray(name, tree):
    """Chinese in code that goes to a page without a look into the catalogue."""
    taken = set()
    for node in ast.walk(tree):
        callee = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        # A verdict is shown in both languages at once.
        if callee in ("_", "_l", "_lp", "Verdict"):
            taken |= {id(inner) for argument in node.args for inner in ast.walk(argument)}
        if isinstance(node, ast.Expr):
            taken.add(id(node.value))
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [
        node.value
        for node in texts
        if id(node) not in taken
        and CHINESE.search(node.value)
        # A message goes to the command line and the API, too, and says all in both languages.
        and pair(node.value)[0] == node.value
        and (name, node.value) not in KEPT
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_of_pages_has_a_text_beside_the_catalogue(path):
    assert stray(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())) == []


def test_the_checks_see_what_they_look_for():
    assert left_over('<p>{{ _("有效") }}</p>{% trans a=b %}有效{{ a }}{% endtrans %}') == []
    assert left_over('<p>有效</p>{{ say("有效", "In force") }}') == ["有", "效", "有", "效"]
    assert stray("x.py", ast.parse('A = _l("有效")\nraise SomeError("有效。In force.")')) == []
    assert stray("x.py", ast.parse('A = ("有效", "in force")')) == ["有效"]


def test_values_are_escaped_and_markup_stays():
    say, same = (spoken(language)["gettext"] for language in ("en", "zh"))
    assert say("说明") == "About"
    assert same("说明") == "说明"
    assert say("至 %(day)s", day="<b>") == "until &lt;b&gt;"
    assert say("至 %(day)s", day=Markup("<b>1</b>")) == "until <b>1</b>"
    assert spoken("en")["pgettext"]("field", "说明") == "Note"


def test_pages_without_their_english_do_not_start(monkeypatch, tmp_path, fresh):
    from gateway.app import create_app

    monkeypatch.setattr(catalogue, "_COMPILED", tmp_path / "messages.mo")
    with pytest.raises(ConfigurationError, match="make setup"):
        create_app(fresh)
