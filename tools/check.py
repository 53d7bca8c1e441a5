"""Runs every static check, prints how each ended, and fails when one did. Words after it pick checks by name."""

import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent
CHECKS = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "layers": ["lint-imports"],
    "migrations": ["python", "tools/check_migrations.py"],
    "documents": ["python", "tools/check_docs.py"],
    "Dockerfile": ["hadolint", "Dockerfile"],
    "vulnerabilities": ["python", "tools/audit.py"],
}
NOT_CHECKED = 75
"""Exit status of a check that could not ask its source (EX_TEMPFAIL of sysexits.h): said aloud, no failure."""


def run(name: str, command: list[str]) -> bool:
    """Run one check; its output is shown only when it did not end well."""
    started = time.perf_counter()
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    outcome = {0: "ok", NOT_CHECKED: "NOT CHECKED"}.get(done.returncode, "FAILED")
    if outcome != "ok":
        print(done.stdout + done.stderr, end="")
    print(f"{name:16} {outcome:12} {time.perf_counter() - started:6.1f} s", flush=True)
    return outcome != "FAILED"


def main() -> None:
    """Exit status 1 when a check failed."""
    wanted = sys.argv[1:]
    chosen = {name: command for name, command in CHECKS.items() if not wanted or name in wanted}
    results = [run(name, command) for name, command in chosen.items()]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
