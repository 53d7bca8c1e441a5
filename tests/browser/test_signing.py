"""The page of a signing request in a real browser: fit to be seen, followed with scripts and without."""

import threading

import pytest
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm
from tests.browser.test_pages import inspect, opened
from tests.phones import ROLE, phone_of
from tests.unit.signing.pki import plain_pdf

pytestmark = pytest.mark.browser


@pytest.fixture
def asked(fresh, applications):
    """A request that waits to be scanned."""
    department = next(iter(fresh.catalogue.load().authorities_by_code))
    documents = (
        DocumentOrder("食品安全承诺书", DocumentForm.PDF, plain_pdf()),
        DocumentOrder("食品经营许可申请表", DocumentForm.JSON, '{"名称":"某某"}'.encode()),
    )
    code = applications[0]["CYRSFZJHM"]
    return fresh.signing_requests.create(
        SigningOrder(code, "食品经营许可申请", ROLE, documents, department_code=department)
    )


@pytest.fixture
def desk(fresh):
    """Address of a gateway of its own."""
    server = make_server("127.0.0.1", 0, create_app(fresh), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_fit_to_be_seen(browser, desk, asked, axe, screens, fresh, language, width, scheme):
    with opened(browser, desk, language, width, scheme) as page:
        page.goto(f"/s/{asked.token}")
        inspect(page, axe, screens / f"signing-{language}-{width}-{scheme}.png")
        fresh.signing_sessions.decline(asked.token, "")
        page.wait_for_selector('#signing[data-state="declined"]')
        inspect(page, axe, screens / f"signing-over-{language}-{width}-{scheme}.png")


def test_whoever_waits_sees_each_step(browser, desk, asked, fresh, applications):
    with opened(browser, desk) as page:
        page.goto(f"/s/{asked.token}")
        page.wait_for_selector("svg.qr")
        fresh.signing_sessions.present(asked.token)
        page.wait_for_selector('#signing[data-state="presented"]')
        phone_of(fresh, applications[0]["CYRSFZJHM"]).sign(fresh, asked.token)
        page.wait_for_selector('#signing[data-state="signed"]')
        assert page.locator("svg.qr").count() == 0
        assert "已签名" in page.inner_text("h1")
        assert page.faults == []


def test_without_scripts_the_page_is_loaded_again(browser, desk, asked, fresh):
    with opened(browser, desk, script=False) as page:
        page.goto(f"/s/{asked.token}")
        assert page.locator("svg.qr").count() == 1
        assert page.locator('noscript meta[http-equiv="refresh"], meta[http-equiv="refresh"]').count() == 1
        fresh.signing_sessions.decline(asked.token, "")
        page.wait_for_selector('#signing[data-state="declined"]', timeout=25_000)
        page.goto(f"/s/{asked.token}?refresh=off")
        assert page.locator('meta[http-equiv="refresh"]').count() == 0
