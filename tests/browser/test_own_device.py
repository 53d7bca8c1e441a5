"""The page /check in Chromium: signatures without a network, digests without an upload, the weight of the scripts."""

import gzip
import json
import urllib.request
from pathlib import Path

import pytest

from tests.browser.test_pages import opened

pytestmark = pytest.mark.browser
PARITY = Path(__file__).resolve().parents[1] / "vectors" / "parity"
IN_CHARGE = """() => new Promise(done => navigator.serviceWorker.controller ? done()
  : navigator.serviceWorker.addEventListener('controllerchange', () => done()))"""
VERIFIER, SCANNER = 30_000, 450_000


@pytest.fixture
def checking(browser, site):
    """The page /check, with its service worker in charge, and everything that was asked for."""
    context = browser.new_context(base_url=site, service_workers="allow", locale="en-GB")
    page = context.new_page()
    page.sent = []
    page.failures = []
    context.on("request", lambda request: page.sent.append((request.method, request.url, request.post_data_buffer)))
    page.on("console", lambda message: page.failures.append(message.text) if message.type == "error" else None)
    page.goto("/check?lang=en")
    page.evaluate(IN_CHARGE)
    yield page
    context.close()


def answer(page):
    page.wait_for_selector("#answer:not([hidden])")
    return page.locator("#answer")


def reasons(page):
    return answer(page).get_attribute("data-reasons").split()


def test_a_licence_code_is_checked_with_the_network_cut(checking, gallery):
    path = gallery.code_path("in_force")
    checking.context.set_offline(True)
    checking.goto(path)
    assert reasons(checking) == ["GENUINE", "REGISTRY_NOT_CHECKED"]
    words = answer(checking).inner_text()
    assert "Signature genuine, status could not be checked" in words
    assert "as of" in words


def test_an_altered_code_is_refused_with_the_network_cut(checking, gallery):
    path = gallery.code_path("in_force")
    altered = path[:-12] + ("A" if path[-12] != "A" else "B") + path[-11:]
    checking.context.set_offline(True)
    checking.goto(altered)
    assert reasons(checking) == ["SIGNATURE_INVALID"]


def test_a_code_that_leads_elsewhere_is_named_before_it_is_checked(checking, gallery, site):
    path = gallery.code_path("in_force")
    for address, expected in (
        (f"https://zz.evil.example{path}", "URL_CLONES_US"),
        (f"{site.replace('127.0.0.1', '127.0.0.1@evil.example')}{path}", "URL_CLONES_US"),
        (gallery.licences["in_force"].qr_text, "GENUINE"),
        (site + path, "GENUINE"),
        (path, "GENUINE"),
    ):
        checking.evaluate("document.getElementById('answer').hidden = true")
        checking.fill("#code", address)
        checking.click("#check-text button")
        assert reasons(checking)[0] == expected, address


@pytest.mark.parametrize("name", ["licence_codes", "lists"])
def test_every_vector_gets_its_reason_codes(checking, name):
    given = json.loads((PARITY / f"{name}.json").read_text())
    keys = {"as_of": given["at"], "keys": [{**key, "reason": "GENUINE"} for key in given["trust"]["keys"]]}
    found = checking.evaluate(
        """async ([given, keys, name]) => {
          const base = document.querySelector('script[type=module]').src.replace('check.js', '')
          const code = await import(base + 'licence-code.js'), list = await import(base + 'signed-list.js')
          const octets = text => Uint8Array.from(atob(text), character => character.charCodeAt(0))
          return given.cases.map(each => (name === 'lists'
            ? list.checkSignedList(octets(each.content_base64), keys.keys, Date.parse(given.at) / 1000)
            : code.checkLicenceCode(each.payload, keys.keys)).reasons)
        }""",
        [given, keys, name],
    )
    assert found == [case["reasons"] for case in given["cases"]]


def test_no_octet_of_a_pdf_leaves_the_device(checking, gallery, tmp_path):
    path = tmp_path / "licence.pdf"
    path.write_bytes(gallery.electronic("in_force"))
    checking.sent.clear()
    checking.set_input_files("#file", path)
    assert "The same as the registered original" in answer(checking).inner_text()
    digests = [url for _, url, _ in checking.sent if "/api/v1/digests/" in url]
    assert digests
    assert {method for method, _, _ in checking.sent} == {"GET"}
    assert [body for _, _, body in checking.sent if body] == []
    assert all(len(url) < 200 for _, url, _ in checking.sent)


def test_nothing_breaks_the_policy_of_the_page(checking):
    assert checking.failures == []


def test_the_scripts_are_light(browser, site):
    sizes = {}
    with opened(browser, site) as page:
        page.goto("/check")
        base = page.locator("script[type=module]").get_attribute("src").removesuffix("check.js")
        for name in (
            "bytes",
            "camera",
            "cbor",
            "check",
            "cose",
            "identifiers",
            "licence-code",
            "signed-list",
            "sm2",
            "sm3",
            "own-check",
            "root",
            "published",
            "status-list",
            "words",
            "workers",
            "digest-worker",
            "der",
            "pdf-signature",
        ):
            sizes[name] = octets(site + base + name + ".js")
        scanner = {
            name: octets(site + base + name)
            for name in ("scan-worker.js", "zxing-reader.js", "zxing-share.js", "zxing_reader.wasm")
        }
    print(f"verifier {sum(sizes.values())}, scanner {sum(scanner.values())} octets")
    assert sum(sizes.values()) <= VERIFIER
    assert sum(scanner.values()) <= SCANNER


def octets(address):
    """Octets of the body as served, compressed."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as response:
        body = response.read()
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(body)
    return len(body)
