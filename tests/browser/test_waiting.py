"""The queue in Chromium: with JavaScript the device works out what lets it in, without it the visitor waits."""

import hashlib
import json
import re
import threading
import time

import pytest
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.container import Container
from tests.gallery import RICH

pytestmark = pytest.mark.browser
WAIT = 12
"""Seconds: longer than a busy machine takes to show a page and press a button."""


@pytest.fixture(scope="module")
def crowded(gallery):
    """Address of the gallery's pages where each look-up needs a proof of work, or some seconds."""
    settings = {"proof_of_work_bits": 14, "proof_of_work_above": 0, "proof_of_work_wait_seconds": WAIT}
    container = Container(gallery.container.settings.model_copy(update=settings))
    server = make_server("127.0.0.1", 0, create_app(container), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def is_failure(said):
    """Statuses are looked at by themselves."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


def page_of(browser, crowded, **options):
    context = browser.new_context(base_url=crowded, locale="zh-CN", **options)
    page = context.new_page()
    page.statuses, page.failures = [], []
    page.on("response", lambda answer: page.statuses.append((answer.request.method, answer.status)))
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.on("console", lambda said: page.failures.append(said.text) if is_failure(said) else None)
    return page


def test_the_device_works_its_way_in_by_itself(browser, crowded, gallery):
    page = page_of(browser, crowded)
    for path in (f"/e/{RICH}?state=revoked", gallery.code_path("in_force")):
        assert page.goto(path).status == 429
        page.wait_for_selector("#waiting", state="detached")
        assert page.url == f"{crowded}{path}"
        assert page.context.cookies() == []
    assert "证照现在有效" in page.inner_text("main")
    assert page.statuses.count(("POST", 303)) == 2
    assert page.failures == []
    page.context.close()


def test_a_file_is_asked_for_once_more_and_then_answered(browser, crowded, gallery, tmp_path):
    path = tmp_path / "licence.pdf"
    path.write_bytes(gallery.electronic("in_force"))
    page = page_of(browser, crowded)
    page.goto("/verify")
    page.set_input_files("#file", path)
    with page.expect_response("**/admission"):
        page.click("form button[type=submit]")
    page.wait_for_selector("#waiting", state="detached")
    page.wait_for_selector("#file")
    page.set_input_files("#file", path)
    page.click("form button[type=submit]")
    page.wait_for_selector("#verdict")
    print(page.statuses)
    assert "真实" in page.inner_text("#verdict")
    assert page.failures == []
    page.context.close()


def test_without_a_script_the_wait_lets_in(browser, crowded):
    page = page_of(browser, crowded, java_script_enabled=False)
    assert page.goto(f"/e/{RICH}").status == 429
    asked = time.monotonic()
    page.click("#waiting button")
    # Too early: the same queue, with what is left.
    assert page.url == f"{crowded}/admission"
    assert re.search(r"请等待 \d+ 秒", page.inner_text("main"))
    while page.locator("#waiting").count():
        assert time.monotonic() - asked < 20 * WAIT
        time.sleep(1)
        page.click("#waiting button")
    assert time.monotonic() - asked >= WAIT - 1
    assert page.url == f"{crowded}/e/{RICH}"
    page.context.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_queue_has_no_fault_of_accessibility(browser, crowded, axe, language):
    page = page_of(browser, crowded, extra_http_headers={"Accept-Language": language}, java_script_enabled=True)
    page.route("**/waiting.js", lambda route: route.abort())
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"/e/{RICH}")
        page.evaluate(axe)
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
        assert [each["id"] for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


def test_digests_of_the_worker_are_those_of_sha_256(browser, crowded):
    page = page_of(browser, crowded)
    page.goto("/about")
    page.goto("/verify")
    base = page.get_attribute("script[type=module]", "src").replace("upload.js", "proof-worker.js")
    texts = ["", "abc", "x" * 55, *(f"0c6d2f8e9b3a4c5d7e1f20319a8b7c6d.{number}" for number in range(200))]
    found = page.evaluate("async ([base, texts]) => texts.map((await import(base)).firstWords)", [base, texts])
    expected = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    assert [f"{first:08x}{second:08x}" for first, second in json.loads(json.dumps(found))] == expected
    page.context.close()
