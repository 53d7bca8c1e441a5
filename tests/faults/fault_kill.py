"""`licence-gateway issue` is killed at moments spread over its whole run; then the same command has to complete the rest."""

import json
import random
import shutil
import signal
import subprocess
import time

from tests.faults.gateway import APPLICATIONS, breaches, command, records, set_up
from tests.faults.result import FaultResult

ROUNDS = 16
SEED = 20261124
"""The moments are drawn anew from the same seed, so that a breach can be met again."""


def run(folder, rounds=ROUNDS):
    """Half of the rounds go on where the last kill left off, half start from an empty register."""
    clean = folder / "clean"
    set_up(clean).deps.engine.dispose()
    duration = whole_run(clean, folder / "timing")
    moments = random.Random(SEED)
    home, survived, first_breach, seen = folder / "home", 0, "", []
    for number in range(rounds):
        if number % 2 == 0:
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(clean, home)
        # A run that goes on has less to do, so it is killed sooner.
        share = moments.uniform(0.25, 0.95) if number % 2 == 0 else moments.uniform(0.2, 0.4)
        seen.append(killed_after(home, share * duration))
        found, _ = breaches(home)
        survived += not found
        first_breach = first_breach or "; ".join(found)
    completed = completes(home)
    detail = f"licences after each kill: {seen}; a last run completed the rest: {'yes' if completed else 'NO'} {first_breach}"
    # What a run lost or did twice, the last one could not mend: it asks for each application once.
    missing = len(records(APPLICATIONS)) - breaches(home)[1]
    result = FaultResult(
        "issue killed by SIGKILL",
        rounds + 1,
        survived + completed,
        detail,
        lost=max(0, missing),
        doubled=max(0, -missing),
    )
    return [result]


def whole_run(clean, home):
    """Seconds that issuing everything takes here."""
    shutil.copytree(clean, home)
    started = time.perf_counter()
    process = command(home, "issue", str(APPLICATIONS), "--json")
    process.communicate(timeout=300)
    assert process.returncode == 0
    return time.perf_counter() - started


def killed_after(home, seconds):
    """How many licences stand after a run that was killed then."""
    process = command(home, "issue", str(APPLICATIONS), "--json")
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    return breaches(home)[1]


def completes(home):
    """Whether one more run issues exactly what is missing, and leaves nothing on its way."""
    process = command(home, "issue", str(APPLICATIONS), "--json")
    said, _ = process.communicate(timeout=300)
    summary = json.loads(said)
    found, count = breaches(home)
    whole = summary["issued"] + summary["already_issued"] == len(records(APPLICATIONS)) == count
    return whole and not found and not list((home / "files" / "incoming").iterdir())
