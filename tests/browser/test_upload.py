"""Uploads with progress, cancel and another try; the first page of the file in the answer, for who uploaded it alone."""

import pytest

from tests.browser.test_pages import files, inspect, opened

pytestmark = pytest.mark.browser
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 40_000}
WATCH = """() => new MutationObserver(() => {
    const bar = document.querySelector(".upload progress[value]")
    if (bar) saw(bar.value)
}).observe(document, {subtree: true, childList: true, attributes: true})"""
"""Has the page itself tell each state of the bar, however busy the machine is."""


def chosen(page, data, path="/verify", field="#file"):
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.set_input_files(field, {"name": "证照.pdf", "mimeType": "application/pdf", "buffer": data})


@pytest.fixture
def slow():
    """Makes a page's uploads slow, so that they can be watched."""

    def slowed(page, conditions=SLOW):
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", conditions)
        return session

    return slowed


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("path", "field", "button"), [("/verify", "#file", "button"), ("/", "#picture", "button.quiet")]
)
def test_an_upload_leads_to_the_report(browser, site, gallery, axe, screens, language, width, path, field, button):
    with opened(browser, site, language, width) as page:
        chosen(page, gallery.electronic("in_force"), path, field)
        page.click(f"form {button}")
        page.wait_for_selector("figure.preview img")
        assert page.url == site + path
        shown = page.evaluate(
            "(async () => { const i = document.images[0]; await i.decode(); return i.naturalWidth })()"
        )
        assert shown > 300
        assert page.evaluate("document.activeElement.tagName") == "MAIN"
        inspect(page, axe, screens / f"uploaded{path.replace('/', '-')}-{language}-{width}.png")
        page.go_back()
        page.wait_for_selector(field)


def test_the_progress_is_that_of_the_octets(browser, site, gallery, slow):
    values = []
    with opened(browser, site, "en") as page:
        page.expose_function("saw", lambda value: values.append(value))  # noqa: PLW0108 - Playwright takes no builtin
        chosen(page, gallery.electronic("in_force"))
        page.evaluate(WATCH)
        slow(page)
        page.click("form button")
        page.wait_for_selector("figure.preview")
    assert values == sorted(values)
    assert len({value for value in values if 0 < value < 1}) >= 2


def test_an_upload_can_be_cancelled_and_tried_again(browser, site, gallery, slow):
    with opened(browser, site, "en") as page:
        chosen(page, gallery.electronic("in_force"))
        session = slow(page)
        page.click("form button")
        page.click(".upload button")
        assert "Cancelled; there is no result" in page.inner_text(".upload")
        session.send("Network.emulateNetworkConditions", {**SLOW, "uploadThroughput": -1})
        page.click(".upload button >> text=Try again")
        page.wait_for_selector("figure.preview")


def test_a_broken_network_is_no_verdict_and_can_be_tried_again(browser, site, gallery):
    with opened(browser, site, "en") as page:
        chosen(page, gallery.electronic("in_force"))
        page.context.set_offline(True)
        page.click("form button")
        page.wait_for_selector(".upload button >> text=Try again")
        words = page.inner_text(".upload")
        assert "Not received" in words
        assert "says nothing about the licence" in words
        page.context.set_offline(False)
        page.click(".upload button >> text=Try again")
        page.wait_for_selector("figure.preview")


def test_a_refusal_is_shown_as_the_page_that_it_is(browser, site, gallery):
    with opened(browser, site, "en") as page:
        chosen(page, files(gallery)["unreadable"])
        page.click("form button")
        page.wait_for_selector("h1#verdict")
        assert "Cannot be read" in page.inner_text("#verdict")
        assert not page.locator("figure.preview").count()


def test_without_scripts_the_form_sends_the_file(browser, site, gallery):
    with opened(browser, site, script=False) as page:
        chosen(page, gallery.electronic("in_force"))
        page.click("form button")
        assert page.is_visible("figure.preview img")
        assert page.is_visible("#verdict")


def test_the_page_shows_nothing_of_the_file_to_who_only_has_the_report_number(browser, site, gallery):
    with opened(browser, site) as page:
        chosen(page, gallery.electronic("in_force"))
        page.click("form button")
        page.wait_for_selector("figure.preview")
        address = page.locator(".downloads a[href$='.html']").get_attribute("href")
    with opened(browser, site) as stranger:
        stranger.goto(address)
        assert not stranger.locator("img").count()
