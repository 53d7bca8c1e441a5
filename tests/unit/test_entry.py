"""``licence-gateway`` begins to load the processes that convert before it loads itself, where they are wanted."""

import subprocess
import sys

import pytest

from gateway import __main__ as entry
from gateway import cli


@pytest.fixture
def begun(monkeypatch):
    """What was done, in order."""
    done = []
    monkeypatch.setattr(entry, "load_ahead", lambda: done.append("workers"))
    monkeypatch.setattr(cli, "main", lambda: done.append("command"))
    return done


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (["convert", "register.csv"], ["workers", "command"]),
        (["worker"], ["workers", "command"]),
        (["convert", "register.csv", "--detach"], ["command"]),
        (["convert", "--help"], ["command"]),
        (["conversion", "list"], ["command"]),
        ([], ["command"]),
    ],
)
def test_workers_are_begun_where_they_are_wanted(monkeypatch, begun, words, done):
    monkeypatch.setattr(sys, "argv", ["licence-gateway", *words])
    entry.main()
    assert begun == done


def test_a_machine_that_cannot_have_them_is_told_by_the_command(monkeypatch, begun):
    def fails():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(entry, "load_ahead", fails)
    monkeypatch.setattr(sys, "argv", ["licence-gateway", "convert", "register.csv"])
    entry.main()
    assert begun == ["command"]


def test_nothing_of_the_gateway_is_loaded_before():
    said = subprocess.run(
        [sys.executable, "-c", "import sys, gateway.__main__; print(*(n for n in sys.modules if n[:8] == 'gateway.'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert set(said.split()) == {"gateway.__main__", "gateway.worker_processes"}
