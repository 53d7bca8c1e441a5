"""`make faults`: does every fault here to a gateway, prints a table, writes var/faults.json; fails when one was not taken.

Words pick faults by name. `--rounds N` does so many rounds of each whose rounds can be chosen, `--at-most N` no more than that.
`--write` makes docs/faults.md of the last run of each fault, which may have been done one after the other, and names those of
which there is no run.
"""

import argparse
import importlib
import inspect
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.result import FaultResult

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TARGET = ROOT / "var" / "faults.json"
PAGE = ROOT / "docs" / "faults.md"
HEAD = """# Fault record

Written by `make faults ARGS=--write` and by nothing else: what was done to the gateway, how often, and what came of it.
{rounds} rounds, {wrong} wrong verdicts, {lost} lost, {doubled} doubled; {held} of {faults} faults taken. Made on {machine}.

*Held*: rounds after which all held that must. A *wrong verdict* is an answer that says something untrue; *could not check* is
none. *Lost* and *doubled* are licences, rows, events or requests. A dash: the fault cannot lead to it. A fault is run by its
name, in the last column (`make faults ARGS="kill --rounds 50"`).

"""
COLUMNS = ("fault", "rounds", "held", "wrong verdicts", "lost", "doubled", "slowest", "seen")


def names():
    """Faults in this folder: fault_kill.py is called kill."""
    return sorted(path.stem.removeprefix("fault_") for path in HERE.glob("fault_*.py"))


def cells(result: FaultResult):
    """One line of the table: what does not apply is a dash."""
    counts = ["—" if count is None else str(count) for count in (result.wrong, result.lost, result.doubled)]
    slowest = f"{result.slowest_ms:,.0f} ms" if result.slowest_ms else ""
    return [result.name, str(result.rounds), str(result.survived), *counts, slowest, result.detail]


def show(results: list[FaultResult]):
    """One line for each fault."""
    table = Table(title="faults", show_lines=True)
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for result in results:
        colour = "green" if result.held else "red"
        table.add_row(*(f"[{colour}]{cell}[/]" if n == 2 else cell for n, cell in enumerate(cells(result))))
    Console(width=140).print(table)


def do(name, rounds, most):
    """The results of one fault, done in a folder of its own. What escapes from it is a fault that was not taken."""
    started = time.perf_counter()
    run = importlib.import_module(f"tests.faults.fault_{name}").run
    choice = inspect.signature(run).parameters.get("rounds")
    chosen = {}
    if choice is not None and (rounds or most):
        chosen = {"rounds": rounds or min(most, choice.default)}
    try:
        with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            results = run(Path(folder), **chosen)
    except Exception as error:  # noqa: BLE001 - the record goes on with the next fault
        traceback.print_exc()
        results = [FaultResult(name, 1, 0, f"BREACH: {type(error).__name__}: {str(error)[:300]}")]
    print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)
    return results


def page(runs) -> str:
    """docs/faults.md, which this command alone writes."""
    rows = [(*COLUMNS, "run")]
    rows.append(("---",) * len(rows[0]))
    results = []
    for name, found in sorted(runs.items()):
        own = [FaultResult(**each) for each in found["results"]]
        results += own
        rows += [(*cells(each), f"`{name}` {found['finished_at'][:10]} {found['revision']}") for each in own]
    lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    total = {name: sum(getattr(each, name) or 0 for each in results) for name in ("rounds", "wrong", "lost", "doubled")}
    held = sum(each.held for each in results)
    if missing := sorted(set(names()) - set(runs)):
        lines += ["", f"Not run for this record: {', '.join(f'`{name}`' for name in missing)}."]
    return HEAD.format(**total, held=held, faults=len(results), machine=machine()) + "\n".join(lines) + "\n"


def machine():
    """What the record was made on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


def revision():
    """Of the code; with a plus when files differ from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"


def kept():
    """The last run of each fault, by name."""
    return json.loads(TARGET.read_text()) if TARGET.exists() else {}


def keep(name, results):
    """Note a run; the file is whole after each."""
    stamp = {"finished_at": datetime.now(UTC).isoformat(timespec="seconds"), "revision": revision()}
    runs = kept() | {name: {"results": [vars(result) for result in results]} | stamp}
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(runs, indent=2, ensure_ascii=False) + "\n")


def main():
    """Exit status 1 when a fault was not taken, 64 for a name that there is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names())}")
    parser.add_argument("--rounds", type=int, help="rounds of each fault whose rounds can be chosen")
    parser.add_argument("--at-most", type=int, help="no more rounds than this of any of them")
    parser.add_argument(
        "--write", action="store_true", help="make docs/faults.md of the last run of each fault that there is"
    )
    given = parser.parse_args()
    if unknown := set(given.names) - set(names()):
        print(f"no fault {', '.join(sorted(unknown))}; there are: {', '.join(names())}", file=sys.stderr)
        sys.exit(64)
    results = []
    for name in given.names or names():
        found = do(name, given.rounds, given.at_most)
        keep(name, found)
        results += found
    show(results)
    print(f"written to {TARGET}")
    if given.write:
        PAGE.write_text(page({name: run for name, run in kept().items() if name in names()}))
        print(f"written to {PAGE}")
    sys.exit(0 if all(result.held for result in results) else 1)


if __name__ == "__main__":
    main()
