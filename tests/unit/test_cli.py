"""The command line as a new user meets it."""

import json
import subprocess
import sys

import pytest

from gateway.cli import main

SUSPEND = ("--ground", "公共场所卫生管理条例", "--reason", "整改期间")


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("issue",),
        ("--data-dir", "x", "issue"),
        ("resolve",),
        ("verify", "x.pdf", "--at", "foo"),
        ("status", "x", "sold", *SUSPEND),
        ("serve", "--bind", "foo"),
        ("serve", "--workers", "0"),
        ("frobnicate",),
        (),
    ],
)
def test_a_wrong_call_is_one_sentence_and_64(arguments, monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["licence-gateway", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capfd.readouterr().err
    assert ended.value.code == 64
    assert said.startswith("错误 error:")
    assert len(said.splitlines()) == 1
    assert "--help" in said


def test_the_status_of_a_wrong_call_is_that_of_the_process():
    assert run("frobnicate").returncode == 64


def test_resolve_without_a_gateway_could_not_ask(tmp_path):
    done = run("resolve", "91441702MA9Y03WY4L", "--data-dir", tmp_path / "none")
    assert done.returncode == 2
    assert "licence-gateway init" in done.stderr


def test_status_speaks_to_machines(issued):
    listed = issued.codes.resolve("91441702MA9Y03WY4L").licences[0]
    done = run(
        "status", listed.licence_identifier, "suspended", *SUSPEND, "--data-dir", issued.settings.data_dir, "--json"
    )
    assert done.returncode == 0
    expected = {"licence_identifier": listed.licence_identifier, "status": "suspended", "revision": 2}
    assert json.loads(done.stdout) == expected
    assert issued.codes.resolve("91441702MA9Y03WY4L").licences[0].status == "suspended"
