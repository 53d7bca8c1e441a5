"""A gateway under a path of a host, behind an nginx that ends TLS: every page, the scanner and checks without a network."""

import os
import re
import ssl
import threading
import urllib.request
from http import HTTPStatus
from urllib.parse import urljoin

import pytest
import yaml
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm
from gateway.domain.status import china_day
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.test_camera import film
from tests.browser.test_own_device import IN_CHARGE, answer, reasons
from tests.console_office import PASSWORD, RICH, open_office
from tests.gallery import application
from tests.nginx import nginx_before
from tests.phones import ROLE
from tests.ports import free_port
from tests.unit.signing.pki import plain_pdf
from tests.unit.signing.test_keys_remote import self_signed

pytestmark = pytest.mark.browser
PREFIX = "/licences"
LINK = re.compile(r'(?:href|src|action)="([^"]+)"')
VERSION = "document.querySelector('script[type=module]').src.split('/').at(-2)"
CONSOLE = (
    "",
    "enterprises",
    "revocations",
    "stock",
    "conversions",
    "reconciliation",
    "holder-certificates",
    "password",
)
OFFICE = ("seals", "deliveries", "staff", "clients", "clients/create")


class House:
    """A gateway under a prefix, what was asked beside it, and a licence whose code the camera sees."""

    def __init__(self, office, outside, licence, token):
        self.office, self.outside, self.licence, self.token = office, outside, licence, token
        self.site = office.container.settings.public_base_url

    def fetch(self, address):
        """Status, type and content of an address, as a client without a browser gets them."""
        try:
            with urllib.request.urlopen(address, context=ssl._create_unverified_context()) as response:
                return response.status, response.headers.get_content_type(), response.read()
        except urllib.error.HTTPError as error:
            return error.code, "", b""


@pytest.fixture(scope="module")
def house(set_up_home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefixed")
    port = free_port()
    base = f"https://127.0.0.1:{port}{PREFIX}"
    office = open_office(set_up_home, folder / "data", public_base_url=base, trusted_proxies=1)
    services, today = office.container, china_day(office.clock())
    licence = services.licences.issue(
        application("公共场所卫生许可证", f"粤卫公证字〔{today.year}〕第441700001号", today)
    )
    documents = (DocumentOrder("承诺书", DocumentForm.PDF, plain_pdf()),)
    order = SigningOrder(RICH, "食品经营许可申请", ROLE, documents, department_code=office.authority())
    token = services.signing_requests.create(order).token
    gateway = make_server("127.0.0.1", 0, office.app(), threaded=True)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    with nginx_before(gateway.server_port, port, folder, *self_signed(folder, "proxy")) as outside:
        yield House(office, outside, licence, token)
    gateway.shutdown()
    services.deps.engine.dispose()


@pytest.fixture(scope="module")
def phone(house, font_configuration, tmp_path_factory):
    """A browser whose camera sees the licence's code, and that takes the proxy's certificate."""
    seen = tmp_path_factory.mktemp("film") / "code.y4m"
    film(house.licence.qr_text, seen)
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}"]
    environment = {**os.environ, "FONTCONFIG_FILE": str(font_configuration)}
    arguments = [*ARGUMENTS, "--ignore-certificate-errors", *camera]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=environment)
        yield launched
        launched.close()


@pytest.fixture
def page(phone, house):
    """A page that keeps what was asked and what went wrong; at the end nothing may have been asked beside the prefix."""
    context = phone.new_context(locale="zh-CN", permissions=["camera"], service_workers="allow")
    context.set_default_timeout(20_000)
    opened = context.new_page()
    opened.failed, opened.faults = [], []
    context.on("response", lambda got: opened.failed.append((got.status, got.url)) if got.status >= 400 else None)
    opened.on("console", lambda said: opened.faults.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert house.outside.read_text() == ""


def test_every_public_page_finds_all_that_it_names(page, house):
    code_path = house.licence.qr_text.removeprefix(house.site.upper())
    paths = ["/", "/verify", "/paper", "/about", "/check", "/docs/api", f"/e/{RICH}", f"/wrong-entry?about={RICH}"]
    paths += [code_path, f"/l/{house.licence.licence_identifier}", f"/s/{house.token}", "/about/components"]
    links = set()
    for path in paths:
        got = page.goto(house.site + path, wait_until="load")
        assert got.status == HTTPStatus.OK, path
        links |= {urljoin(got.url, link) for link in LINK.findall(page.content()) if not link.startswith("data:")}
    assert page.faults == page.failed == []
    # A host alone stands in what QR codes and statements say, never in a link.
    own = {link.partition("#")[0] for link in links if link.startswith(house.site.removesuffix(PREFIX))}
    assert len(own) > 30
    for link in own:
        status, kind, _ = house.fetch(link)
        assert status in (HTTPStatus.OK, HTTPStatus.METHOD_NOT_ALLOWED), (link, status, kind)


def test_the_answer_to_a_form_and_its_cookies_stay_under_the_prefix(page, house):
    page.goto(f"{house.site}/?lang=en")
    assert [(each["name"], each["path"], each["secure"]) for each in page.context.cookies()] == [("lang", PREFIX, True)]
    page.fill("#text", RICH)
    page.click("button")
    page.wait_for_url(f"{house.site}/e/{RICH}")
    page.goto(f"{house.site}/verify")
    data = house.licence.electronic_file.read_bytes()
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": data})
    page.click("button")
    page.wait_for_selector(".verdict.good")
    assert page.faults == page.failed == []


def test_what_machines_are_told_has_the_prefix(house):
    _, _, contract = house.fetch(f"{house.site}/api/v1/openapi.yaml")
    assert [server["url"] for server in yaml.safe_load(contract)["servers"]] == [PREFIX]
    assert house.licence.qr_text.startswith(f"{house.site.upper()}/Q/")
    statement = house.fetch(f"{house.site}/api/v1/enterprises/{RICH}/list.cbor")[2]
    assert house.site.encode() in statement
    for path in ("/trust/keys", "/trust/", "/healthz"):
        assert house.fetch(house.site + path)[0] == HTTPStatus.OK, path


def test_the_scanner_reads_the_code_of_a_licence(page, house):
    page.goto(f"{house.site}/")
    page.click("#camera")
    page.wait_for_url(f"{house.site}/q/*")
    page.wait_for_selector("#own-check.good")
    assert page.faults == page.failed == []


def test_codes_are_checked_with_the_network_cut(page, house):
    page.goto(f"{house.site}/check?lang=en")
    page.evaluate(IN_CHARGE)
    page.fill("#code", house.licence.qr_text)
    page.click("#check-text button")
    assert reasons(page) == ["GENUINE", "IN_FORCE", "STATUS_LIST_USED"]
    # The worker for paths in capitals, as the code has them, comes second.
    page.wait_for_function(
        "async () => (await navigator.serviceWorker.getRegistrations()).filter(each => each.active).length === 2"
    )
    page.context.set_offline(True)
    for address in (house.licence.qr_text, house.site + house.licence.qr_text.removeprefix(house.site.upper())):
        page.goto(address)
        assert reasons(page) == ["GENUINE", "IN_FORCE", "STATUS_LIST_USED"], address
        assert "kept" in answer(page).inner_text()
    assert page.evaluate("caches.keys()") == [f"gateway{PREFIX}-{page.evaluate(VERSION)}"]


def test_a_digest_is_asked_for_under_the_prefix(page, house):
    page.goto(f"{house.site}/check?lang=en")
    data = house.licence.electronic_file.read_bytes()
    page.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": data})
    assert "The same as the registered original" in answer(page).inner_text()
    assert page.faults == page.failed == []


@pytest.mark.parametrize(("account", "pages"), [("both", CONSOLE), ("chief", OFFICE)])
def test_every_page_of_the_console_finds_all_that_it_names(page, house, account, pages):
    page.goto(f"{house.site}/console/")
    page.wait_for_url(f"{house.site}/console/sign-in")
    page.fill("#account", account)
    page.fill("#password", PASSWORD)
    page.fill("#code", house.office.code(account))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{house.site}/console/")
    assert {each["path"] for each in page.context.cookies()} == {f"{PREFIX}/console"}
    for path in pages:
        assert page.goto(f"{house.site}/console/{path}").status == HTTPStatus.OK, path
        links = [urljoin(page.url, link) for link in LINK.findall(page.content()) if not link.startswith("data:")]
        assert all(link.startswith(f"{house.site}/") for link in links), path
    page.click("form[action$=sign-out] button")
    page.wait_for_url(f"{house.site}/console/sign-in*")
    assert page.faults == page.failed == []
