"""Several processes issue the same applications at once: every licence comes into being exactly once."""

import json
import shutil

from tests.faults.gateway import APPLICATIONS, breaches, command, records, set_up
from tests.faults.result import FaultResult

ROUNDS = 3
PROCESSES = 4


def run(folder, rounds=ROUNDS):
    """Each round starts from an empty register."""
    clean = folder / "clean"
    set_up(clean).deps.engine.dispose()
    expected = len(records(APPLICATIONS))
    survived, seen, first_breach, lost, doubled = 0, [], "", 0, 0
    for _ in range(rounds):
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(clean, home)
        processes = [command(home, "issue", str(APPLICATIONS), "--json") for _ in range(PROCESSES)]
        summaries = [json.loads(process.communicate(timeout=300)[0]) for process in processes]
        issued = [summary["issued"] for summary in summaries]
        found, count = breaches(home)
        refused = sum(summary["refused"] for summary in summaries)
        good = not found and count == expected == sum(issued) and refused == 0
        survived += good
        lost += max(0, expected - count)
        doubled += max(0, count - expected, sum(issued) - count)
        seen.append(issued)
        first_breach = first_breach or ("" if good else f"; BREACH: {count} licences, {refused} refused, {found}")
    said = f"issued by each: {seen}{first_breach}"
    return [FaultResult(f"{PROCESSES} processes issue the same", rounds, survived, said, lost=lost, doubled=doubled)]
