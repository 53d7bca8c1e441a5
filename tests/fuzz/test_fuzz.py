"""Runs the fuzzer for a bounded time. What it finds is written out, so that it can be made into a case of the corpus."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 15
LEAST_RUNS = 500
"""The seeds of the corpus alone are as many; fewer would mean that nothing was mutated."""
CRASHED = 77
"""Exit status of libFuzzer's exception handler in atheris."""


def _fuzz(target, seconds, folder):
    command = [sys.executable, "-m", "tests.fuzz", target, "--seconds", str(seconds), "--folder", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=280, check=False)


def _findings(folder):
    return {path.name: path.read_bytes()[:4000].hex() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("target", ["document", "part"])
def test_only_errors_of_ours(target, tmp_path):
    done = _fuzz(target, SECONDS, tmp_path)
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, f"{said[-3000:]}\n{_findings(tmp_path)}"
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
    assert runs is not None and int(runs[1]) > LEAST_RUNS, said[-1000:]


def test_the_fuzzer_sees_what_escapes(tmp_path):
    """Without this, a fuzzer that notices nothing would look like a parser without faults."""
    done = _fuzz("canary", SECONDS, tmp_path)
    assert done.returncode == CRASHED
    assert b"KeyError" in done.stdout + done.stderr
    assert _findings(tmp_path)
