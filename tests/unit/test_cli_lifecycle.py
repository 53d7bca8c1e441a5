"""The commands of the life cycle: papers, stock, obligations, versions, history, reports, copies, reconciliation."""

import csv
import json

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.domain.status import china_day

FORM, PERSON = "卫生许可证正本", "梁某某"


@pytest.fixture
def licence(fresh, applications):
    return fresh.licences.issue(applications[1])


@pytest.fixture
def authority(licence):
    return licence.licence_identifier.split(".")[6]


def test_a_paper_from_the_stock_to_the_hand_and_back(run, licence, authority):
    identifier = licence.licence_identifier
    assert json.loads(run("blank", "receive", authority, FORM, "WS01", "WS05", "--json")) == {"received": 5}
    run("blank", "spoil", authority, FORM, "WS02", "--reason", "污损")
    run("blank", "return", authority, FORM, "WS03", "WS04", "--reason", "改版")
    printed = json.loads(run("paper", "print", identifier, "--form", FORM, "--serial", "WS01", "--json"))
    assert (printed["state"], printed["blank_serial_number"]) == ("printed", "WS01")
    assert printed["file"].endswith(".pdf")
    assert "已领取 collected" in run("paper", "collect", identifier, "--by", PERSON)
    assert json.loads(run("paper", "return", identifier, "--reason", "换发", "--json"))["state"] == "returned"
    assert "已收回" in run("paper", "list", identifier)
    (stock,) = json.loads(run("blank", "stock", authority, "--json"))
    assert stock["counts"] == {"in_stock": 1, "returned": 2, "spoiled": 2}
    assert "WS05" in run("blank", "stock", authority)


def test_a_version_its_history_and_its_record(run, licence, applications, tmp_path):
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(applications[1] | {"许可项目": "宾馆"}))
    identifier = licence.licence_identifier
    made = json.loads(run("version", "issue", identifier, file, "--kind", "amendment", "--reason", "变更", "--json"))
    assert made["licence_identifier"].split(".")[-2] == "002"
    told = json.loads(run("history", identifier, "--on", "2025-01-31", "--json"))
    assert told["in_force_on"] == "yes"
    assert [change["status"] for change in told["changes"]] == ["valid", "superseded"]
    before = json.loads(run("history", identifier, "--known-at", "2020-01-01T00:00:00Z", "--json"))
    assert before["changes"] == []
    assert "已换发 superseded" in run("history", identifier, "--on", "2025-01-31")
    national = json.loads(run("represent", identifier))
    assert (national["ZZBS"], national["ZZZT"], national["ZZBH"]) == (identifier, "01", applications[1]["ZZHM"])
    assert json.loads(run("represent", identifier, "--vocabulary", "guangdong"))["ZZHM"] == applications[1]["ZZHM"]


def test_reports_and_the_reconciliation(run, licence, applications, tmp_path):
    reports = [
        {"record": applications[1] | {"CYRMC": "[b]另一家[/b]"}, "origin": "旧系统", "blank_serial_number": "WS01"},
        {"record": applications[2] | {"ZZHM": ""}, "origin": "旧系统"},
    ]
    file = tmp_path / "reports.ndjson"
    file.write_text("\n".join(map(json.dumps, reports)))
    said = run("report-licence", file, status=1)
    assert "[b]另一家[/b]" in said
    assert "ZZHM" in said
    first, second = json.loads(run("report-licence", file, "--json", status=1))
    assert (first["match"], first["revision"]) == ("conflict", 1)
    assert "error" in second
    target = tmp_path / "out" / "drift.csv"
    assert "报送与登记的照面不一致" in run("reconcile", "--report", target, status=1)
    (row,) = csv.DictReader(target.open(encoding="utf-8-sig", newline=""))
    assert (row["kind"], row["field"]) == ("face_differs", "holder_name")
    whole = json.loads(run("reconcile", "--json", status=1))
    assert whole["counts"]["total"] == 1
    assert json.loads(run("reconcile", "--authority", "11441700G00001480K", "--json"))["rows"] == []


def test_a_copy_is_made_and_listed(run, fresh, licence, tmp_path):
    from gateway.cli_answers import GENUINE

    until = china_day(fresh.clock()).isoformat()
    target = tmp_path / "copy.pdf"
    options = ("--purpose", "投标", "--user", "某某公司", "--until", until)
    made = json.loads(run("copy", "make", licence.licence_identifier, *options, "--output", target, "--json"))
    assert made["file"] == str(target)
    assert made["copy_id"] in run("copy", "list", licence.holder_code)
    said = run("verify", target, status=GENUINE)
    assert "加注件" in said
    assert "投标" in said


def test_obligations_are_listed_and_settled(run, fresh, applications):
    from datetime import timedelta

    from gateway.domain.basis import Basis, ObligationKind, ObligationSpec

    due = china_day(fresh.clock()) + timedelta(days=10)
    basis = Basis((ObligationSpec(ObligationKind.MISSING_PAPERS, ("检测报告",), due),))
    licence = fresh.licences.issue(applications[1], basis=basis)
    (listed,) = json.loads(run("obligation", "list", "--state", "open", "--json"))
    assert listed["licence_identifier"] == licence.licence_identifier
    assert "检测报告" in run("obligation", "list", "--due-before", due)
    assert run("obligation", "list", "--due-before", due - timedelta(days=1)) == ""
    arguments = ("obligation", "settle", licence.licence_identifier, listed["id"], "--broken", "--note", "逾期未补")
    assert json.loads(run(*arguments, "--json"))["state"] == "broken"


@pytest.mark.parametrize(
    "command",
    [
        "paper list", "paper print", "paper collect", "paper void", "paper return", "blank receive", "blank stock",
        "blank spoil", "blank return", "obligation list", "obligation settle", "version issue", "copy make",
        "copy list", "history", "represent", "report-licence", "reconcile",
    ],
)  # fmt: skip
def test_every_command_has_an_example(command):
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert f"licence-gateway {command}" in " ".join(done.stdout.replace("│", " ").split())
