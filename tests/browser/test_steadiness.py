"""Nothing that has been drawn moves: every page is sent in parts, as on a bad line, and scrolled to its end."""

import threading
import time

import pytest
from werkzeug.serving import make_server

from tests.browser.test_pages import opened, paths

pytestmark = pytest.mark.browser
PARTS = 14
PAUSE = 0.05
"""Seconds between two parts; the browser draws what it has meanwhile (60 frames a second)."""
SHIFTS = """new Promise(done => {
  const moved = []
  new PerformanceObserver(list => list.getEntries().forEach(entry => moved.push(
    [entry.value, ...entry.sources.map(source =>
      (source.node?.outerHTML ?? source.node?.parentElement?.outerHTML)?.slice(0, 90))])))
    .observe({type: 'layout-shift', buffered: true})
  let at = 0
  const step = () => {
    scrollTo({top: at += 500, behavior: 'instant'})
    at < document.documentElement.scrollHeight ? setTimeout(step, 30) : setTimeout(() => done(moved), 150)
  }
  setTimeout(step, 100)
})"""
DRAWN = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
COMPLETE = "performance.getEntriesByType('navigation')[0].responseEnd"


def in_parts(app):
    """The application, with its pages sent some lines at a time."""

    def slow(environ, start_response):
        answer = app(environ, start_response)
        try:
            body = b"".join(answer)
        finally:
            answer.close()
        if b"<!doctype html>" not in body[:40]:
            return [body]
        lines = body.splitlines(keepends=True)
        size = -(-len(lines) // PARTS)
        return paused(b"".join(lines[at : at + size]) for at in range(0, len(lines), size))

    return slow


def paused(parts):
    for part in parts:
        yield part
        time.sleep(PAUSE)


@pytest.fixture(scope="module")
def slow_site(gallery):
    """Address of the gallery's pages on a line that delivers them in parts."""
    server = make_server("127.0.0.1", 0, in_parts(gallery.app()), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_moves_while_a_page_comes(browser, slow_site, gallery, language, width):
    moved, drawn_early = {}, 0
    with opened(browser, slow_site, language, width) as page:
        # Without compression, else the browser has nothing to draw before the last part.
        page.set_extra_http_headers({"Accept-Encoding": "identity"})
        for name, path in paths(gallery).items():
            page.goto(path)
            drawn_early += (page.evaluate(DRAWN) or 0) < page.evaluate(COMPLETE)
            found = page.evaluate(SHIFTS)
            if found:
                moved[name] = found
    # Pages were really drawn before they were complete, else nothing could move.
    assert drawn_early > len(paths(gallery)) / 4
    assert moved == {}
