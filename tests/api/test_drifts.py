"""Every kind of drift between paper and electronic records, brought about and read through the API."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.app import create_app
from gateway.container import Container
from gateway.domain.actors import Scope
from gateway.domain.papers import BlankState
from gateway.domain.reconciliation import DRIFT_WORDS, DriftKind
from gateway.domain.status import china_day
from gateway.persistence.models import BlankForm
from tests.api.conftest import conforms, problem_of
from tests.gallery import application

FORM = "公共场所卫生许可证正本"
OLD_SYSTEM = "卫生许可旧系统"


class Desk:
    """A department that issues, prints and reports, and then asks what does not agree."""

    def __init__(self, container, as_client, record):
        self.container, self.record = container, record
        self.client = as_client(create_app(container), frozenset(Scope))
        self.authority = container.catalogue.load().authorities_by_name[record["FZJGMC"]].code

    def post(self, path, body, status=201):
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def receive(self, first, last):
        self.post("/blank-forms", {"authority_code": self.authority, "form": FORM, "first": first, "last": last})

    def issue(self):
        self.licence = self.post("/licences", {"record": self.record})
        return f"/licences/{self.licence['licence_identifier']}"

    def hand_out(self):
        """A licence in its holder's hand, on the first of three forms: nothing is wrong."""
        self.receive("YB01", "YB03")
        path = self.issue()
        self.post(f"{path}/papers/0/prints", {"blank_form": FORM, "blank_serial_number": "YB01"})
        self.post(f"{path}/papers/0/collections", {"collected_by": "梁某某"})
        assert self.drifts() == []
        return path

    def report(self, record=None, serial=""):
        body = {"record": record or self.record, "origin": OLD_SYSTEM, "blank_serial_number": serial}
        return self.post("/licence-reports", body | {"blank_form": FORM if serial else ""})

    def drifts(self, query=""):
        """Rows of the report; what is counted is what is shown, and every row says in words what it is."""
        answer = self.client.get(f"/api/v1/reconciliations{query}")
        assert answer.status_code == 200, answer.text
        report = conforms(answer.get_json(), "Reconciliation")
        assert report["counts"]["by_kind"].keys() == set(DriftKind)
        counted = {kind: count for kind, count in report["counts"]["by_kind"].items() if count}
        rows = report["rows"]
        assert sum(counted.values()) == report["counts"]["total"] == len(rows)
        assert counted.keys() == {row["kind"] for row in rows}
        for row in rows:
            assert (row["kind_zh"], row["kind_en"]) == DRIFT_WORDS[row["kind"]]
            assert row["authority_code"] == self.authority
        return rows


@pytest.fixture
def record(fresh):
    today = china_day(fresh.clock())
    return application("公共场所卫生许可证", f"粤卫公证字〔{today.year}〕第441710008号", today)


@pytest.fixture
def desk(fresh, as_client, record):
    return Desk(fresh, as_client, record)


def only(rows, kind):
    (row,) = rows
    assert row["kind"] == kind
    return row


def test_printed_without_an_electronic_licence(desk):
    desk.report(serial="YB77")
    row = only(desk.drifts(), "paper_without_electronic")
    assert (row["licence_number"], row["blank_serial_number"]) == (desk.record["ZZHM"], "YB77")
    assert row["licence_identifier"] == "" and row["since"]
    # The electronic one is issued, and then there is only its own paper to print.
    desk.issue()
    assert desk.drifts() == []


def test_an_electronic_licence_that_was_never_printed(desk, as_client):
    path = desk.issue()
    assert desk.drifts() == []
    ahead = timedelta(days=desk.container.settings.print_within_days + 1)
    later = Container(desk.container.settings, lambda: desk.container.clock() + ahead)
    try:
        row = only(Desk(later, as_client, desk.record).drifts(), "never_printed")
    finally:
        later.deps.engine.dispose()
    assert (f"/licences/{row['licence_identifier']}", row["copy_number"]) == (path, "0")
    assert row["since"]


def test_a_void_paper_of_a_valid_licence(desk):
    path = desk.hand_out()
    desk.post(f"{path}/papers/0/voidings", {"reason": "污损"})
    row = only(desk.drifts(), "void_paper")
    assert f"/licences/{row['licence_identifier']}" == path
    # Neither is valid any more.
    desk.post(f"{path}/status-changes", {"status": "cancelled", "legal_ground": "许可法", "reason": "申请"})
    assert desk.drifts() == []


def test_a_paper_that_is_out_though_the_licence_ended(desk):
    path = desk.hand_out()
    decision = {"status": "revoked", "legal_ground": "公共场所卫生管理条例", "reason": "违法"}
    desk.post(f"{path}/status-changes", decision)
    row = only(desk.drifts(), "paper_not_taken_back")
    assert (f"/licences/{row['licence_identifier']}", row["copy_number"]) == (path, "0")
    desk.post(f"{path}/papers/0/returns", {"reason": "吊销"})
    assert desk.drifts() == []


def test_the_same_blank_used_twice(desk):
    desk.hand_out()
    desk.report(serial="YB01")
    # The licence's own form is no drift.
    assert desk.drifts() == []
    other = desk.record | {"ZZHM": desk.record["ZZHM"] + "之二"}
    desk.report(other, serial="YB01")
    rows = [row for row in desk.drifts() if row["kind"] == "blank_used_twice"]
    assert sorted(row["field"] for row in rows) == ["report", "stock"]
    assert {row["blank_serial_number"] for row in rows} == {"YB01"}
    (against_stock,) = [row for row in rows if row["field"] == "stock"]
    assert (against_stock["licence_number"], against_stock["registered"]) == (other["ZZHM"], "issued")


def test_two_reports_on_one_blank(desk):
    numbers = [desk.record["ZZHM"] + suffix for suffix in ("甲", "乙")]
    for number in numbers:
        desk.report(desk.record | {"ZZHM": number}, serial="YB50")
    rows = [row for row in desk.drifts() if row["kind"] == "blank_used_twice"]
    assert {rows[0]["licence_number"], rows[0]["reported"]} == set(numbers)
    assert (len(rows), rows[0]["field"], rows[0]["blank_serial_number"]) == (1, "report", "YB50")


def test_face_data_that_differ_show_both_sides(desk):
    desk.hand_out()
    told = desk.report(desk.record | {"CYRMC": "阳江市江城区另一个名字有限公司"})
    assert told["match"] == "conflict"
    row = only(desk.drifts(), "face_differs")
    assert (row["field"], row["reported"]) == ("holder_name", "阳江市江城区另一个名字有限公司")
    assert row["registered"] == desk.record["CYRMC"]
    assert row["licence_identifier"] == desk.licence["licence_identifier"]
    desk.report()
    assert desk.drifts() == []


def test_gaps_in_the_stock(desk):
    desk.receive("YB01", "YB03")
    desk.receive("YB07", "YB07")
    row = only(desk.drifts(), "stock_gap")
    assert (row["blank_form"], row["blank_serial_number"]) == (FORM, "YB04–YB06")
    desk.receive("YB04", "YB06")
    assert desk.drifts() == []


def test_an_issued_blank_without_its_paper(desk):
    """No act of the API leads there: a row was changed beside the gateway."""
    desk.receive("YB01", "YB01")
    with desk.container.deps.sessions.begin() as session:
        session.scalars(select(BlankForm)).one().state = BlankState.ISSUED
    row = only(desk.drifts(), "blank_without_paper")
    assert (row["blank_form"], row["blank_serial_number"]) == (FORM, "YB01")


def test_a_registered_file_that_the_store_has_lost(desk):
    desk.hand_out()
    digest = desk.licence["files"]["papers"][0]["sm3"]
    (lost,) = desk.container.settings.data_dir.rglob(f"{digest}*")
    lost.unlink()
    row = only(desk.drifts(), "file_missing")
    assert (row["field"], row["registered"]) == ("paper", digest)


def test_the_report_is_shortened_by_kind_and_keeps_to_the_caller(desk, as_client):
    for serial in ("YB01", "YB03", "YB05"):
        desk.receive(serial, serial)
    short = desk.client.get("/api/v1/reconciliations?limit=1").get_json()
    assert (short["counts"]["total"], len(short["rows"]), short["is_shortened"]) == (2, 1, True)
    assert len(desk.drifts(f"?authority_code={desk.authority}")) == 2
    others = sorted(set(desk.container.catalogue.load().authorities_by_code) - {desk.authority})
    stranger = as_client(desk.client.application, frozenset(Scope), authority_codes=frozenset(others[:1]))
    assert stranger.get("/api/v1/reconciliations").get_json()["counts"]["total"] == 0
    assert stranger.get(f"/api/v1/reconciliations?authority_code={desk.authority}").status_code == 403


def test_every_row_comes_as_csv_however_many_there_are(desk):
    for number in range(1, 20, 2):
        desk.receive(f"YB{number:03}", f"YB{number:03}")
    short = desk.client.get("/api/v1/reconciliations").get_json()
    assert (short["counts"]["total"], len(short["rows"])) == (9, 9)
    answer = desk.client.get("/api/v1/reconciliations?limit=1", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.mimetype, answer.headers["Vary"]) == (200, "text/csv", "Accept")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows == [{name: row[name] for name in rows[0]} for row in short["rows"]]
    problem_of(desk.client.get("/api/v1/reconciliations", headers={"Accept": "text/html"}), 406, "NOT_ACCEPTABLE")
    refused = desk.client.get("/api/v1/reconciliations?authority_code=x", headers={"Accept": "text/csv"})
    problem_of(refused, 403, "FORBIDDEN")
