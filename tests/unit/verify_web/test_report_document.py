"""The HTML report: one file, whole, without script, in well-formed markup."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from gateway.domain.human_report import PagePictures, human_report
from tests.unit.documents import reports
from verify_web.report_document import REPORT_POLICY, REPORT_STYLE_SOURCE, render_report_html

VOID = {"meta", "img", "br", "hr", "link", "input", "path", "circle", "rect"}


class Reader(HTMLParser):
    """Notes tags and attributes, and that every tag that opens is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(name, language="zh", pictures=()):
    report = reports.ALL[name]()
    html = render_report_html(human_report(report, pictures), language, report.report_number).decode()
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return html, reader


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", reports.ALL)
def test_the_file_needs_nothing_else(name, language):
    html, reader = read(name, language)
    assert not {"script", "link", "iframe", "object", "form", "a"} & set(reader.tags)
    assert [value for key, value in reader.attributes if key in ("src", "href") or key.startswith("on")] == []
    assert "style" not in {key for key, _ in reader.attributes}
    assert "url(" not in html and "@import" not in html


def test_the_style_is_allowed_by_its_digest_alone():
    html, _ = read("genuine")
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)[1]
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" == REPORT_STYLE_SOURCE
    assert REPORT_STYLE_SOURCE in REPORT_POLICY and REPORT_STYLE_SOURCE in html


def test_the_answer_stands_in_the_one_heading_of_its_rank():
    _, reader = read("changed", "en")
    assert reader.tags.count("h1") == 1
    words = [text.strip() for text in reader.text if text.strip()]
    assert words.index("Not genuine") < words.index("The authority's signature")


def test_pictures_are_inside_and_have_words():
    png = b"\x89PNG not looked at"
    _, reader = read("changed", "en", (PagePictures(2, png, None),))
    assert [value for key, value in reader.attributes if key == "src"] == [
        "data:image/png;base64," + base64.b64encode(png).decode()
    ]
    assert "Page 2 as signed" in [value for key, value in reader.attributes if key == "alt"]
    assert any("no such page" in text for text in reader.text)


def test_hostile_text_is_text():
    html, reader = read("hostile")
    assert "script" not in reader.tags and "\u202e" not in html and "\0" not in html
    assert any("<script>alert(1)</script>[U+202E]" in text for text in reader.text)
