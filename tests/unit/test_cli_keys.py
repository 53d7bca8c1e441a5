"""The key and certificate commands: help with examples, JSON, one sentence with the way out, and no secret anywhere."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
import pytest
from asn1crypto import pem
from typer.testing import CliRunner

from certs.keystore import encode_pem
from certs.private_files import write_private
from gateway import cli, cli_certificates, cli_keys
from signing.private_keys import seal_key
from tests.unit.signing.key_material import KINDS

runner = CliRunner()
SECRET = "correct-horse-battery"
COMMANDS = [("key", c) for c in cli_keys.app.registered_commands] + [
    ("certificate", c) for c in cli_certificates.app.registered_commands
]


def name_of(command):
    return command.name or command.callback.__name__.replace("_", "-")


@pytest.fixture
def call(fresh, monkeypatch):
    """Runs a command on a gateway of its own."""
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")

    def called(*arguments, expect=0, stdin=None):
        options = ("--data-dir", str(fresh.settings.data_dir))
        result = runner.invoke(cli.app, [*map(str, arguments), *options], input=stdin)
        if expect is not None:
            assert result.exit_code == expect, (result.output, result.exception)
        return result

    return called


@pytest.mark.parametrize(("group", "command"), COMMANDS, ids=lambda c: c if isinstance(c, str) else name_of(c))
def test_every_command_has_help_with_an_example_json_and_a_data_dir(group, command):
    result = runner.invoke(cli.app, [group, name_of(command), "--help"], env={"COLUMNS": "200"})
    shown = re.sub(r"\x1b\[[0-9;]*m", "", result.output)
    assert result.exit_code == 0
    assert f"Example: licence-gateway {group} {name_of(command)}" in " ".join(shown.split())
    assert "--json" in shown
    assert "--data-dir" in shown


def test_no_option_takes_a_secret_itself():
    for group, command in COMMANDS:
        shown = runner.invoke(cli.app, [group, name_of(command), "--help"], env={"COLUMNS": "200"}).output
        options = re.findall(r"--[a-z-]+", re.sub(r"\x1b\[[0-9;]*m", "", shown))
        secrets = {o for o in options if re.search(r"password|pin|token", o)} - {"--token"}
        assert all(o.endswith("-file") for o in secrets), (name_of(command), secrets)


def test_from_generating_to_retiring(call, tmp_path):
    assert "已生成 made" in call("key", "generate", "s26", "--algorithm", "ecdsa").output
    request, answer = tmp_path / "s26.csr", tmp_path / "s26.pem"
    call("certificate", "request", "s26", "--common-name", "测试", "--out", request)
    call("certificate", "issue", request, "--profile", "gateway_signer", "--out", answer)
    view = json.loads(call("certificate", "import", "s26", answer, "--json").output)
    assert view["algorithm"] == "ECDSA-with-SHA256"
    assert json.loads(call("certificate", "show", "s26", "--json").output)[0] == view
    call("certificate", "check", "s26")
    call("certificate", "lint", "s26", "--profile", "gateway_signer")
    call("certificate", "lint", "s26", "--profile", "seal_signer", expect=1)
    assert json.loads(call("key", "test", "s26", "--json").output)["state"] == "active"
    rotation = json.loads(call("key", "rotate", "s26", "--json").output)
    assert rotation == {"retired": "s26", "active": "s26.2", "seal_moved": False}
    listed = {entry["name"]: entry["state"] for entry in json.loads(call("key", "list", "--json").output)}
    assert (listed["s26"], listed["s26.2"]) == ("retired", "active")
    call("certificate", "revoke", "s26", "--reason", "superseded")
    call("certificate", "check", "s26", expect=2)
    call("key", "retire", "s26.2")
    used = json.loads(call("key", "uses", "s26.2", "--json").output)
    assert used == []
    used = json.loads(call("key", "uses", "s26", "--json").output)
    assert {use["purpose"] for use in used} == {"proof"}
    assert all(use["actor"].startswith("cli:") for use in used)
    assert "s26" in call("key", "list").output


def exported(call, fresh, tmp_path):
    """A key file with its password file and certificates."""
    call("key", "generate", "made")
    request, answer = tmp_path / "made.csr", tmp_path / "made.pem"
    call("certificate", "request", "made", "--common-name", "测试", "--out", request)
    call("certificate", "issue", request, "--profile", "gateway_signer", "--out", answer)
    key = tmp_path / "made.p8"
    key.write_bytes(
        pem.armor(
            "ENCRYPTED PRIVATE KEY",
            seal_key(fresh.deps.keystore.private("made"), SECRET.encode(), iterations=1000),
        )
    )
    write_private(tmp_path / "password", SECRET.encode() + b"\n")
    return key, answer, tmp_path / "password"


def test_a_key_is_imported_with_a_password_from_a_file(call, fresh, tmp_path):
    key, answer, password = exported(call, fresh, tmp_path)
    shown = call("key", "import", "s26", key, "--certificates", answer, "--password-file", password)
    assert "已导入 imported" in shown.output
    assert SECRET not in shown.output
    password.chmod(0o644)
    refused = call("key", "import", "s27", key, "--certificates", answer, "--password-file", password, expect=1)
    assert "open to others: chmod 600" in str(refused.exception)


def test_without_a_terminal_nobody_is_asked(call, fresh, tmp_path):
    key, answer, _ = exported(call, fresh, tmp_path)
    refused = call("key", "import", "s26", key, "--certificates", answer, expect=1, stdin=SECRET)
    assert isinstance(refused.exception, click.UsageError)
    assert "--password-file" in str(refused.exception)


@pytest.mark.parametrize(
    "arguments", [("key", "test", "nobody"), ("key", "rotate", "root"), ("key", "import", "x", "none")]
)
def test_an_error_is_one_sentence_in_both_languages(arguments, fresh):
    command = [sys.executable, "-m", "gateway.cli", *arguments, "--data-dir", fresh.settings.data_dir]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("错误 error: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.timeout(120)
def test_no_secret_stands_in_the_process_list_or_any_output(call, fresh, tmp_path):
    key, answer, password = exported(call, fresh, tmp_path)
    data_dir = fresh.settings.data_dir
    options = ("--certificates", answer, "--password-file", password, "--data-dir", data_dir)
    command = [sys.executable, "-m", "gateway.cli", "key", "import", "s26", key, *options]
    seen, done = [], threading.Event()

    def watch(pid):
        while not done.is_set():
            for name in ("cmdline", "environ"):
                try:
                    seen.append(Path(f"/proc/{pid}/{name}").read_bytes())
                except OSError:
                    return
            time.sleep(0.01)

    environment = os.environ | {"GATEWAY_LOG_LEVEL": "DEBUG", "GATEWAY_KEY_ITERATIONS": "1000"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as child:
        watcher = threading.Thread(target=watch, args=(child.pid,))
        watcher.start()
        output = b"".join(child.communicate())
        done.set()
        watcher.join()
    assert child.returncode == 0, output
    assert len(seen) > 10
    assert SECRET.encode() not in b"".join(seen) + output
    logs = b"".join(path.read_bytes() for path in (data_dir / "log").rglob("*"))
    assert SECRET.encode() not in logs


def test_a_file_without_a_certificate_asks_for_one(call, fresh, tmp_path):
    key, _, password = exported(call, fresh, tmp_path)
    refused = call("key", "import", "s26", key, "--password-file", password, expect=1)
    assert "--certificates FILE" in str(refused.exception)


def test_a_wrong_credit_code_is_named(call):
    call("key", "generate", "s26")
    refused = call("certificate", "request", "s26", "--common-name", "测试", "--code", "123", expect=1)
    assert "18" in str(refused.exception)


def test_an_unknown_profile_lists_those_that_there_are(call, fresh, tmp_path):
    _, answer, _ = exported(call, fresh, tmp_path)
    refused = call("certificate", "lint", answer, "--profile", "nonsense", expect=1)
    assert "seal_signer" in refused.exception.hint


def test_a_file_of_certificates_is_shown_without_a_key(call, fresh, tmp_path):
    path = tmp_path / "all.pem"
    path.write_bytes(encode_pem([fresh.deps.keystore.certificate("root")]))
    assert "测试根证书" in call("certificate", "show", path).output
    neither = call("certificate", "show", tmp_path / "nothing.pem", expect=1)
    assert "neither the name of a key nor a readable file" in str(neither.exception)


def test_every_kind_has_its_name():
    assert {algorithm.made for algorithm in cli_keys.Algorithm} == set(KINDS)
