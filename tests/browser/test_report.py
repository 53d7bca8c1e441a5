"""The HTML report in a real browser: on a phone, on a desk, on paper, and as a saved file."""

import io
from contextlib import contextmanager

import pypdfium2
import pytest
from PIL import Image

from gateway.domain.human_report import PagePictures, human_report
from tests.browser.test_pages import opened
from tests.unit.documents import reports
from verify_web.report_document import render_report_html

pytestmark = pytest.mark.browser
NAMES = ("genuine", "changed", "undecided", "hostile")


def picture(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (420, 594), colour).save(buffer, "PNG")
    return buffer.getvalue()


def html(name, language):
    report = reports.ALL[name]()
    pictures = (PagePictures(1, picture("white"), picture("#fdd")),) if name == "changed" else ()
    return render_report_html(human_report(report, pictures), language, report.report_number)


@contextmanager
def saved(browser, tmp_path, name, language="zh", width=360):
    """The report as a file that someone saved, opened from the disk."""
    path = tmp_path / f"{name}-{language}.html"
    path.write_bytes(html(name, language))
    page = browser.new_page(viewport={"width": width, "height": 800}, java_script_enabled=True)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on(
        "request",
        lambda request: complaints.append(request.url) if not request.url.startswith(("file:", "data:")) else None,
    )
    page.goto(path.as_uri())
    yield page
    assert complaints == []
    page.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_the_report_fits_the_screen_and_is_accessible(browser, axe, screens, tmp_path, name, language, width):
    with saved(browser, tmp_path, name, language, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=str(screens / f"document-{name}-{language}-{width}.png"), full_page=True)
        assert page.evaluate("document.querySelector('.verdict').getBoundingClientRect().bottom < innerHeight")
        # The policy inside the file lets no script of the file run; the checker comes from outside and waits for none.
        page.evaluate(axe)
        found = page.evaluate("axe.run().then(result => result.violations.map(v => v.id + ': ' + v.nodes[0].html))")
        assert found == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["genuine", "undecided"])
def test_the_report_prints_on_one_page(browser, tmp_path, screens, name, language):
    with saved(browser, tmp_path, name, language, 1280) as page:
        printed = page.pdf(prefer_css_page_size=True)
    with pypdfium2.PdfDocument(printed) as document:
        assert len(document) == 1
        assert [round(side) for side in document[0].get_size()] == [595, 842]
        document[0].render(scale=1.2).to_pil().save(screens / f"document-{name}-{language}-printed.png")


def test_the_page_leads_to_a_report_that_the_browser_shows(browser, site, gallery, axe):
    with opened(browser, site, "en") as page:
        page.goto("/verify")
        page.set_input_files(
            "#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": gallery.electronic("in_force")}
        )
        page.click("button[type=submit]")
        page.click("text=Web page")
        assert page.inner_text("h1") == "Genuine and in force"
        assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderTopWidth") != "0px"
