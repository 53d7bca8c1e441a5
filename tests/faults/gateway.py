"""A gateway in a folder to do harm to, and what must hold in it whatever happened."""

import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from gateway.container import Container
from gateway.persistence.models import LicenceVersion, PaperCounterpart, StoredFile
from gateway.settings import read_settings

ROOT = Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "tests" / "vectors"
APPLICATIONS = VECTORS / "registry" / "applications.jsonl"
BASE_URL = "http://127.0.0.1:8000"


def records(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def container_at(home):
    return Container(read_settings({}, data_dir=home, key_iterations=1000, public_base_url=BASE_URL, log_level="ERROR"))


def set_up(home):
    """A gateway with the sample enterprises and no licences."""
    container = container_at(home)
    container.installation.initialise()
    container.installation.register_samples(records(VECTORS / "registry" / "enterprises.jsonl"))
    return container


def command(home, *words, file_limit_kib=None, environment=None):
    """A command line on the gateway in ``home``, in a process of its own that may write files up to a size."""
    words = (sys.executable, "-m", "gateway", *words)
    settings = {
        "GATEWAY_DATA_DIR": str(home),
        "GATEWAY_KEY_ITERATIONS": "1000",
        "GATEWAY_PUBLIC_BASE_URL": BASE_URL,
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        # A process that may not write whole files must not leave half a compiled module behind for the next.
        "PYTHONDONTWRITEBYTECODE": "" if file_limit_kib is None else "1",
        **(environment or {}),
    }
    return subprocess.Popen(
        ["bash", "-c", f'ulimit -f {file_limit_kib or "unlimited"}; exec "$@"', "bash", *words],
        env=settings,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def breaches(home):
    """One sentence for each broken promise: no licence without both its files, no file without its licence."""
    container = container_at(home)
    try:
        with container.deps.sessions() as session:
            named = set(session.scalars(select(StoredFile.sm3)))
            versions = session.execute(select(LicenceVersion.licence_identifier, LicenceVersion.electronic_sm3)).all()
            paper = dict(session.execute(select(PaperCounterpart.licence_identifier, PaperCounterpart.paper_sm3)).all())
        found = [f"{identifier} has no paper form" for identifier, _ in versions if identifier not in paper]
        used = {digest for _, digest in versions} | set(paper.values())
        found += [f"file {digest} belongs to no licence" for digest in named ^ used]
        published = {path.stem for path in (home / "files").glob("??/*.pdf")}
        found += [f"file {digest} has no row" for digest in published - named]
        for digest in used:
            container.deps.files.read(digest, ".pdf")  # StorageError ends the run: a licence without its file
        return found, len(versions)
    finally:
        container.deps.engine.dispose()
