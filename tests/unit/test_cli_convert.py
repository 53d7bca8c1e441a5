"""``licence-gateway convert`` as an office uses it."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from gateway import cli_convert
from gateway.cli import app
from gateway.spreadsheets.writing import write_table
from tests.conftest import VECTORS
from tests.unit.domain.cleaning_rows import GOOD, HEADINGS

REGISTER = VECTORS / "conversion" / "paper_licences.xlsx"


@pytest.fixture
def run(fresh):
    """Call the command line on a gateway without licences."""

    def call(*arguments):
        folder = ("--data-dir", str(fresh.settings.data_dir))
        return CliRunner().invoke(app, [*map(str, arguments), *folder], env={"GATEWAY_KEY_ITERATIONS": "1000"})

    return call


def test_convert_end_to_end(run, tmp_path):
    """Both forms of the sample register: the first issues, the second finds everything there."""
    report, errors = tmp_path / "report.ndjson", tmp_path / "errors.xlsx"
    result = run("convert", REGISTER, "--report", report, "--errors", errors, "--workers", 2)
    assert result.exit_code == 1, result.output
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(lines) == 600
    assert sum(line["status"] == "converted" for line in lines) == 496
    sheet = load_workbook(errors).active
    assert sheet.max_row == 105
    assert [cell.value for cell in sheet[1]][6:9] == ["证照名称", "证照号码", "持有人名称"]
    table = VECTORS / "conversion" / "paper_licences_gb18030.csv"
    again = json.loads(run("convert", table, "--json").stdout)
    assert again["by_status"] == {"already_registered": 496, "duplicate": 1, "refused": 103}
    listed = json.loads(run("conversion", "list", "--json").stdout)
    assert [job["state"] for job in listed] == ["finished", "finished"]


def test_a_worker_that_cannot_convert_ends_and_delivers_no_more(run, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No usable temporary directory")

    monkeypatch.setattr(cli_convert, "work", fail)
    # The command listens to the signals of this process.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        result = run("worker", "--deliveries", "1")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert isinstance(result.exception, OSError)
    until = time.monotonic() + 20
    while any(thread.name == "deliveries" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_no_module_comes_from_the_folder_in_which_the_program_is_called(fresh, tmp_path):
    """As the installed program, which is a file in another folder."""
    program, here, marks = tmp_path / "bin" / "licence-gateway", tmp_path / "here", tmp_path / "marks"
    for folder in (program.parent, here / "gateway", marks):
        folder.mkdir(parents=True)
    program.write_text("import sys\nfrom gateway.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n")
    stranger = f"import os, pathlib\npathlib.Path({str(marks)!r}, str(os.getpid())).touch()\n"
    for name in ("numpy.py", "gateway/__init__.py"):
        (here / name).write_text(stranger)
    write_table(here / "r.csv", HEADINGS, [GOOD])
    words = ("convert", "r.csv", "--workers", "1", "--json", "--data-dir", str(fresh.settings.data_dir))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(VECTORS.parent.parent),
        "GATEWAY_KEY_ITERATIONS": "1000",
    }
    done = subprocess.run(
        [sys.executable, str(program), *words], cwd=here, env=environment, check=True, capture_output=True, timeout=120
    )
    assert json.loads(done.stdout)["by_status"] == {"converted": 1}
    assert list(marks.iterdir()) == []


def test_a_dry_run_shows_samples_and_issues_nothing(run, tmp_path):
    write_table(tmp_path / "r.csv", HEADINGS, [GOOD])
    sample = tmp_path / "sample.pdf"
    result = run("convert", tmp_path / "r.csv", "--dry-run", "--sample", sample)
    assert (result.exit_code, sample.read_bytes()[:5]) == (0, b"%PDF-")
    assert "would be converted" in result.output


def test_a_detached_job_is_paused_resumed_and_cancelled(run, tmp_path):
    write_table(tmp_path / "r.csv", HEADINGS, [GOOD])
    job = json.loads(run("convert", tmp_path / "r.csv", "--detach", "--json").stdout)
    assert (job["state"], job["by_status"]) == ("running", {"pending": 1})
    assert "已暂停" in run("conversion", "pause", job["id"]).output
    refused = run("convert", tmp_path / "r.csv")
    assert refused.exit_code != 0
    assert run("convert", tmp_path / "r.csv", "--resume").exit_code == 0
    assert "已完成" in run("conversion", "show", job["id"]).output
    report = tmp_path / "later.csv"
    assert run("conversion", "report", job["id"], report).exit_code == 0
    assert "converted" in report.read_text("utf-8-sig")


def test_columns_are_named_once_and_remembered(run, tmp_path):
    row = {("我们的编号" if name == "证照号码" else name): value for name, value in GOOD.items()}
    write_table(tmp_path / "r.csv", list(row), [row])
    assert run("convert", tmp_path / "r.csv").exit_code != 0
    options = ("--map", "我们的编号=number", "--save-profile", "卫健局")
    assert run("convert", tmp_path / "r.csv", *options).exit_code == 0
    assert "我们的编号=number" in run("conversion", "profiles").output
    assert run("convert", tmp_path / "r.csv", "--profile", "卫健局").exit_code == 0


@pytest.mark.parametrize(
    "options", [("--map", "number"), ("--report", "r.xls"), ("--sample", "s.pdf"), ("--profile", "没有")]
)
def test_a_wrong_call_is_refused_before_anything_is_read_in(run, tmp_path, options):
    write_table(tmp_path / "r.csv", HEADINGS, [GOOD])
    assert run("convert", tmp_path / "r.csv", *options).exit_code != 0
    assert json.loads(run("conversion", "list", "--json").stdout) == []


def test_no_conversion_yet_says_what_to_do(run):
    assert "convert --help" in run("conversion", "list").output
