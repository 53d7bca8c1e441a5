"""The commands that keep staff accounts: JSON, a password that is printed once, and no password among the arguments."""

import json

import pytest
from typer.testing import CliRunner

from gateway import cli, cli_staff

AUTHORITY = "11441702G00006660X"
CREATE = ("staff", "create", "liang.window", "--name", "梁某", "--role", "window", "--authority", AUTHORITY)
runner = CliRunner()


@pytest.fixture
def call(fresh, monkeypatch):
    """Runs a command on a gateway of its own."""
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    monkeypatch.setenv("GATEWAY_PASSWORD_COST", "4")

    def called(*arguments, expect=0):
        result = runner.invoke(cli.app, [*arguments, "--data-dir", str(fresh.settings.data_dir)])
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    return called


def test_an_account_from_its_beginning_to_its_end(fresh, call):
    made = json.loads(call(*CREATE, "--json").stdout)
    token = fresh.staff_sessions.sign_in("liang.window", made["password"], "", "browser")
    assert fresh.staff_sessions.find(token, "browser").name == "梁某"
    listed = json.loads(call("staff", "list", "--json").stdout)
    assert [(one["account"], one["roles"], one["authority_code"]) for one in listed] == [
        ("liang.window", ["window"], AUTHORITY)
    ]
    assert not any(("password" in key and "first" not in key) or "hash" in key for one in listed for key in one)
    assert json.loads(call("staff", "disable", "liang.window", "--json").stdout)["is_disabled"] is True
    assert "停用" in call("staff", "list").stdout
    call("staff", "enable", "liang.window")
    again = call("staff", "reset", "liang.window").stdout.split()[-1]
    assert again != made["password"]
    assert fresh.staff_sessions.sign_in("liang.window", again, "", "browser")


def test_what_cannot_be_is_said_in_one_sentence(call):
    call(*CREATE)
    assert "已存在" in str(call(*CREATE, expect=1).exception)
    assert "没有账号" in str(call("staff", "reset", "nobody", expect=1).exception)
    call("staff", "create", "x", "--name", "梁某", "--role", "king", expect=2)


def test_every_command_has_help_with_an_example():
    for command in cli_staff.app.registered_commands:
        name = command.name or command.callback.__name__
        text = runner.invoke(cli.app, ["staff", name, "--help"]).stdout
        assert f"licence-gateway staff {name}" in " ".join(text.split())
        assert "--password" not in text
