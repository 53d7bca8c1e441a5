"""The pages in a real browser: as people see them, without JavaScript, and with nothing asked of anyone else."""

import re
import threading
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.container import Container
from tests.conftest import VECTORS
from tests.gallery import MISTAKEN, POOR, RICH, UNREGISTERED

pytestmark = pytest.mark.browser
WIDTHS = (360, 1280)
LOOKS = [(language, width, "light") for language in ("zh", "en") for width in WIDTHS] + [("zh", 360, "dark")]


def paths(gallery):
    licences = {f"licence-{name.replace('_', '-')}": gallery.path(name) for name in gallery.licences}
    return {
        "home": "/",
        "verify": "/verify",
        "paper": "/paper",
        "wrong-entry": f"/wrong-entry?about={RICH}",
        "components": "/about/components",
        "list-filtered": f"/e/{RICH}?state=suspended",
        "list-nothing": f"/e/{RICH}?type=x",
        "about": "/about",
        "list": f"/e/{RICH}",
        "list-empty": f"/e/{POOR}",
        "not-found": f"/e/{UNREGISTERED}",
        "mistaken": f"/e/{MISTAKEN}",
        "no-page": "/nowhere",
        "licence-code": gallery.code_path("in_force"),
        **licences,
    }


def files(gallery):
    original = gallery.electronic("in_force")
    middle = original.index(b"stream") + 40
    return {
        "genuine": original,
        "tampered": original[:middle] + bytes([original[middle] ^ 1]) + original[middle + 1 :],
        "suspended": gallery.electronic("suspended"),
        "unsigned": gallery.licences["in_force"].paper_file.read_bytes(),
        "unreadable": b"this is no PDF",
    }


@contextmanager
def opened(browser, site, language="zh", width=360, scheme="light", *, script=True):
    """A page of a new visitor, and the requests that it makes."""
    context = browser.new_context(
        viewport={"width": width, "height": 780},
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        color_scheme=scheme,
        java_script_enabled=script,
        base_url=site,
    )
    page = context.new_page()
    page.requests, page.faults = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()


def present(page, data):
    page.goto("/verify")
    page.set_input_files("#file", {"name": "证照.pdf", "mimeType": "application/pdf", "buffer": data})
    page.click("button")
    # The script that shows the progress of the upload leads on when the answer is there.
    page.wait_for_selector(".verdict")


def inspect(page, axe, screen):
    """Screenshot, sideways scrolling, targets that are too small, accessibility, foreign requests, broken policy."""
    page.screenshot(path=str(screen), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), screen.name
    small = page.evaluate(
        "[...document.querySelectorAll('button, input, nav a, .more, summary')]"
        ".filter(e => e.offsetParent && (e.closest('label') ?? e).getBoundingClientRect().height < 44)"
        ".map(e => e.outerHTML)"
    )
    assert small == [], screen.name
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", tags)["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == [], screen.name
    assert [fault for fault in page.faults if "status of 4" not in fault] == [], screen.name


@pytest.mark.parametrize(("language", "width", "scheme"), LOOKS)
def test_every_page_is_fit_to_be_seen(browser, site, gallery, axe, screens, language, width, scheme):
    look = f"{language}-{width}-{scheme}"
    with opened(browser, site, language, width, scheme) as page:
        for name, path in paths(gallery).items():
            page.goto(path)
            inspect(page, axe, screens / f"{name}-{look}.png")
        for name, data in files(gallery).items():
            present(page, data)
            for summary in page.query_selector_all("summary"):
                summary.click()
            inspect(page, axe, screens / f"report-{name}-{look}.png")
        page.goto("/paper")
        page.fill("#text", gallery.licences["suspended"].qr_text)
        page.press("#text", "Enter")
        page.wait_for_selector(".compare")
        inspect(page, axe, screens / f"paper-checked-{look}.png")
        page.goto(f"/wrong-entry?about={RICH}")
        page.fill("#text", "地址有误，请核对。")
        page.click("button")
        page.wait_for_selector("[role=status]")
        inspect(page, axe, screens / f"wrong-entry-sent-{look}.png")
        for name in ("/", f"/e/{RICH}", gallery.path("in_force")):
            page.goto(f"{name}?size=large")
            inspect(page, axe, screens / f"large-{name.strip('/').partition('/')[0] or 'home'}-{look}.png")
        assert {url for url in page.requests if not url.startswith(site)} == set()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_says_the_same_without_javascript(browser, site, gallery, language, width):
    said = []
    for script in (True, False):
        with opened(browser, site, language, width, script=script) as page:
            words = {}
            for name, path in paths(gallery).items():
                page.goto(path)
                assert page.locator("h1").first.is_visible(), name
                words[name] = re.sub(r"\d\d:\d\d:\d\d", "", page.inner_text("main"))
            said.append(words)
    # What a script adds stands beside the words, never in the place of them.
    for name, words in said[1].items():
        assert set(words.split()) <= set(said[0][name].split()), name


def test_the_page_to_wait_on_leads_back_to_the_question(browser, gallery, axe, screens):
    settings = gallery.container.settings.model_copy(update={"lookups_per_minute": 30})
    app = create_app(Container(settings, gallery.container.clock))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with opened(browser, f"http://127.0.0.1:{server.server_port}") as page:
            asking = app.test_client()
            while asking.get(f"/e/{POOR}").status_code == HTTPStatus.OK:
                pass
            page.goto(f"/e/{RICH}")
            inspect(page, axe, screens / "queue.png")
            page.wait_for_timeout(1000 * int(re.search(r"(\d+) 秒", page.inner_text("main"))[1]))
            page.click("text=再试一次")
            assert page.locator(".licence").count() == len(gallery.licences)
    finally:
        server.shutdown()


def test_the_main_job_works_without_javascript(browser, site):
    with opened(browser, site, script=False) as page:
        page.goto("/")
        page.fill("#text", RICH)
        page.press("#text", "Enter")
        page.wait_for_url(f"**/e/{RICH}")
        page.click("text=English")
        assert "All licences" in page.inner_text("main")
        page.click(".licence.good a")
        assert page.inner_text("#verdict").startswith("In force")
        page.go_back()
        assert "All licences" in page.inner_text("main")
        page.goto("/")
        page.set_input_files("#picture", str(Path(VECTORS / "qr" / "plain.png")))
        page.click("button.quiet")
        page.wait_for_url(f"**/e/{RICH}")


def test_each_file_gets_a_different_plain_answer(browser, site, gallery):
    answers = {}
    for language in ("zh", "en"):
        with opened(browser, site, language) as page:
            for name, data in files(gallery).items():
                present(page, data)
                answers[name, language] = page.inner_text(".verdict h1").split("\n")[0].strip()
    assert len(set(answers.values())) == len(answers)
    assert answers["tampered", "en"] == "Not genuine"
    assert answers["suspended", "zh"] == "真实，但已暂扣"


def test_the_first_screen_of_a_phone_holds_the_answer(browser, site, gallery):
    with opened(browser, site, width=360) as page:
        page.goto(gallery.path("suspended"))
        assert page.evaluate("document.querySelector('.verdict').getBoundingClientRect().bottom < innerHeight")
        page.goto(f"/e/{RICH}")
        assert page.evaluate("document.querySelector('.licence').getBoundingClientRect().bottom < innerHeight")


def test_pages_print_without_their_controls(browser, site, gallery, screens):
    with opened(browser, site, width=1280) as page:
        page.goto(gallery.path("in_force"))
        page.emulate_media(media="print")
        page.screenshot(path=str(screens / "print-licence.png"), full_page=True)
        assert not any(nav.is_visible() for nav in page.query_selector_all("nav"))
        assert page.is_visible("#verdict")


def test_the_page_is_light(browser, site):
    with opened(browser, site) as page:
        page.goto(f"/e/{RICH}")
        assert len([url for url in page.requests if "icon" not in url]) == 1
        shift = page.evaluate(
            "new Promise(done => new PerformanceObserver(list => done(list.getEntries().length))"
            ".observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 300))"
        )
        assert shift == 0


def test_the_inspection_finds_what_it_looks_for(browser, site, axe, tmp_path):
    """An inspector that finds nothing anywhere would prove nothing."""
    with opened(browser, site) as page:
        page.goto("/")
        page.evaluate("document.querySelector('label[for=picture]').remove()")
        with pytest.raises(AssertionError, match="label"):
            inspect(page, axe, tmp_path / "x.png")
        page.goto("/")
        page.evaluate("document.querySelector('button').setAttribute('style', 'color: red')")
        with pytest.raises(AssertionError, match="Content Security Policy"):
            inspect(page, axe, tmp_path / "x.png")
