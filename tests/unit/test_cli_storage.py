"""The command groups ``storage`` and ``backup``."""

import json

from typer.testing import CliRunner

from gateway.cli import app


def run(home, *words):
    return CliRunner().invoke(app, [*words, "--data-dir", str(home)])


def test_check_clean_reseal_and_back_up(fresh, applications, tmp_path):
    home = fresh.settings.data_dir
    licence = fresh.licences.issue(applications[0])
    checked = run(home, "storage", "check", "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["files"]) == (0, 2)
    collected = json.loads(run(home, "storage", "gc", "--dry-run", "--json").stdout)
    assert collected == {"files": [], "bytes": 0, "was_removed": False}
    assert "0" in run(home, "storage", "reseal").stdout
    assert run(home, "backup", "create", str(tmp_path / "backup")).exit_code == 0
    held = CliRunner().invoke(app, ["backup", "check", str(tmp_path / "backup"), "--json"])
    assert json.loads(held.stdout)["rows"]["licence_versions"] == 1
    assert run(tmp_path / "other", "backup", "restore", str(tmp_path / "backup")).exit_code == 0
    assert (tmp_path / "other" / "gateway.db").exists()
    licence.electronic_file.local_path.write_bytes(b"x")
    broken = run(home, "storage", "check")
    assert broken.exit_code == 1
    assert licence.electronic_sm3 in broken.stdout
