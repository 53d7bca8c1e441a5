"""Codes from the camera on the first page, and from pictures on the page /check that are never uploaded."""

import os
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.test_camera import film
from tests.browser.test_own_device import IN_CHARGE, answer, reasons
from tests.browser.test_pages import inspect, opened

pytestmark = pytest.mark.browser
KEPT = """async () => {
  const kept = await caches.open((await caches.keys())[0])
  const paths = (await kept.keys()).map(request => request.url.split('/').pop())
  return ['scan-worker.js', 'zxing-reader.js', 'zxing_reader.wasm'].every(name => paths.includes(name))
}"""


@pytest.mark.parametrize("permitted", [True, False])
def test_the_camera_of_the_first_page_leads_to_the_answer(gallery, site, tmp_path, permitted):
    path = tmp_path / "code.y4m"
    film(gallery.licences["in_force"].qr_text, path)
    fake = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *fake], env=dict(os.environ))
        context = browser.new_context(base_url=site, locale="en-GB", permissions=["camera"] if permitted else [])
        page = context.new_page()
        asked = []
        context.on("request", lambda request: asked.append(request.url))
        page.goto("/?lang=en")
        page.wait_for_selector("#camera:not(.waiting)")
        assert not [url for url in asked if "zxing" in url or "scan" in url or "camera" in url]
        page.click("#camera")
        if permitted:
            page.wait_for_url("**/q/**", timeout=20_000)
            words = page.inner_text("main")
        else:
            page.wait_for_selector("#camera-said:not(:empty)")
            words = page.inner_text("#camera-said")
        browser.close()
    assert ("In force" if permitted else "The camera was not permitted") in words


def test_without_scripts_the_first_page_takes_files_and_shows_no_dead_button(browser, site):
    with opened(browser, site, script=False) as page:
        page.goto("/")
        assert not page.is_visible("#camera")
        assert page.is_visible("#picture")
        assert page.is_visible("main a[href='/check']")


def test_a_browser_without_a_camera_gets_no_button(browser, site):
    with opened(browser, site) as page:
        page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
        page.goto("/")
        page.wait_for_selector("#camera", state="detached")
        page.goto("/check")
        page.wait_for_selector("#tools:not([hidden])")
        assert not page.is_visible("#camera")
        assert page.is_visible("#file")


def photo(text, *, size=900, turned=0):
    """A PNG of the code on grey paper."""
    code = Image.fromarray(zxingcpp.write_barcode(zxingcpp.BarcodeFormat.QRCode, text, 700, 700)).convert("L")
    paper = Image.new("L", (1500, 1200), 200)
    paper.paste(code.resize((size, size)), (250, 120))
    stream = BytesIO()
    paper.rotate(turned, fillcolor=200).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("turned", [0, 20])
def test_a_picture_is_read_on_the_device(browser, site, gallery, turned):
    with opened(browser, site, "en") as page:
        page.goto("/check")
        page.evaluate(IN_CHARGE)
        sent = []
        page.context.on("request", lambda request: sent.append((request.method, request.post_data_buffer)))
        data = photo(gallery.licences["in_force"].qr_text, turned=turned)
        page.set_input_files("#file", {"name": "code.png", "mimeType": "image/png", "buffer": data})
        assert reasons(page) == ["GENUINE", "IN_FORCE", "STATUS_LIST_USED"]
        assert {each for each in sent if each != ("GET", None)} == set()


def test_once_it_was_used_the_scanner_reads_with_the_network_cut(browser, site, gallery):
    data = photo(gallery.licences["in_force"].qr_text)
    picture = {"name": "code.png", "mimeType": "image/png", "buffer": data}
    with opened(browser, site, "en") as page:
        page.goto("/check")
        page.evaluate(IN_CHARGE)
        page.set_input_files("#file", picture)
        reasons(page)
        # Kept by the page: what the browser keeps by itself is soon gone on a full phone.
        assert page.evaluate(KEPT)
        page.context.set_offline(True)
        page.reload()
        page.wait_for_selector("#tools:not([hidden])")
        page.set_input_files("#file", picture)
        assert reasons(page) == ["GENUINE", "IN_FORCE", "STATUS_LIST_USED"]


@pytest.mark.parametrize(
    ("data", "words"), [(b"no picture", "The picture could not be read"), (None, "No code was read in the picture")]
)
def test_a_picture_without_a_code_says_so(browser, site, data, words):
    if data is None:
        stream = BytesIO()
        Image.new("L", (300, 300), 128).save(stream, "PNG")
        data = stream.getvalue()
    with opened(browser, site, "en") as page:
        page.goto("/check")
        page.wait_for_selector("#tools:not([hidden])")
        page.set_input_files("#file", {"name": "code.png", "mimeType": "image/png", "buffer": data})
        assert words in answer(page).inner_text()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_that_scan_are_fit_to_be_seen(browser, site, gallery, axe, screens, language, width):
    with opened(browser, site, language, width) as page:
        page.goto("/")
        page.wait_for_selector("#camera:not(.waiting)")
        inspect(page, axe, screens / f"home-ready-{language}-{width}.png")
        page.goto("/check")
        page.evaluate(IN_CHARGE)
        inspect(page, axe, screens / f"check-{language}-{width}.png")
        page.fill("#code", gallery.licences["suspended"].qr_text)
        page.click("#check-text button")
        assert reasons(page)[1] == "LICENCE_SUSPENDED"
        inspect(page, axe, screens / f"check-suspended-{language}-{width}.png")
        page.goto(gallery.code_path("in_force"))
        page.wait_for_selector("#own-check[data-found]")
        inspect(page, axe, screens / f"own-check-{language}-{width}.png")
