"""``licence-gateway log`` from the command line."""

import json

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.unit.services.log_gateway import behind_the_triggers, insert_events, small_gateway


@pytest.fixture
def home(tmp_path):
    container = small_gateway(tmp_path / "data")
    (tmp_path / "data" / "trust").mkdir()
    container.deps.files.prepare()
    insert_events(container, 5)
    container.deps.engine.dispose()
    return container


def call(home, *words):
    directory = [] if "--no-data-dir" in words else ["--data-dir", str(home.settings.data_dir)]
    result = CliRunner().invoke(app, ["log", *[w for w in words if w != "--no-data-dir"], *directory])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_sequence_show_and_checkpoint(home, tmp_path):
    assert json.loads(call(home, "sequence", "--json")[1]) == {"leaves": 5, "size": 5}
    assert json.loads(call(home, "sequence", "--json")[1]) == {"leaves": 0, "size": 5}
    shown = json.loads(call(home, "show", "--json")[1])
    assert (shown["published_size"], shown["waiting"]) == (5, 0)
    assert shown["verifier_key"].startswith("127.0.0.1:8000/trust/log+")
    code, note = call(home, "checkpoint")
    assert code == 0 and note == (home.deps.log_dir / "checkpoint").read_text()


def test_verify_says_0_1_or_2(home, tmp_path):
    call(home, "sequence")
    kept = tmp_path / "kept"
    kept.write_text(call(home, "checkpoint")[1])
    tiles = str(home.deps.log_dir)
    assert call(home, "verify")[0] == 0
    assert call(home, "verify", "--against", str(kept))[0] == 0
    assert call(home, "verify", "--tiles", tiles)[0] == 0
    certificate = str(home.settings.data_dir / "keys" / "log.pem")
    alone = ("verify", "--tiles", tiles, "--certificate", certificate, "--checkpoint", str(kept), "--no-data-dir")
    assert call(home, *alone)[0] == 0
    assert call(home, "verify", "--against", str(tmp_path / "nothing"))[0] == 2
    assert call(home, "verify", "--tiles", str(tmp_path / "nothing"))[0] == 2
    behind_the_triggers(home, "UPDATE audit_events SET action = 'x' WHERE id = 2")
    code, said = call(home, "verify", "--json")
    answer = json.loads(said)
    assert (code, answer["whole"]) == (1, False)
    assert [(fault["kind"], fault["leaf_index"], fault["event_id"]) for fault in answer["faults"]] == [
        ("changed", 1, 2)
    ]
    kept.write_text(kept.read_text().replace("\n5\n", "\n6\n"))
    assert call(home, "verify", "--tiles", tiles, "--checkpoint", str(kept))[0] == 1
