"""verify --report: the ending chooses the form, a folder gets them all, exit statuses stay."""

import json
from xml.etree import ElementTree as ET

import click
import pytest
from typer.testing import CliRunner

from gateway.cli import app


@pytest.fixture
def licence(issued, applications, tmp_path):
    path = tmp_path / "许可证.pdf"
    path.write_bytes(issued.licences.issue(applications[0]).electronic_file.read_bytes())
    return path


@pytest.fixture
def run(issued, monkeypatch):
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    home = issued.settings.data_dir

    def call(*arguments, data_dir=home):
        return CliRunner().invoke(app, ["verify", *map(str, arguments), "--data-dir", str(data_dir)])

    return call


def is_html(data):
    return data.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("ending", "fits"),
    [
        ("html", is_html),
        ("pdf", lambda data: data.startswith(b"%PDF-")),
        ("xml", lambda data: ET.fromstring(data).tag.endswith("ValidationReport")),
        ("json", lambda data: json.loads(data)["answer"]["genuine"] == "yes"),
    ],
)
def test_the_ending_chooses_the_form(run, licence, tmp_path, ending, fits):
    target = tmp_path / "new" / f"report.{ending}"
    result = run(licence, "--report", target)
    assert result.exit_code == 0, result.output
    assert str(target) in result.output
    assert fits(target.read_bytes())


def test_a_signed_report_is_verified_by_the_same_command(run, licence, tmp_path):
    run(licence, "--report", tmp_path / "report.pdf")
    result = run(tmp_path / "report.pdf", "--offline", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output)["document"]["kind"] == "verification_report"


def test_several_files_get_a_folder_with_every_form(run, licence, tmp_path):
    changed = tmp_path / "other" / licence.name
    changed.parent.mkdir()
    changed.write_bytes(licence.read_bytes() + b"% more")
    result = run(licence, changed, "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        f"许可证.pdf.report{number}.{ending}" for number in ("", "-2") for ending in ("html", "pdf", "xml", "json")
    )
    assert "不真实" in (tmp_path / "out" / "许可证.pdf.report-2.html").read_text()


def test_a_counterparty_without_a_gateway_gets_all_but_the_signed_form(run, issued, licence, tmp_path):
    anchors = issued.settings.data_dir / "trust"
    elsewhere = tmp_path / "nowhere"
    result = run(licence, "--trust-anchors", anchors, "--report", tmp_path / "out", "--lang", "en", data_dir=elsewhere)
    assert result.exit_code == 0, result.output
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".html", ".json", ".xml"]
    assert "checked off line" in next((tmp_path / "out").glob("*.html")).read_text()
    refused = run(licence, "--trust-anchors", anchors, "--report", tmp_path / "r.pdf", data_dir=elsewhere)
    assert isinstance(refused.exception, click.UsageError) and "no key" in str(refused.exception)
    assert not (tmp_path / "r.pdf").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--report", "report.docx"), "ending"),
        (("--report", "report.html", "--lang", "fr"), "zh or en"),
    ],
)
def test_what_cannot_be_written_is_a_wrong_call(run, licence, options, said):
    result = run(licence, *options)
    assert isinstance(result.exception, click.UsageError) and said in str(result.exception)


def test_one_file_name_cannot_hold_several_reports(run, licence, tmp_path):
    result = run(licence, licence, "--report", tmp_path / "r.html")
    assert isinstance(result.exception, click.UsageError) and "folder" in str(result.exception)


def test_help_has_an_example(run):
    assert "--report report.html" in CliRunner().invoke(app, ["verify", "--help"]).output
