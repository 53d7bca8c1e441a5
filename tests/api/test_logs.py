"""The log of a whole run names nobody, and every line of it can be found again by an id."""

import json
import re

import pytest
from sqlalchemy.exc import IntegrityError

from gateway import worker
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.errors import StorageError
from gateway.logs import configure_logs
from tests.api.conftest import form
from tests.conftest import container_at
from tests.console_office import PASSWORD, RICH, Browser, office
from tests.department_server import ROOT
from tests.receivers import receiving
from tests.unit.domain.cleaning_rows import GOOD
from tests.unit.services.test_deliveries import allowing, run_dry, subscribe

__all__ = ["office"]
PERSON, NUMBER, MOBILE, MAIL = "欧阳慎独", "440105199003070017", "13809876543", "shendu@example.cn"
CALLER, BROWSER, TEXT = "203.0.113.77", "Canary/7.1", f"{PERSON} {NUMBER} {MOBILE} {MAIL}"


@pytest.fixture
def department(office, as_client):
    """On the office's data; faults are answered as in production."""
    app = create_app(office.container)
    client = as_client(app, frozenset(Scope) - {Scope.ADMINISTER})
    client.environ_base |= {"REMOTE_ADDR": CALLER, "HTTP_USER_AGENT": BROWSER}
    configure_logs("DEBUG")
    return client


def logged(capsys):
    captured = capsys.readouterr()
    return [json.loads(line) for line in (captured.out + captured.err).splitlines() if line.startswith("{")]


def business(department, office, applications):
    """What is asked of a gateway on a day; gives what names whom it was about."""
    record = applications[0] | {"经营项目": TEXT}
    answer = department.post("/api/v1/licences", json={"record": record})
    assert answer.status_code == 201, answer.text
    issued = answer.get_json()
    pdf = department.get(issued["files"]["electronic"]["href"]).data
    for code in (RICH, issued["licence_identifier"], TEXT):
        assert department.post("/api/v1/resolutions", json={"text": code}).status_code == 200
    department.post("/api/v1/verifications", **form(pdf, f"{PERSON}.pdf"))
    department.post("/api/v1/verifications", **form(b"%PDF-1.7 " + TEXT.encode(), f"{PERSON}.pdf"))
    for path in (f"/e/{RICH}", f"/?text={TEXT}", f"/{PERSON}/{NUMBER}", f"/api/v1/licences?holder_code={NUMBER}"):
        department.get(path)
    register = json.dumps(GOOD | {"经营项目": TEXT, "证照号码": MOBILE}, ensure_ascii=False).encode()
    department.post("/api/v1/conversions", **form(register, f"{PERSON}.ndjson"))
    Browser(office, department.application, "window").get(f"/console/enterprises?text={PERSON}")
    with receiving() as receiver:
        gateway = allowing(office.container, receiver.port, delivery_attempts=1)
        gateway.log.sequence()
        subscribe(gateway, receiver.url)
        receiver.answers = [422]
        run_dry(gateway)
        gateway.deps.engine.dispose()
    return (RICH, issued["licence_identifier"], record["CYRMC"], record["ZZHM"], record["经营场所"])


def broken(department):
    """Faults whose errors hold persons; gives the answers."""

    def unknown(**_):
        raise ValueError(TEXT)

    def storage(**_):
        raise StorageError(f"The disk is full at {NUMBER}, {MOBILE}, {MAIL}, {RICH}.")

    def database(**_):
        raise IntegrityError(f"INSERT {TEXT}", {"name": TEXT}, ValueError(TEXT))

    for fault in (unknown, storage, database):
        department.application.view_functions["health.live"] = fault
        yield department.get("/healthz")
    worker._REST_SECONDS, rest = 0, worker._REST_SECONDS
    worker._tried("some-work", unknown)
    worker._REST_SECONDS = rest


def test_a_days_work_and_its_faults_name_nobody_in_the_log(department, office, applications, capsys):
    names = business(department, office, applications)
    answers = list(broken(department))
    assert [answer.status_code for answer in answers] == [500, 503, 503]
    lines = logged(capsys)
    events = {line["event"] for line in lines}
    assert events >= {"request", "delivery", "unknown_error", "gateway_error", "database_unavailable", "some-work"}
    assert all(line.get("request_id") or line.get("task") or line.get("work_id") for line in lines)
    assert {answer.headers["X-Request-Id"] for answer in answers} <= {line.get("request_id") for line in lines}
    whole = json.dumps(lines, ensure_ascii=False)
    staff = ("梁窗口", PASSWORD)
    hidden = (PERSON, NUMBER, MOBILE, MAIL, CALLER, BROWSER, "欧阳", *names, *staff)
    assert [word for word in hidden if word in whole] == []
    # The fault is still told from others: its kind, and where it came from.
    [fault] = [line for line in lines if line["event"] == "unknown_error"]
    assert fault["kind"] == "ValueError" and any("unknown" in frame for frame in fault["trace"])


def test_the_filter_hides_numbers_in_whatever_is_logged_and_leaves_other_words(gallery, capsys):
    container = container_at(gallery.container.settings.data_dir, log_level="INFO")
    client = create_app(container).test_client()
    client.application.view_functions["health.live"] = lambda: (_ for _ in ()).throw(
        StorageError(f"No room at {RICH} 1.2.156.3005.2.11441702G0000629X4 {NUMBER} on /srv/files, 12 MB left.")
    )
    client.get("/healthz", headers={"X-Request-Id": "from-the-caller-1"})
    [line] = [line for line in logged(capsys) if line["event"] == "gateway_error"]
    assert line["message"] == "No room at ****** ****** ****** on /srv/files, 12 MB left."
    assert line["request_id"] == "from-the-caller-1"
    container.deps.engine.dispose()


def test_nothing_is_logged_under_the_name_of_the_requests_own_id():
    """What a log call names goes before what the request bound: the id of something else would hide that of the request."""
    calls = re.compile(r"(?:_log|get_logger\(\))\.\w+\((?:[^()]|\([^()]*\))*\brequest_id=")
    sources = {path: path.read_text() for path in (ROOT / "gateway").rglob("*.py")}
    assert calls.search('_log.warning("x", why=str(error), request_id=1)')
    assert [path.name for path, text in sources.items() if calls.search(text)] == []
