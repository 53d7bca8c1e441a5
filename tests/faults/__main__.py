"""`make faults`: does every fault here to a gateway, prints a table, writes var/faults.json; fails when one was not taken."""

import importlib
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.result import FaultResult

HERE = Path(__file__).parent
TARGET = HERE.parent.parent / "var" / "faults.json"


def names():
    """Faults in this folder: fault_kill.py is called kill."""
    return sorted(path.stem.removeprefix("fault_") for path in HERE.glob("fault_*.py"))


def show(results: list[FaultResult]):
    """One line for each fault."""
    table = Table(title="faults", show_lines=True)
    for column in ("fault", "taken", "slowest", "seen"):
        table.add_column(column, overflow="fold")
    for result in results:
        colour = "green" if result.held else "red"
        taken = f"[{colour}]{result.survived} of {result.rounds}[/]"
        table.add_row(result.name, taken, f"{result.slowest_ms:,.0f} ms" if result.slowest_ms else "", result.detail)
    Console(width=120).print(table)


def main():
    """Exit status 1 when a fault was not taken, 64 for a name that there is not."""
    wanted = sys.argv[1:] or names()
    if unknown := set(wanted) - set(names()):
        print(f"no fault {', '.join(sorted(unknown))}; there are: {', '.join(names())}", file=sys.stderr)
        sys.exit(64)
    results = []
    for name in wanted:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            results += importlib.import_module(f"tests.faults.fault_{name}").run(Path(folder))
        print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)
    show(results)
    TARGET.parent.mkdir(exist_ok=True)
    report = {
        "faults": [{**vars(result), "held": result.held} for result in results],
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    TARGET.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {TARGET}")
    sys.exit(0 if all(result.held for result in results) else 1)


if __name__ == "__main__":
    main()
