"""Runs every static check and says which failed: format, lint, types, layers, migrations."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "layers": ["lint-imports"],
}


def run(name: str, command: list[str], environment: dict[str, str] | None = None) -> bool:
    """Run one check and say how it ended."""
    done = subprocess.run([str(BIN / command[0]), *command[1:]], env=environment, check=False)
    print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
    return done.returncode == 0


def main() -> None:
    """Exit status 1 when a check failed."""
    results = [run(name, command) for name, command in CHECKS.items()]
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, GATEWAY_DATABASE_URL=f"sqlite:///{folder}/check.db")
        results.append(run("migrations", ["alembic", "upgrade", "head"], environment))
        results.append(run("models match migrations", ["alembic", "check"], environment))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
