"""Status lists on the reader's device: asked on line, kept for when there is no network, refused when altered or old."""

import threading
import time
from datetime import timedelta

import pytest
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.domain.status import LicenceStatus, china_day
from gateway.services.status_changes import StatusDecision
from tests.api.test_status_lists import address_of
from tests.browser.test_own_device import IN_CHARGE, answer, reasons
from tests.conftest import container_at
from tests.databases import copy_home
from tests.gallery import LEGAL_GROUND, application

pytestmark = pytest.mark.browser


class Office:
    """A gateway of its own, whose licences the tests may revoke; ``fault`` stands in for what a network may do to a list."""

    def __init__(self, container):
        self.container = container
        self.today = china_day(container.clock())
        self.count = 0
        self.fault = None

    def licence(self):
        self.count += 1
        number = f"粤卫公证字〔{self.today.year}〕第4417{self.count:05}号"
        return self.container.licences.issue(application("公共场所卫生许可证", number, self.today))

    def decide(self, licence, status):
        decision = StatusDecision(status, legal_ground=LEGAL_GROUND, reason="整改期间")
        self.container.status_changes.record(licence.licence_identifier, decision)

    def app(self):
        inner = create_app(self.container)
        inner.after_request(lambda response: self.fault(response) if self.fault else response)
        return inner


@pytest.fixture(scope="module")
def office(set_up_home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("office") / "data"
    copy_home(set_up_home, folder)
    office = Office(container_at(folder))
    server = make_server("127.0.0.1", 0, office.app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    office.site = f"http://127.0.0.1:{server.server_port}"
    yield office
    server.shutdown()
    office.container.deps.engine.dispose()


@pytest.fixture
def device(browser, office):
    """The page /check of a new visitor, its service worker in charge."""
    context = browser.new_context(base_url=office.site, locale="en-GB")
    page = context.new_page()
    page.goto("/check?lang=en")
    page.evaluate(IN_CHARGE)
    yield page
    office.fault = None
    context.close()


def check(page, licence):
    page.evaluate("document.getElementById('answer').hidden = true")
    page.fill("#code", licence.qr_text)
    page.click("#check-text button")
    return reasons(page)


def only_lists(change):
    """A fault that befalls status lists alone."""

    def fault(response):
        if response.mimetype == "application/statuslist+cwt" and response.status_code == 200:
            response.set_data(change(response.get_data()))
        return response

    return fault


def test_on_line_the_status_is_asked_and_its_time_said(device, office):
    assert check(device, office.licence()) == ["GENUINE", "IN_FORCE", "STATUS_LIST_USED"]
    words = answer(device).inner_text()
    assert "Signature genuine, licence in force" in words
    assert "Status asked at" in words


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (LicenceStatus.REVOKED, "LICENCE_ENDED"),
        (LicenceStatus.CANCELLED, "LICENCE_ENDED"),
        (LicenceStatus.SUSPENDED, "LICENCE_SUSPENDED"),
    ],
)
def test_a_decision_shows_within_ten_seconds(device, office, status, code):
    licence = office.licence()
    assert check(device, licence) == ["GENUINE", "IN_FORCE", "STATUS_LIST_USED"]
    office.decide(licence, status)
    started = time.monotonic()
    while check(device, licence) != ["GENUINE", code, "STATUS_LIST_USED"]:
        assert time.monotonic() - started < 10
        time.sleep(0.5)
    assert time.monotonic() - started < 10


def test_with_the_network_cut_the_kept_list_says_as_of_when(device, office):
    licence = office.licence()
    office.decide(licence, LicenceStatus.SUSPENDED)
    time.sleep(3)
    assert check(device, licence) == ["GENUINE", "LICENCE_SUSPENDED", "STATUS_LIST_USED"]
    device.context.set_offline(True)
    device.goto("/" + licence.qr_text.split("/", 3)[3])
    assert reasons(device) == ["GENUINE", "LICENCE_SUSPENDED", "STATUS_LIST_USED"]
    words = answer(device).inner_text()
    assert "Licence suspended" in words
    assert "by the list kept on this device: as of" in words


def test_with_the_network_cut_and_no_list_kept_it_says_that_it_could_not_check(device, office):
    device.context.set_offline(True)
    assert check(device, office.licence()) == ["GENUINE", "REGISTRY_NOT_CHECKED"]
    words = answer(device).inner_text()
    assert "Signature genuine, status could not be checked" in words
    assert "in force" not in words.splitlines()[0]


def test_a_kept_list_past_its_end_says_nothing_any_more(device, office):
    licence = office.licence()
    check(device, licence)
    device.context.set_offline(True)
    later = (office.container.clock() + timedelta(hours=25)).timestamp() * 1000
    device.evaluate("later => { Date.now = () => later }", later)
    assert check(device, licence) == ["GENUINE", "STATUS_LIST_TOO_OLD", "REGISTRY_NOT_CHECKED"]
    assert "status could not be checked" in answer(device).inner_text()


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-9] + bytes([token[-9] ^ 1]) + token[-8:],
        lambda token: token[:60] + bytes([token[60] ^ 1]) + token[61:],
        lambda token: token[: len(token) // 2],
        lambda token: token + b"\0",
        lambda _: b"<html>no list</html>",
        lambda _: b"",
    ],
    ids=["signature", "content", "cut", "longer", "page", "empty"],
)
def test_an_altered_list_decides_nothing(device, office, change):
    licence = office.licence()
    office.fault = only_lists(change)
    assert check(device, licence) == ["GENUINE", "STATUS_LIST_NOT_USABLE", "REGISTRY_NOT_CHECKED"]
    assert "status could not be checked" in answer(device).inner_text()


def test_the_list_of_another_authority_decides_nothing(device, office):
    licence = office.licence()
    other = "11441702G0000629X4"
    assert other not in address_of(licence)
    other_token = office.container.status_lists.published(address_of(licence).split("/")[3], 0).token
    found = device.evaluate(
        """async ([octets, authority]) => {
          const base = document.querySelector('script[type=module]').src.replace('check.js', '')
          const lists = await import(base + 'status-list.js')
          const {keys} = await (await fetch('/trust/keys')).json()
          const claims = {authority, place: 0, validFrom: '2020-01-01', validUntil: null}
          return (await lists.checkStatus(claims, Uint8Array.from(octets), keys, Date.now() / 1000)).reasons
        }""",
        [list(other_token), other],
    )
    assert found == ["REGISTRY_NOT_CHECKED"]


def test_a_refusal_is_not_hidden_behind_a_kept_list(device, office):
    licence = office.licence()
    check(device, licence)

    def fault(response):
        if response.mimetype == "application/statuslist+cwt":
            response.status_code = 503
        return response

    office.fault = fault
    assert check(device, licence) == ["GENUINE", "REGISTRY_NOT_CHECKED"]
