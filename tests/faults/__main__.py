"""`make faults`: does every fault here to a gateway, prints a table, writes var/faults.json; fails when one was not taken.

Words pick faults by name. `--rounds N` does so many rounds of each whose rounds can be chosen, `--write` makes docs/faults.md of
a run of all faults.
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
{rounds} rounds, {wrong} wrong verdicts, {lost} lost, {doubled} doubled; {held} of {faults} faults taken.
Run until {finished_at} on {machine}, revision {revision}.

*Held*: rounds after which all held that must. A *wrong verdict* is an answer that says something untrue; *could not check* is
none. *Lost* and *doubled* are licences, rows, events or requests. A dash: the fault cannot lead to it.

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


def do(wanted, rounds):
    """The results of the faults with these names; each is done in a folder of its own."""
    for name in wanted:
        started = time.perf_counter()
        run = importlib.import_module(f"tests.faults.fault_{name}").run
        chosen = {"rounds": rounds} if rounds and "rounds" in inspect.signature(run).parameters else {}
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            results = run(Path(folder), **chosen)
        print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)
        yield from results


def page(results: list[FaultResult], report) -> str:
    """docs/faults.md, which this command alone writes."""
    rows = [COLUMNS, ["---"] * len(COLUMNS), *map(cells, results)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    total = {name: sum(getattr(each, name) or 0 for each in results) for name in ("rounds", "wrong", "lost", "doubled")}
    return (
        HEAD.format(**total, held=sum(each.held for each in results), faults=len(results), **report)
        + "\n".join(lines)
        + "\n"
    )


def machine():
    """What the record was made on."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


def revision():
    """Of the code; with a plus when files differ from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"


def main():
    """Exit status 1 when a fault was not taken, 64 for a name that there is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names())}")
    parser.add_argument("--rounds", type=int, help="rounds of each fault whose rounds can be chosen")
    parser.add_argument("--write", action="store_true", help="make docs/faults.md of it; only a run of all faults can")
    given = parser.parse_args()
    if unknown := set(given.names) - set(names()):
        print(f"no fault {', '.join(sorted(unknown))}; there are: {', '.join(names())}", file=sys.stderr)
        sys.exit(64)
    if given.write and given.names:
        print("--write takes no names: the record holds every fault", file=sys.stderr)
        sys.exit(64)
    results = list(do(given.names or names(), given.rounds))
    show(results)
    TARGET.parent.mkdir(exist_ok=True)
    report = {
        "faults": [{**vars(result), "held": result.held} for result in results],
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "revision": revision(),
    }
    TARGET.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {TARGET}")
    if given.write:
        PAGE.write_text(page(results, {name: value for name, value in report.items() if name != "faults"}))
        print(f"written to {PAGE}")
    sys.exit(0 if all(result.held for result in results) else 1)


if __name__ == "__main__":
    main()
