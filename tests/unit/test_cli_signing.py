"""``licence-gateway signing-request``: a department asks, waits and fetches from the shell."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.phones import phone_of


@pytest.fixture
def run(fresh):
    """Runs one command on a gateway with nothing issued; gives what it printed."""

    def call(*arguments, status=0, **options):
        command = ["signing-request", *map(str, arguments), "--data-dir", str(fresh.settings.data_dir)]
        done = CliRunner().invoke(app, command, **options)
        assert done.exit_code == status, (done.output, done.exception)
        return done.stdout

    return call


@pytest.fixture
def order(fresh, applications, tmp_path):
    """An order whose document lies beside it."""
    (tmp_path / "form.json").write_text('{"b": 1.0, "a": []}')
    file = tmp_path / "order.json"
    file.write_text(
        json.dumps(
            {
                "enterprise_code": applications[0]["CYRSFZJHM"],
                "department_code": next(iter(fresh.catalogue.load().authorities_by_code)),
                "purpose": "食品经营许可申请",
                "signer_role": "legal_representative",
                "documents": [{"title": "申请表", "form": "json", "file": "form.json", "result": "cms"}],
            }
        )
    )
    return file


def test_asked_signed_and_fetched(run, fresh, order, applications, tmp_path):
    made = json.loads(run("create", order, "--json"))
    assert "等待扫码" in run("wait", made["request_id"], "--seconds", 0, status=2)
    phone_of(fresh, applications[0]["CYRSFZJHM"]).sign(fresh, made["qr_text"].rpartition("/")[2])
    told = run("wait", made["request_id"])
    assert "已签名 signed" in told and "/s/" not in told
    assert json.loads(run("show", made["request_id"], "--json"))["evidence"]["is_accepted"] is True
    (file,) = json.loads(run("fetch", made["request_id"], "--to", tmp_path / "signed", "--json"))["files"]
    assert file.endswith("-1.p7s")
    assert (tmp_path / "signed" / file.rpartition("/")[2]).read_bytes()[0] == 0x30
    whole = json.loads(run("fetch", made["request_id"], "--to", tmp_path / "signed", "--evidence", "--json"))["files"]
    assert whole[0] == file
    assert {Path(each).suffix for each in whole[1:]} == {".cer", ".crl"}
    assert all(hashlib.sha256(Path(each).read_bytes()).hexdigest() == Path(each).stem for each in whole[1:])


def test_taken_back_and_what_cannot_be_asked(run, order, tmp_path):
    made = json.loads(
        run("create", "-", "--json", input=order.read_text().replace('"file": "form.json"', '"content": "e30="'))
    )
    assert made["documents"][0]["size"] == 2
    assert "撤回" in run("cancel", made["request_id"])
    run("wait", made["request_id"], status=1)
    run("fetch", made["request_id"], status=1)
    order.write_text(order.read_text().replace("form.json", "nothing.json"))
    run("create", order, status=1)
    order.write_text("no order")
    run("create", order, status=1)
