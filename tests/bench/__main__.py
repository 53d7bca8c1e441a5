"""`make bench`: runs every benchmark here, prints a table, writes var/bench.json. Words after it pick benchmarks by name."""

import importlib
import json
import os
import platform
import ssl
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.result import BenchResult

HERE = Path(__file__).parent
TARGET = HERE.parent.parent / "var" / "bench.json"


def names() -> list[str]:
    """Benchmarks in this folder: bench_sm2.py is called sm2."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def measure(name: str) -> BenchResult:
    """Run one benchmark; a plain mapping is taken as ratios."""
    answer = importlib.import_module(f"tests.bench.bench_{name}").run()
    return answer if isinstance(answer, BenchResult) else BenchResult(ratios=dict(answer))


def machine() -> dict[str, object]:
    """What the figures were measured on; they mean little elsewhere."""
    models = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def show(ratios: dict[str, float], rates: dict[str, float]) -> None:
    """Both kinds of figures on the screen."""
    table = Table(title="ratios: ours over the reference, higher is better; rates: absolute")
    for column in ("kind", "name", "value"):
        table.add_column(column, justify="right" if column == "value" else "left", no_wrap=True)
    for kind, figures in (("ratio", ratios), ("rate", rates)):
        for name, value in sorted(figures.items()):
            table.add_row(kind, name, f"{value:,.2f}")
    Console(width=100).print(table)


def main() -> None:
    """Exit status 64 for a name that there is not."""
    wanted = sys.argv[1:] or names()
    if unknown := set(wanted) - set(names()):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names())}", file=sys.stderr)
        sys.exit(64)
    found, ratios, rates = machine(), {}, {}
    for name in wanted:
        started = time.perf_counter()
        result = measure(name)
        ratios |= result.ratios
        rates |= result.rates
        print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)
    show(ratios, rates)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(
        json.dumps({"ratios": ratios, "rates": rates, "machine": found}, indent=2, ensure_ascii=False) + "\n"
    )
    print(f"written to {TARGET}")


if __name__ == "__main__":
    main()
