"""``licence-gateway archive`` from the command line."""

import json
import shutil

import click
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.persistence.models import AuditEvent, Licence


@pytest.fixture
def call(issued):
    def run(*words, expect=0):
        result = CliRunner().invoke(app, ["archive", *map(str, words)])
        found = "usage" if isinstance(result.exception, click.UsageError) else result.exit_code
        assert found == expect, result.output
        return result

    return run


def test_export_and_verify_somewhere_else(call, issued, tmp_path):
    issued.log.sequence()
    with issued.deps.sessions() as session:
        licence = session.query(Licence).filter(Licence.is_sample.is_(False)).first()
        identifier, holder = licence.versions[0].licence_identifier, licence.holder_code
    here = ("--data-dir", issued.settings.data_dir, "--reason", "移交[bold]")
    file, elsewhere = tmp_path / "record.zip", tmp_path / "elsewhere"
    told = json.loads(call("export", file, "--licence", identifier, *here, "--json").stdout)
    assert told == {"file": str(file), "bytes": file.stat().st_size}
    assert file.stat().st_mode & 0o777 == 0o600
    call("export", file, "--enterprise", holder, *here, expect="usage")
    call("export", tmp_path / "a.zip", *here, expect="usage")
    call("export", tmp_path / "a.zip", "--licence", "1.2.3", *here, expect=1)
    shutil.copytree(issued.deps.trust_dir, tmp_path / "trust")
    alone = ("--trust-anchors", tmp_path / "trust", "--data-dir", elsewhere)
    report = json.loads(call("verify", file, *alone, "--json").stdout)
    assert (report["genuine"], report["subject"], report["faults"]) == ("yes", identifier, [])
    assert "✓" in call("verify", file, *alone).stdout
    assert not (elsewhere / "gateway.db").exists(), "no database was made or asked"
    data = bytearray(file.read_bytes())
    data[data.index(b"%PDF-") + 12] ^= 1
    file.write_bytes(data)
    call("verify", file, *alone, expect=4)
    call("verify", file, "--data-dir", elsewhere, expect="usage")
    with issued.deps.sessions() as session:
        [event] = session.query(AuditEvent).filter(AuditEvent.action == "archive_exported")
        assert event.detail["reason"] == "移交[bold]"


def test_without_trust_material_a_call_is_wrong_and_no_file_is_judged(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    words = ["verify", str(tmp_path / "a.pdf"), "--offline", "--data-dir", str(tmp_path / "none")]
    assert isinstance(CliRunner().invoke(app, words).exception, click.UsageError)
