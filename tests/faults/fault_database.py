"""PostgreSQL is slow, breaks off, or is killed while licences are issued and looked up: no wrong answer, no loss, no double."""

import random
import re
import threading
import time
from collections import Counter

from sqlalchemy import select

from gateway.container import Container
from gateway.domain.answers import Genuine
from gateway.errors import GatewayError
from gateway.persistence.models import AuditEvent, LicenceVersion
from gateway.persistence.session import reading
from gateway.settings import read_settings
from tests.faults.fault_convert import kill_server, server_at
from tests.faults.gateway import APPLICATIONS, BASE_URL, VECTORS, records
from tests.faults.result import FaultResult
from tests.faults.slow_line import SlowLine

ROUNDS, SEED = 12, 20261126
EACH = 4
"""Applications of a round."""
SLOW_SECONDS = (0.02, 0.1, 0.3)
PATIENCE_SECONDS = 300


def run(folder, rounds=ROUNDS):
    """Half of the rounds with a slow line, the others with one that breaks or a server that is killed."""
    with server_at(folder / "server") as server:
        socket = re.search(r"host=([^&]+)", server.get_uri())[1]
        line = SlowLine(f"{socket}/.s.PGSQL.5432")
        trial = Trial(folder / "home", line.port)
        chance = random.Random(SEED)

        def slow():
            line.delay = chance.choice(SLOW_SECONDS)
            time.sleep(chance.uniform(1, 4))

        def broken():
            time.sleep(chance.uniform(0.05, 0.6))
            line.cut()
            time.sleep(chance.uniform(0.1, 2))

        def killed():
            time.sleep(chance.uniform(0.05, 0.6))
            kill_server(server)

        try:
            return [
                trial.judged("database slow", [slow] * (rounds - rounds // 2), line),
                trial.judged("database lost and back", [broken, killed] * (rounds // 4 or 1), line),
            ]
        finally:
            trial.gateway.deps.engine.dispose()
            line.end()


class Trial:
    """A gateway whose database stands at the other end of a line."""

    def __init__(self, home, port):
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
        settings = {"key_iterations": 1000, "log_level": "ERROR", "public_base_url": BASE_URL}
        self.gateway = Container(read_settings({}, data_dir=home, database_url=url, **settings))
        self.gateway.installation.initialise()
        self.gateway.installation.register_samples(records(VECTORS / "registry" / "enterprises.jsonl"))
        self.base, self.sent = records(APPLICATIONS), 0
        self.known = self.gateway.licences.issue(self.base[0])

    def judged(self, name, faults, line):
        """Each fault while a client issues and another one looks up."""
        survived, wrong, refused, slowest = 0, 0, Counter(), 0.0
        for fault in faults:
            started, sent = time.monotonic(), self.applications()
            client = threading.Thread(target=self.issue_until_done, args=(sent, refused))
            ended, lies = threading.Event(), []
            reader = threading.Thread(target=self.look_up, args=(ended, lies, refused))
            client.start()
            reader.start()
            fault()
            line.mend()
            client.join(PATIENCE_SECONDS)
            ended.set()
            reader.join(PATIENCE_SECONDS)
            slowest = max(slowest, time.monotonic() - started)
            wrong += len(lies)
            survived += not lies and not client.is_alive() and self.is_whole()
            print(f"{name}: {lies or 'held'}, {self.sent} licences", flush=True)
        lost, doubled = self.lost_and_doubled()
        said = f"{self.sent} licences; refused and asked again: {dict(refused)}"
        return FaultResult(name, len(faults), survived, said, slowest * 1000, wrong=wrong, lost=lost, doubled=doubled)

    def applications(self):
        """Some that were never sent."""
        made = [self.base[n % len(self.base)] | {"ZZHM": f"FAULT-{n:06}"} for n in range(self.sent, self.sent + EACH)]
        self.sent += EACH
        return made

    def issue_until_done(self, sent, refused):
        """Each application again and again until it is answered, as clients do."""
        for application in sent:
            until = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < until:
                try:
                    self.gateway.licences.issue(application)
                    break
                except GatewayError as error:
                    refused[type(error).__name__] += 1
                    time.sleep(0.1)

    def look_up(self, ended, lies, refused):
        """A licence that is genuine is never said to be anything else; that it could not be asked may be said."""
        while not ended.wait(0.05):
            try:
                found = self.gateway.licences.public_answer(self.known.licence_identifier)
            except GatewayError as error:
                refused[type(error).__name__] += 1
                continue
            except Exception as error:  # noqa: BLE001 - what escapes is what this looks for
                lies.append(repr(error))
                continue
            if found is None or found.listed.genuine is Genuine.NO:
                lies.append(str(found))

    def counted(self):
        """Licences that stand, and how often the issue of each is on record."""
        with reading(self.gateway.deps.sessions) as session:
            versions = set(session.scalars(select(LicenceVersion.licence_identifier)))
            events = session.scalars(select(AuditEvent.subject).where(AuditEvent.action == "licence_issued"))
            return versions, Counter(events)

    def is_whole(self):
        """One licence for each application, one event for each licence, and every file in its place."""
        self.gateway.installation.recover()
        versions, events = self.counted()
        return len(versions) == self.sent + 1 and events == Counter(versions) and self.gateway.storage.check().is_whole

    def lost_and_doubled(self):
        """Of all rounds so far."""
        versions, events = self.counted()
        more = len(versions) - self.sent - 1
        return max(0, -more), max(0, more) + sum(count - 1 for count in events.values())
