"""The camera of /check: a fake video stream that shows a licence's QR code, and no permission."""

import os

import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 640, 480


def film(text, path):
    """A film (YUV4MPEG2) of one picture: the code in grey, in the middle of white."""
    code = np.array(zxingcpp.write_barcode(zxingcpp.BarcodeFormat.QRCode, text, 440, 440))
    picture = np.full((HEIGHT, WIDTH), 235, np.uint8)
    top, left = (HEIGHT - code.shape[0]) // 2, (WIDTH - code.shape[1]) // 2
    picture[top : top + code.shape[0], left : left + code.shape[1]] = np.where(code > 127, 235, 16)
    frame = b"FRAME\n" + picture.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode() + frame * 5)


@pytest.mark.parametrize("permitted", [True, False])
def test_the_camera_reads_a_licence_code_or_says_why_not(gallery, site, tmp_path, permitted):
    path = tmp_path / "code.y4m"
    film(gallery.licences["in_force"].qr_text, path)
    fake = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *fake], env=dict(os.environ))
        context = browser.new_context(base_url=site, locale="en-GB", permissions=["camera"] if permitted else [])
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        context.on("request", lambda request: asked.append(request.url))
        page.goto("/check?lang=en")
        page.wait_for_selector("#tools:not([hidden])")
        assert not [url for url in asked if "zxing" in url]
        page.click("#camera")
        page.wait_for_selector("#answer:not([hidden])", timeout=20_000)
        words, reasons = page.inner_text("#answer"), page.get_attribute("#answer", "data-reasons")
        browser.close()
    if permitted:
        assert reasons == "GENUINE IN_FORCE STATUS_LIST_USED", words
    else:
        assert "The camera was not permitted" in words
