"""``licence-gateway subscription``, ``delivery`` and ``simulate receiver``, as an operator calls them."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import cli
from tests.receivers import receiving
from tests.unit.services.test_deliveries import a_client, allowing, change, identifiers, run_dry

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


@pytest.fixture
def call(issued, monkeypatch):
    """Runs a command on a gateway of its own."""
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    monkeypatch.setenv("GATEWAY_LOG_LEVEL", "ERROR")

    def called(*arguments, expect=0):
        result = CliRunner().invoke(cli.app, [*map(str, arguments), "--data-dir", str(issued.settings.data_dir)])
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    return called


def private(path, value):
    path.write_text(json.dumps(value))
    path.chmod(0o600)
    return path


def test_a_webhook_from_its_registration_to_a_dead_letter_and_back(call, issued, receiver, monkeypatch):
    monkeypatch.setenv("GATEWAY_DELIVERY_ORIGINS", f"http://127.0.0.1:{receiver.port}=127.0.0.0/8")
    client = a_client(issued)
    issued.log.sequence()
    words = ("--name", "监管平台", "--client", client, "--url", receiver.url, "--signing", "hmac_sm3", "--json")
    made = json.loads(call("subscription", "create", *words).stdout)
    sub = made["subscription_id"]
    assert made["secret"].startswith("whsec_")
    gateway = allowing(issued, receiver.port, delivery_attempts=1)
    change(gateway, identifiers(gateway)[0])
    receiver.answers = [422]
    run_dry(gateway)
    [dead] = json.loads(call("delivery", "list", "--state", "dead", "--json").stdout)
    assert dead["subscription_id"] == sub and "422" in call("delivery", "list", "--subscription", sub).stdout
    [view] = json.loads(call("subscription", "list", "--json").stdout)
    assert (view["dead"], view["pending"]) == (1, 1) and "监管平台" in call("subscription", "list").stdout
    call("delivery", "retry", expect=1)
    call("delivery", "retry", dead["id"])
    run_dry(gateway)
    told = len(receiver.events)
    again = json.loads(call("subscription", "replay", sub, "--cursor", dead["position"], "--json").stdout)
    assert again["again"] == 2
    run_dry(gateway)
    assert len(receiver.events) == told + 2
    new = json.loads(call("subscription", "rotate", sub, "--json").stdout)
    assert new["secret"].startswith("whsec_") and new["secret"] != made["secret"]
    call("subscription", "rotate", sub, expect=1)
    call("subscription", "disable", sub)
    assert "停送" in call("subscription", "list").stdout
    call("subscription", "enable", sub)
    assert "0 项将重送" in call("delivery", "retry", "--all", sub).stdout
    call("delivery", "reconcile", sub, expect=1)
    call("delivery", "skip", dead["id"], expect=1)
    gateway.deps.engine.dispose()


def test_a_connector_to_a_simulator_of_its_own_process_and_what_it_holds(call, issued, tmp_path, monkeypatch):
    secret = private(tmp_path / "publicity.json", {"caller": "yangjiang", "token": "t" * 32})
    command = [sys.executable, "-m", "gateway.cli", "simulate", "receiver", "publicity"]
    process = subprocess.Popen(
        [*command, "--credentials", str(secret), "--bind", "127.0.0.1:0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        origin = process.stdout.readline().strip().partition("=")[2]
        monkeypatch.setenv("GATEWAY_DELIVERY_ORIGINS", origin)
        url = origin.partition("=")[0]
        words = ("--name", "信用广东", "--kind", "publicity", "--url", url, "--from-start", "--json")
        call("subscription", "create", *words, expect=1)
        wrong = private(tmp_path / "wrong.json", ["x"])
        call("subscription", "create", *words, "--secret-file", wrong, expect=1)
        call("subscription", "create", *words, "--secret-file", secret, "--option", "category", expect=1)
        made = json.loads(call("subscription", "create", *words, "--secret-file", secret).stdout)
        issued.log.sequence()
        gateway = allowing(issued, url.rpartition(":")[2])
        run_dry(gateway)
        report = tmp_path / "drifts.csv"
        reconcile = ("delivery", "reconcile", made["subscription_id"], "--report", report)
        found = json.loads(call(*reconcile, "--json").stdout)
        assert (found["compared"], found["counts"]) == (len(identifiers(gateway)), {})
        assert report.read_text().count("\n") == 1, "the heading alone"
        assert "差异 drifts 0" in call(*reconcile).stdout
        gateway.deps.engine.dispose()
    finally:
        process.kill()
        process.communicate()


def test_the_worker_delivers_and_stops_when_it_is_told(issued, receiver):
    issued.log.sequence()
    gateway = allowing(issued, receiver.port)
    client = a_client(gateway)
    from tests.unit.services.test_deliveries import subscribe

    subscribe(gateway, receiver.url, client_id=client)
    environment = {
        "GATEWAY_DATA_DIR": str(issued.settings.data_dir),
        "GATEWAY_KEY_ITERATIONS": "1000",
        "GATEWAY_DELIVERY_ORIGINS": f"http://127.0.0.1:{receiver.port}=127.0.0.0/8",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    command = [sys.executable, "-m", "gateway.cli", "worker", "--workers", "1", "--deliveries", "2"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 120
    while len(receiver.events) < len(identifiers(gateway)) and time.monotonic() < until:
        time.sleep(0.1)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, len(receiver.events)) == (0, len(identifiers(gateway))), said
    gateway.deps.engine.dispose()
