"""64 issue requests over HTTP at once, 8 applications each sent 8 times, a worker killed in the middle: 8 licences."""

import json
import os
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from itertools import product

from sqlalchemy import create_engine, func, select, text

from gateway.container import Container
from gateway.persistence.models import AuditEvent, Licence, StoredFile
from gateway.settings import read_settings
from tests.department_server import department_headers, serving, workers_of
from tests.faults.gateway import APPLICATIONS, VECTORS, breaches, records
from tests.faults.result import FaultResult
from tests.ports import free_port
from tools.check_migrations import postgresql

KEYS, TIMES, ROUNDS = 8, 8, 3
PATIENCE = 120
"""Seconds that a client goes on sending the same request."""


def run(folder, rounds=ROUNDS):
    """On SQLite and on a real PostgreSQL."""
    results = [on_database("SQLite", folder / "sqlite", lambda round_: {}, rounds)]
    with postgresql(folder / "postgresql") as url:
        settings_of = lambda round_: {"database_url": database(url, round_)}  # noqa: E731 - as above
        results.append(on_database("PostgreSQL", folder / "pg", settings_of, rounds))
    return results


def database(url, number):
    """A database of its own for each round."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE round_{number}"))
    engine.dispose()
    base, _, query = url.partition("?")
    return base.rpartition("/")[0] + f"/round_{number}" + (f"?{query}" if query else "")


def on_database(name, folder, settings_of, rounds):
    """Each round starts from an empty register."""
    survived, lost, doubled, seen = 0, 0, 0, []
    for number in range(rounds):
        home, settings = folder / f"round-{number}", settings_of(number)
        container = Container(read_settings({}, data_dir=home, key_iterations=1000, log_level="ERROR", **settings))
        container.installation.initialise()
        container.installation.register_samples(records(VECTORS / "registry" / "enterprises.jsonl"))
        # A key in the hand of a killed worker must not outlast the clients' patience.
        answers = storm(home, settings | {"idempotency_lease_seconds": 5}, department_headers(container))
        identifiers = {answer["licence_identifier"] for answer in answers}
        container.installation.recover()
        with container.deps.sessions() as session:
            licences = session.scalar(select(func.count()).select_from(Licence))
            events = session.scalar(select(func.count()).where(AuditEvent.action == "licence_issued"))
            files = session.scalar(select(func.count()).select_from(StoredFile))
        container.deps.engine.dispose()
        found = [] if settings else breaches(home)[0]
        good = (licences, events, files, len(identifiers), len(answers), found) == (
            KEYS,
            KEYS,
            2 * KEYS,
            KEYS,
            KEYS * TIMES,
            [],
        )
        survived += good
        lost += max(0, KEYS - licences)
        doubled += max(0, licences - KEYS)
        seen.append(f"{licences} licences{'' if good else f', BREACH {events} {files} {found}'}")
        shutil.rmtree(home)
    title = f"64 requests over HTTP, a worker killed, {name}"
    return FaultResult(title, rounds, survived, "; ".join(seen), lost=lost, doubled=doubled)


def storm(home, settings, headers):
    """The answers to all 64 requests; whoever got none asks again, as clients do."""
    port = free_port()
    wanted = records(APPLICATIONS)[:KEYS]
    barrier = threading.Barrier(KEYS * TIMES)
    with serving(home, port, workers=3, **settings) as process, ThreadPoolExecutor(KEYS * TIMES) as pool:
        asked = [
            pool.submit(issue, port, wanted[key], headers | {"Idempotency-Key": f"key-{key}"}, barrier)
            for key, _ in product(range(KEYS), range(TIMES))
        ]
        while not any(each.done() for each in asked):
            time.sleep(0.01)
        os.kill(workers_of(process)[0], signal.SIGKILL)
        return [each.result(timeout=2 * PATIENCE) for each in asked]


def issue(port, record, headers, barrier):
    """One client: the same request with the same key until it is answered."""
    barrier.wait(timeout=60)
    body, until = json.dumps({"record": record}).encode(), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("POST", "/api/v1/licences", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status in (200, 201):
                return json.loads(content)
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise AssertionError("a client was never answered")
