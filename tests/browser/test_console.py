"""The console in a real browser: the main walk with a scanner's keyboard, and every page as people see it."""

from contextlib import contextmanager
from threading import Thread

import pytest
from werkzeug.serving import make_server

from gateway.domain.actors import Scope
from gateway.domain.wrong_entries import WrongEntryOutcome
from gateway.services.clients import ClientSpec
from tests.api.test_deliveries import dead_letter
from tests.browser.test_pages import inspect
from tests.conftest import days_ahead
from tests.console_office import PASSWORD, RICH, hygiene_licence, shared_office
from tests.receivers import receiving

__all__ = ["shared_office"]
pytestmark = pytest.mark.browser
LOOKS = (("zh", 1280, "light"), ("zh", 360, "light"), ("en", 1280, "light"), ("en", 360, "light"), ("zh", 360, "dark"))
ROOM = 768
"""Pixels from which on the links of the console stand open."""
NUMBER = "粤卫公证字〔2026〕第441702009号"


@pytest.fixture(scope="module")
def desk(shared_office):
    """Address of the office's gateway."""
    server = make_server("127.0.0.1", 0, shared_office.app(), threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def seated(browser, desk, office, account=None, language="zh", width=1280, scheme="light", *, script=True):
    """A page of someone who has signed in; nobody's without an account."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        color_scheme=scheme,
        java_script_enabled=script,
        base_url=desk,
    )
    page = context.new_page()
    page.requests, page.faults = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    page.goto("/console/sign-in")
    if account is not None:
        page.wait_for_selector("#account:focus")
        page.keyboard.type(account)
        page.fill("#password", PASSWORD)
        page.fill("#code", office.code(account))
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/")
    yield page
    context.close()


def scan(page, serial):
    """A keyboard-wedge scanner: types into what has the focus, then Enter."""
    page.wait_for_selector("input:focus")
    page.keyboard.type(serial)
    page.keyboard.press("Enter")


def test_the_main_walk(browser, desk, shared_office):
    with seated(browser, desk, shared_office, "window") as page:
        scan(page, RICH)
        page.wait_for_url(f"**/enterprises/{RICH}")
        page.click("text=签发新证照")
        page.click("main >> text=公共场所卫生许可证")
        page.wait_for_selector("#number:focus")
        page.keyboard.type(NUMBER)
        page.fill("#item_0", "阳江市江城区海陵路91号")
        page.fill("#item_1", "宾馆；理发店")
        page.fill("#duplicates", "0")
        page.click("text=预览")
        assert "将要签发的内容" in page.inner_text("main")
        page.click("button >> text=签发")
        page.wait_for_url("**/licences/*")
        licence = page.url
        page.click("section >> text=打印")
        page.wait_for_url("**/print")
        scan(page, "WS0011")
        page.wait_for_url(licence)
        assert "WS0011" in page.inner_text("main")
        page.click("a >> text=交付")
        page.wait_for_url("**/hand-over")
        scan(page, "Huang")
        page.wait_for_url(licence)
        assert "已领取" in page.inner_text("main")
        page.click("text=提请吊销或撤销")
        page.select_option("#status", "revoked")
        page.fill("#legal_ground", "《公共场所卫生管理条例》第十四条")
        page.fill("#reason", "逾期未整改")
        page.click("button >> text=提交审批")
        page.wait_for_url(licence)
        assert page.inner_text("#status") == "有效"
    with seated(browser, desk, shared_office, "approver") as page:
        page.click(f"text={NUMBER}")
        page.select_option("#outcome", "approve")
        page.fill("#decision_reason", "情况属实")
        page.fill("#password", PASSWORD)
        page.fill("#code", shared_office.code("approver"))
        page.click("button >> text=提交决定")
        page.wait_for_url(licence)
        assert page.inner_text("#status") == "已吊销"
    with seated(browser, desk, shared_office) as page:
        page.goto(f"/e/{RICH}")
        assert "已吊销" in page.inner_text(f"li:has-text('{NUMBER}')")


@pytest.fixture(scope="module")
def walk(shared_office, desk, applications):
    """Pages with something on them, by name."""
    services, clerk = shared_office.container, shared_office.actor("window")
    _, lines = services.dossiers.holder(RICH, actor=clerk)
    number = hygiene_licence(applications)["ZZHM"]
    licence = next(line.licence_identifier for line in lines if line.licence_number == number)
    kind = services.catalogue.load().types_by_name["公共场所卫生许可证"].local_type_code
    base = f"/console/licences/{licence}"
    reports = services.wrong_entries
    settled, waiting = (reports.report(RICH, "经营场所地址与营业执照上的不一致。") for _ in range(2))
    reports.settle(settled, WrongEntryOutcome.NOT_OURS, "企业登记由市场监管局负责，已转告。", actor=clerk)
    return {
        "start": "/console/",
        "search": "/console/enterprises?text=江城区",
        "search-empty": "/console/enterprises?text=没有这家",
        "enterprise": f"/console/enterprises/{RICH}",
        "types": f"/console/enterprises/{RICH}/issue",
        "issue": f"/console/enterprises/{RICH}/issue?type={kind}",
        "licence": base,
        "amendment": f"{base}/versions/amendment",
        "print": f"{base}/papers/0/print",
        "suspend": f"{base}/suspend",
        "revoke": f"{base}/revoke",
        "approvals": "/console/revocations",
        "stock": "/console/stock",
        "receive": "/console/stock/receive",
        "drifts": "/console/reconciliation",
        "statistics": "/console/statistics",
        "reports": "/console/wrong-entries",
        "report": f"/console/wrong-entries/{waiting}",
        "password": "/console/password",
        "not-found": "/console/licences/1.2.3",
        "refused": "/console/staff",
    }


@pytest.fixture(scope="module")
def kept(shared_office, walk):
    """Pages of those who keep the systems, with a department's system, a receiver and a dead letter on them."""
    services = shared_office.container
    [seal, *_] = services.seal_register.all()
    scopes, authorities = {Scope.EVENTS_READ, Scope.LICENCES_READ}, {shared_office.authority()}
    client = services.clients.create(
        ClientSpec("监管平台", "阳江市政务服务和数据管理局", frozenset(scopes), frozenset(authorities))
    )
    services.clients.new_secret(client)
    with receiving() as receiver:
        dead_letter(services, receiver, client)
    return {
        "staff": "/console/staff",
        "account": "/console/staff/create",
        "seals": "/console/seals",
        "seal-suspend": f"/console/seals/{seal.key_id}/suspend",
        "certificates": "/console/holder-certificates",
        "systems": "/console/clients",
        "system": f"/console/clients/{client}",
        "system-new": "/console/clients/create",
        "system-change": f"/console/clients/{client}/change",
        "deliveries": "/console/deliveries",
        "archive": "/console/archive",
    }


@pytest.mark.parametrize(("language", "width", "scheme"), LOOKS)
def test_every_page_is_fit_to_be_seen(browser, desk, shared_office, walk, kept, axe, screens, language, width, scheme):
    look = f"{language}-{width}-{scheme}"
    with seated(browser, desk, shared_office, None, language, width, scheme) as page:
        page.click("button")
        inspect(page, axe, screens / f"console-sign-in-{look}.png")
    with seated(browser, desk, shared_office, "both", language, width, scheme) as page:
        for name, path in walk.items():
            page.goto(path)
            inspect(page, axe, screens / f"console-{name}-{look}.png")
        if width < ROOM:
            page.click(".menu")
            inspect(page, axe, screens / f"console-menu-{look}.png")
        page.goto(walk["issue"])
        page.fill("#number", "字" * 64)
        for box in ("#item_0", "#item_1"):
            page.fill(box, "见附页")
        page.fill("#valid_until", "2020-01-01")
        page.click("button[value=preview]")
        inspect(page, axe, screens / f"console-issue-wrong-{look}.png")
        page.fill("#valid_until", days_ahead(1000))
        page.click("button[value=preview]")
        inspect(page, axe, screens / f"console-preview-{look}.png")
        assert {url for url in page.requests if not url.startswith(desk)} == set()
    with seated(browser, desk, shared_office, "chief", language, width, scheme) as page:
        for name, path in kept.items():
            page.goto(path)
            assert page.locator("h1").first.is_visible(), name
            inspect(page, axe, screens / f"console-{name}-{look}.png")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_menu_of_a_phone_takes_one_row_and_opens_without_javascript(browser, desk, shared_office, language):
    with seated(browser, desk, shared_office, "both", language, 360, script=False) as page:
        page.goto("/console/stock")
        header, links = page.locator("header"), page.locator(".who a")
        assert header.bounding_box()["height"] < 2 * 44
        assert not links.first.is_visible()
        page.focus(".menu")
        page.keyboard.press("Enter")
        assert all(link.is_visible() for link in links.all())
        assert page.locator(".who [aria-current=page]").get_attribute("href") == "/console/stock"
        assert page.locator(".who").bounding_box()["y"] >= header.bounding_box()["height"] - 1
        page.keyboard.press("Tab")
        assert links.first.evaluate("link => link === document.activeElement")
        page.keyboard.press("Escape")
        assert not links.first.is_visible()
        page.click(".menu")
        page.click(".who a[href='/console/wrong-entries']")
        page.wait_for_url("**/console/wrong-entries")
        assert not links.first.is_visible()
        page.set_viewport_size({"width": ROOM + 1, "height": 800})
        assert links.first.is_visible()
        assert not page.is_visible(".menu")
