"""The page of a scanned code: the device checks the signature itself after the first screen, and nothing moves."""

import pytest

from tests.browser.test_pages import LOOKS, opened
from tests.browser.test_weight import PAINTS

pytestmark = pytest.mark.browser
VERIFIER = 30_000
"""Octets, compressed, that may follow the first screen."""
LINE = "#own-check[data-found]"
SAME = {"zh": "与本页的结论相同", "en": "it comes to the same"}
DIFFERS = {"zh": "与本页不同", "en": "own check differs"}
COULD_NOT = {"zh": "本机未能核对", "en": "could not check the signature"}


def altered(path):
    return path[:-12] + ("A" if path[-12] != "A" else "B") + path[-11:]


@pytest.mark.parametrize(("language", "width", "scheme"), LOOKS)
def test_a_genuine_code_is_checked_on_the_device_too(browser, site, gallery, language, width, scheme):
    with opened(browser, site, language, width, scheme) as page:
        page.goto(gallery.code_path("in_force"))
        before = page.locator("#own-check").bounding_box()["height"]
        page.wait_for_selector(LINE)
        assert SAME[language] in page.inner_text("#own-check")
        assert page.locator("#own-check").bounding_box()["height"] == before
        _, shift = page.evaluate(PAINTS)
        assert shift == 0


def test_a_refused_code_is_refused_by_the_device_too(browser, site, gallery):
    with opened(browser, site) as page:
        page.goto(altered(gallery.code_path("in_force")))
        page.wait_for_selector(LINE)
        assert SAME["zh"] in page.inner_text("#own-check")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_that_praises_an_altered_code_is_contradicted(browser, site, gallery, language):
    """As when a gateway in the middle shows the page of a genuine code under the address of another."""
    true, false = gallery.code_path("in_force"), altered(gallery.code_path("in_force"))
    with opened(browser, site, language) as page:
        page.route(f"**{false}", lambda route: route.fulfill(response=route.fetch(url=site + true)))
        page.goto(false)
        page.wait_for_selector(LINE)
        assert DIFFERS[language] in page.inner_text("#own-check")


def test_a_page_about_another_licence_than_the_codes_is_contradicted(browser, site, gallery):
    asked, shown = gallery.code_path("in_force"), gallery.code_path("suspended")
    with opened(browser, site) as page:
        page.route(f"**{asked}", lambda route: route.fulfill(response=route.fetch(url=site + shown)))
        page.goto(asked)
        page.wait_for_selector(LINE)
        assert DIFFERS["zh"] in page.inner_text("#own-check")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_the_keys_the_device_says_that_it_could_not(browser, site, gallery, language):
    with opened(browser, site, language) as page:
        page.route("**/trust/keys", lambda route: route.abort())
        page.goto(gallery.code_path("in_force"))
        page.wait_for_selector(LINE)
        assert COULD_NOT[language] in page.inner_text("#own-check")


def test_without_scripts_the_page_leads_to_the_check(browser, site, gallery):
    with opened(browser, site, script=False) as page:
        page.goto(gallery.code_path("in_force"))
        assert page.locator(".own a").get_attribute("href") == "/check"


def test_the_first_screen_does_not_wait_for_the_verifier_which_is_light(browser, site, gallery):
    with opened(browser, site) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        finished = {}
        session.on("Network.requestWillBeSent", lambda event: finished.setdefault(event["requestId"], [event, 0]))
        session.on(
            "Network.loadingFinished",
            lambda event: finished[event["requestId"]].__setitem__(1, event["encodedDataLength"]),
        )
        page.goto(gallery.code_path("in_force"))
        page.wait_for_selector(LINE)
        scripts = "performance.getEntriesByType('resource').filter(e => /scripts/.test(e.name))"
        # Which of the two is there first is up to the machine; that the screen does not wait is not.
        waited_for = page.evaluate(f"{scripts}.map(e => e.renderBlockingStatus)")
        later = {
            each["request"]["url"]: size for each, size in finished.values() if "/scripts/" in each["request"]["url"]
        }
        keys = [size for each, size in finished.values() if each["request"]["url"].endswith("/trust/keys")]
    print(f"verifier on /q: {sum(later.values())} octets in {len(later)} files, keys {keys}")
    assert 0 < sum(later.values()) + sum(keys) <= VERIFIER
    assert set(waited_for) == {"non-blocking"}
    assert not [url for url in later if "zxing" in url or "scan-worker" in url]
