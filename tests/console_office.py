"""An office with people in it: staff accounts, a clock that can be moved, and browsers that keep their cookies."""

import html
import re
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.container import Container
from gateway.domain.passwords import one_time_code, step_of
from gateway.domain.staff import StaffRole
from gateway.services.dependencies import system_clock
from gateway.settings import read_settings
from tests.conftest import BASE_URL
from tests.databases import copy_home, database_of

PASSWORD = "春江潮水连海平，海上明月共潮生"
AUTHORITY = "阳江市江城区卫生健康局"
OTHER_AUTHORITY = "阳江市江城区交通运输局"
FORM = "卫生许可证正本"
DUPLICATE_FORM = "卫生许可证副本"
PEOPLE = {
    "window": ((StaffRole.WINDOW,), "梁窗口", AUTHORITY),
    "approver": ((StaffRole.APPROVER,), "陈审批", AUTHORITY),
    "both": ((StaffRole.WINDOW, StaffRole.APPROVER), "黄两岗", AUTHORITY),
    "administrator": ((StaffRole.ADMINISTRATOR,), "林管理", AUTHORITY),
    "stranger": ((StaffRole.WINDOW, StaffRole.APPROVER), "外单位", OTHER_AUTHORITY),
}


class MovingClock:
    """The time of day, and how far a test has moved it."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return system_clock() + self.ahead

    def advance(self, **by):
        self.ahead += timedelta(**by)


@dataclass
class Office:
    """A gateway with staff."""

    container: Container
    clock: MovingClock
    secrets: dict[str, str] = field(default_factory=dict)

    def authority(self, name=AUTHORITY):
        return self.container.catalogue.load().authorities_by_name[name].code

    def code(self, account):
        """A fresh one-time code; each serves once, so that the clock is moved on for it."""
        if account not in self.secrets:
            return ""
        self.clock.advance(seconds=30)
        return one_time_code(self.secrets[account], step_of(self.clock()))

    def hire(self, account, roles, name, authority):
        """An account that is ready for work."""
        services = self.container
        first = services.staff.create(account, name, roles, authority).password
        sessions = services.staff_sessions
        token = sessions.sign_in(account, first, "", "test")
        sessions.change_password(sessions.find(token, "test"), first, PASSWORD, token)
        person = sessions.find(token, "test")
        if person.duty is not None:
            self.secrets[account] = sessions.authenticator_secret(person)
            sessions.set_up_authenticator(person, self.code(account))
        sessions.sign_out(token)

    def person(self, account):
        """The signed-in person, as services see it."""
        sessions = self.container.staff_sessions
        return sessions.find(sessions.sign_in(account, PASSWORD, self.code(account), "test"), "test")

    def actor(self, account):
        return self.person(account).actor

    def app(self):
        return create_app(self.container)


def open_office(home, folder, **overrides):
    copy_home(home, folder)
    clock = MovingClock()
    settings = read_settings(
        {},
        data_dir=folder,
        database_url=database_of(folder),
        key_iterations=1000,
        password_cost=4,
        log_level="ERROR",
        **{"public_base_url": BASE_URL} | overrides,
    )
    office = Office(Container(settings, clock), clock)
    for account, (roles, name, authority) in PEOPLE.items():
        office.hire(account, roles, name, office.authority(authority))
    office.hire("chief", (StaffRole.ADMINISTRATOR,), "市管理员", None)
    blanks, authority = office.container.blank_forms, office.authority()
    blanks.receive(authority, FORM, "WS0001", "WS0020")
    blanks.receive(authority, DUPLICATE_FORM, "WF0001", "WF0020")
    return office


class Browser:
    """Someone at a desk: follows forms as they stand on the page, hidden fields and all."""

    def __init__(self, office, app, account=None):
        self.office, self.client = office, app.test_client()
        if account is not None:
            answer = self.sign_in(account)
            assert answer.status_code == 303, answer.text

    def sign_in(self, account, password=PASSWORD, code=None):
        code = self.office.code(account) if code is None else code
        return self.submit("/console/sign-in", account=account, password=password, code=code)

    def get(self, path):
        return self.client.get(path, headers={"Accept-Language": "zh"})

    def post(self, path, **values):
        return self.client.post(path, data=values, headers={"Accept-Language": "zh"})

    def submit(self, path, **values):
        """Open the page and send its form with these values."""
        return self.send(path, self.get(path), **values)

    def send(self, path, page, **values):
        """Send the form of a page that was opened before."""
        return self.post(path, **(fields(page.text) | values))


def fields(text):
    """What the last form of a page would send as it stands."""
    form = re.findall(r"<form method=\"post\"[^>]*>(.*?)</form>", text, re.DOTALL)[-1]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") != "checkbox" or " checked" in tag:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    for attributes, body in re.findall(r"<textarea ([^>]*)>(.*?)</textarea>", form, re.DOTALL):
        found[re.search(r'name="([^"]*)"', attributes)[1]] = html.unescape(body)
    for attributes, body in re.findall(r"<select ([^>]*)>(.*?)</select>", form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        found[re.search(r'name="([^"]*)"', attributes)[1]] = html.unescape(chosen[1]) if chosen else ""
    return found


RICH = "91441702MA9Y03WY4L"


def hygiene_licence(applications):
    """An application for a hygiene licence by the authority of the office."""
    return applications[1]


@pytest.fixture
def office(set_up_home, tmp_path):
    """An office to be changed at will."""
    built = open_office(set_up_home, tmp_path / "data")
    yield built
    built.container.deps.engine.dispose()


@pytest.fixture(scope="session")
def shared_office(set_up_home, tmp_path_factory, applications):
    """An office with one licence in it, which tests leave as they found it."""
    built = open_office(set_up_home, tmp_path_factory.mktemp("office") / "data")
    built.container.licences.issue(hygiene_licence(applications), duplicates=1, actor=built.actor("window"))
    yield built
    built.container.deps.engine.dispose()
