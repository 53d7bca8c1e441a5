"""Every page of the console by every role; forged forms; other authorities."""

import json
import re
from http.cookies import SimpleCookie

import pytest

from gateway.console.access import CSRF_FIELD
from gateway.console.frame import COOKIE
from gateway.domain.actors import Scope
from gateway.domain.archive_files import unpack
from gateway.domain.archives import MANIFEST, ArchiveManifest
from gateway.domain.status import LicenceStatus, china_day
from gateway.services.clients import ClientSpec
from gateway.services.conversion_sources import ConversionSource
from gateway.services.status_changes import StatusDecision
from signing.cose import parse_sign1
from tests.console_office import PASSWORD, PEOPLE, RICH, Browser, shared_office
from tests.gallery import application

__all__ = ["shared_office"]
EVERYONE = frozenset({*PEOPLE, "chief"})
READERS = EVERYONE - {"administrator", "chief"}
CLERKS = READERS - {"approver"}
APPROVERS = READERS - {"window"}
ADMINISTRATORS = frozenset({"administrator", "chief"})
BEGINNER = frozenset({"window"})
"""Who took the register in: a job is that person's own."""
OWN = EVERYONE - {"stranger"}
"""A stranger has the roles, but another authority."""
PAGES = {
    "dashboard": ("/console/", EVERYONE),
    "password": ("/console/password", EVERYONE),
    "second_factor": ("/console/second-factor", frozenset({"window"})),
    "search": ("/console/enterprises?text=阳江", READERS),
    "enterprise": ("/console/enterprises/{holder}", READERS),
    "issue": ("/console/enterprises/{holder}/issue", CLERKS),
    "licence": ("/console/licences/{licence}", READERS & OWN),
    "electronic": ("/console/licences/{licence}/electronic.pdf", READERS & OWN),
    "change_status": ("/console/licences/{licence}/suspend", CLERKS & OWN),
    "settle": ("/console/licences/{licence}/obligations/1", CLERKS & OWN),
    "new_version": ("/console/licences/{licence}/versions/amendment", CLERKS & OWN),
    "paper_file": ("/console/licences/{licence}/papers/0.pdf", CLERKS & OWN),
    "print_paper": ("/console/licences/{licence}/papers/0/print", CLERKS & OWN),
    "hand_over": ("/console/licences/{licence}/hand-over", CLERKS & OWN),
    "end_paper": ("/console/licences/{licence}/papers/0/void", CLERKS & OWN),
    "propose_revocation": ("/console/licences/{licence}/revoke", CLERKS & OWN),
    "revocations": ("/console/revocations", READERS),
    "decide_revocation": ("/console/revocations/1", APPROVERS & OWN),
    "reconciliation": ("/console/reconciliation", READERS),
    "reconciliation_file": ("/console/reconciliation.csv", READERS),
    "statistics": ("/console/statistics", READERS),
    "wrong_entries": ("/console/wrong-entries", READERS),
    "settle_wrong_entry": ("/console/wrong-entries/{report}", READERS),
    "holder_certificates": ("/console/holder-certificates", EVERYONE),
    "deliveries": ("/console/deliveries", ADMINISTRATORS),
    "stock": ("/console/stock", CLERKS),
    "receive_forms": ("/console/stock/receive", CLERKS),
    "put_forms_aside": ("/console/stock/put-aside", CLERKS),
    "archive": ("/console/archive", ADMINISTRATORS),
    "seals": ("/console/seals", ADMINISTRATORS),
    "make_seal": ("/console/seals/make", ADMINISTRATORS),
    "seal_picture": ("/console/seals/{seal}.png", ADMINISTRATORS),
    "change_seal": ("/console/seals/{seal}/suspend", ADMINISTRATORS),
    "conversions": ("/console/conversions", CLERKS),
    "conversion": ("/console/conversions/{job}", BEGINNER),
    "conversion_progress": ("/console/conversions/{job}/progress", BEGINNER),
    "conversion_errors": ("/console/conversions/{job}/errors.xlsx", BEGINNER),
    "conversion_report": ("/console/conversions/{job}/report.csv", BEGINNER),
    "conversion_samples": ("/console/conversions/{job}/samples.pdf", BEGINNER),
    "staff_accounts": ("/console/staff", ADMINISTRATORS),
    "create_account": ("/console/staff/create", ADMINISTRATORS),
    "change_account": ("/console/staff/window/reset", ADMINISTRATORS),
    "clients": ("/console/clients", ADMINISTRATORS),
    "create_client": ("/console/clients/create", ADMINISTRATORS),
    "show_client": ("/console/clients/{client}", ADMINISTRATORS),
    "change_client": ("/console/clients/{client}/change", ADMINISTRATORS),
    "rotate_client": ("/console/clients/{client}/rotate", ADMINISTRATORS),
    "revoke_secret": ("/console/clients/{client}/secrets/1/revoke", ADMINISTRATORS),
    "switch_client": ("/console/clients/{client}/disable", ADMINISTRATORS),
}
"""By route: an address, and who may open it."""
NO_PAGE = {"sign_in", "sign_out"}
"""The way in is everyone's, the way out has no page."""
PERMITTED_BUT_EMPTY = {"settle", "hand_over"}
"""Nothing to settle or to hand over: found to be missing only by those who may look."""


@pytest.fixture(scope="module")
def app(shared_office):
    return shared_office.app()


@pytest.fixture(scope="module")
def people(shared_office, app):
    return {account: Browser(shared_office, app, account) for account in EVERYONE}


@pytest.fixture(scope="module")
def addresses(shared_office, tmp_path_factory):
    _, lines = shared_office.container.dossiers.holder(RICH, actor=shared_office.actor("window"))
    identifier = lines[0].licence_identifier
    decision = StatusDecision(LicenceStatus.REVOKED, "依据", "事由")
    shared_office.container.revocations.propose(identifier, decision, actor=shared_office.actor("window"))
    own = frozenset({shared_office.authority()})
    spec = ClientSpec("审批系统", "测试部门", frozenset({Scope.LICENCES_READ}), own)
    client = shared_office.container.clients.create(spec)
    job = dry_run(shared_office.container, tmp_path_factory.mktemp("register"), shared_office.actor("window"))
    of_authority = shared_office.container.seal_register.all(authority_codes=own)
    report = shared_office.container.wrong_entries.report(RICH, "地址有误")
    named = {"seal": of_authority[0].key_id, "holder": RICH, "licence": identifier, "client": client, "job": job}
    named["report"] = report
    return {name: path.format(**named) for name, (path, _) in PAGES.items()}


def dry_run(container, folder, actor):
    """A register of one good line that was tried; gives the job's id."""
    path = folder / "register.ndjson"
    path.write_text(
        json.dumps(application("公共场所卫生许可证", "粤卫公证字〔2020〕第441702099号", china_day(container.clock())))
    )
    job = container.conversions.begin(ConversionSource(path, container.catalogue.load()), is_dry_run=True, actor=actor)
    container.conversions.work(job.id, 0)
    assert container.conversions.show(job.id, actor).counts.by_status == {"would_convert": 1}
    return job.id


def test_the_matrix_holds_every_route(app):
    routes = {
        rule.endpoint.removeprefix("console.")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("console.")
    }
    assert routes == set(PAGES) | NO_PAGE


@pytest.mark.parametrize("name", PAGES)
def test_every_page_by_every_role(people, addresses, name):
    allowed = PAGES[name][1]
    for account, browser in people.items():
        status = browser.get(addresses[name]).status_code
        expected = {404} if name in PERMITTED_BUT_EMPTY else {200}
        assert status in (expected if account in allowed else {403, 404}), (name, account, status)


@pytest.mark.parametrize("name", [*PAGES, "sign_out"])
def test_visitors_are_sent_to_sign_in(app, addresses, name):
    for method in ("get", "post"):
        answer = getattr(app.test_client(), method)(addresses.get(name, "/console/sign-out"))
        assert answer.status_code == 405 or answer.headers["Location"] == "/console/sign-in"


@pytest.mark.parametrize("name", [*PAGES, "sign_out"])
def test_forms_that_are_not_ours_do_nothing(shared_office, people, addresses, app, name):
    path = addresses.get(name, "/console/sign-out")
    if "POST" not in {
        m for rule in app.url_map.iter_rules() if rule.endpoint == f"console.{name}" for m in rule.methods
    }:
        assert people["window"].post(path).status_code == 405
        return
    for account, browser in people.items():
        for token in ({}, {CSRF_FIELD: ""}, {CSRF_FIELD: "0" * 64}):
            assert browser.post(path, **token).status_code == 403, (name, account)
    # A token of one session is worth nothing in another.
    others = re.search(r'name="csrf" value="(\w+)"', people["approver"].get("/console/").text)[1]
    assert people["window"].post(path, **{CSRF_FIELD: others}).status_code == 403


def test_the_sign_in_form_is_bound_to_its_browser(shared_office, app):
    client = app.test_client()
    values = {"account": "window", "password": PASSWORD, "code": ""}
    assert client.post("/console/sign-in", data=values).status_code == 403
    page = client.get("/console/sign-in")
    token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]
    assert app.test_client().post("/console/sign-in", data=values | {CSRF_FIELD: token}).status_code == 403
    assert client.post("/console/sign-in", data=values | {CSRF_FIELD: token}).status_code == 303


def test_the_cookie_is_for_this_path_and_site_alone(shared_office, app):
    browser = Browser(shared_office, app)
    before = browser.get("/console/sign-in").headers["Set-Cookie"]
    after = browser.sign_in("window").headers["Set-Cookie"]
    tokens = []
    for header in (before, after):
        cookie = SimpleCookie(header)[COOKIE]
        assert (cookie["secure"], cookie["httponly"]) == (True, True)
        assert (cookie["samesite"], cookie["path"], cookie["domain"], cookie["max-age"]) == (
            "Strict",
            "/console",
            "",
            "",
        )
        tokens.append(cookie.value)
    assert tokens[0] != tokens[1]
    assert browser.get("/console/").status_code == 200
    client = app.test_client()
    client.set_cookie(COOKIE, tokens[0], path="/console")
    assert client.get("/console/").status_code == 303


def test_an_administrator_exports_a_record_with_its_reason(people, addresses):
    identifier, keeper = addresses["licence"].rpartition("/")[2], people["administrator"]
    got = keeper.submit("/console/archive", subject=f" {identifier} ", reason="移交档案馆")
    assert (got.status_code, got.mimetype, got.headers["Cache-Control"]) == (200, "application/zip", "no-store")
    manifest = ArchiveManifest.decode(parse_sign1(unpack(got.data)[MANIFEST]).payload)
    assert manifest.subject == identifier
    assert keeper.submit("/console/archive", subject=identifier, reason=" ").status_code == 422
    assert keeper.submit("/console/archive", subject="1.2.3", reason="移交").status_code == 404
    assert keeper.submit("/console/archive", subject="91350100M000100Y43", reason="移交").status_code == 404


def test_signing_out_ends_it(shared_office, app):
    browser = Browser(shared_office, app, "window")
    page = browser.get("/console/")
    token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]
    assert browser.post("/console/sign-out", csrf=token).headers["Location"] == "/console/sign-in"
    assert browser.get("/console/").status_code == 303


def test_a_first_password_leads_nowhere_else(shared_office, app):
    made = shared_office.container.staff.reset("both")
    browser = Browser(shared_office, app)
    assert browser.sign_in("both", made.password, "").status_code == 303
    for path in ("/console/", "/console/stock", "/console/enterprises?text=x"):
        assert browser.get(path).headers["Location"] == "/console/password"
    page = browser.submit("/console/password", old=made.password, password="短", again="短")
    assert page.status_code == 422
    page = browser.submit("/console/password", old=made.password, password=PASSWORD, again="另一句不一样的口令在这里")
    assert "两次输入的新口令不同" in page.text
    assert browser.submit("/console/password", old=made.password, password=PASSWORD, again=PASSWORD).status_code == 303
    assert browser.get("/console/").headers["Location"] == "/console/second-factor"
    page = browser.get("/console/second-factor")
    shared_office.secrets["both"] = re.search(r'id="secret">(\w+)<', page.text)[1]
    assert browser.submit("/console/second-factor", code="000000").status_code == 422
    assert browser.submit("/console/second-factor", code=shared_office.code("both")).status_code == 303
    assert browser.get("/console/").status_code == 200


def test_pages_have_a_policy_of_their_own_and_are_not_kept(people):
    page = people["window"].get("/console/")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    assert " style=" not in page.text


def test_pages_say_everything_in_both_languages(people):
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for path in ("/console/", "/console/stock", "/console/stock/receive", "/console/password"):
        page = people["window"].client.get(path + "?lang=en")
        assert page.headers["Content-Language"] == "en"
        # What is Chinese in every language says so: names, forms, what was typed.
        text = re.sub(r'<(\w+)[^>]*lang="zh-CN"[^>]*>.*?</\1>', "", page.text, flags=re.DOTALL)
        text = re.sub(r"<style>.*?</style>|<small class=\"hint\".*?</small>", "", text, flags=re.DOTALL)
        assert not chinese.search(text), path
        people["window"].client.get("/console/?lang=zh")
