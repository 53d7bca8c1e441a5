"""The clock of the machine jumps, forwards and back, between any two acts: no wrong verdict, nothing lost or doubled, and once
it is right again everything is as if it had never jumped.
"""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from gateway.container import Container
from gateway.domain.answers import Genuine, InForce
from gateway.domain.status import LicenceStatus
from gateway.errors import GatewayError
from gateway.persistence.models import AuditEvent
from gateway.services.status_changes import StatusDecision
from gateway.settings import read_settings
from signing.errors import SigningError
from tests.faults.fault_deliveries import every_event, out_of_order
from tests.faults.gateway import APPLICATIONS, records, set_up
from tests.faults.result import FaultResult
from tests.receivers import receiving
from tests.unit.services.test_deliveries import run_dry, subscribe

SEED = 20261126
ROUNDS, AT_FIRST = 40, 5
JUMPS = tuple(
    timedelta(**{unit: sign * count})
    for unit, count in (("minutes", 3), ("hours", 9), ("days", 2), ("days", 45), ("days", 400))
    for sign in (1, -1)
)


class Clock:
    """Right but for a shift."""

    def __init__(self):
        self.shift = timedelta(0)

    def __call__(self):
        return datetime.now(UTC) + self.shift


def run(folder, rounds=ROUNDS):
    """One gateway; before each act the clock jumps to somewhere else."""
    set_up(folder / "home").deps.engine.dispose()
    with receiving() as receiver:
        trial = Trial(folder / "home", receiver)
        try:
            return [trial.run(rounds)]
        finally:
            trial.gateway.deps.engine.dispose()


class Trial:
    """The gateway under a clock of ours, and what it was asked to do so far."""

    def __init__(self, home, receiver):
        settings = {"data_dir": home, "key_iterations": 1000, "log_level": "ERROR", "delivery_seconds": 1.0}
        origins = (f"http://127.0.0.1:{receiver.port}=127.0.0.0/8",)
        self.clock, self.receiver, self.chance = Clock(), receiver, random.Random(SEED)
        self.gateway = Container(
            read_settings({}, delivery_origins=origins, delivery_attempts=100, **settings), self.clock
        )
        self.waiting, self.issued, self.refused = records(APPLICATIONS), [], Counter()
        self.wrong = []

    def run(self, rounds):
        """Acts under a wrong clock, then the same questions under the right one."""
        subscribe(self.gateway, self.receiver.url)
        for _ in range(AT_FIRST):
            self.act("issue")
        survived = 0
        for number in range(rounds):
            self.clock.shift = self.chance.choice(JUMPS)
            before = len(self.wrong)
            self.act(("issue", "change", "ask", "deliver")[number % 4])
            survived += len(self.wrong) == before
        self.clock.shift = timedelta(0)
        self.gateway.log.sequence()
        self.come_to_rest()
        lost, doubled = self.lost_and_doubled()
        at_last = [each for each in self.issued if not self.is_as_it_should_be(each)]
        is_whole = self.gateway.log_audit.verify().faults == () and not out_of_order(self.receiver)
        good = not at_last and is_whole
        said = f"{len(self.issued)} licences, refused under a wrong clock: {dict(self.refused)}"
        if self.wrong or not good:
            said += f"; BREACH: {self.wrong[:3]} {at_last[:3]} log and order {is_whole}"
        wrong = len(self.wrong) + len(at_last)
        return FaultResult(
            "clock jumps by minutes to 400 days",
            rounds + 1,
            survived + good,
            said,
            wrong=wrong,
            lost=lost,
            doubled=doubled,
        )

    def act(self, name):
        """One act; a refusal is allowed, and what escapes is a breach."""
        try:
            getattr(self, name)()
        except (GatewayError, SigningError) as error:
            self.refused[f"{name}: {type(error).__name__}"] += 1
        except Exception as error:  # noqa: BLE001 - what escapes is what this looks for
            self.wrong.append(f"{name}: {type(error).__name__}: {error}")

    def issue(self):
        """A licence; under a clock that is wrong its certificates may not be good, and then there is none."""
        self.issued.append(self.gateway.licences.issue(self.waiting.pop()))

    def change(self):
        """Suspended and restored."""
        identifier = self.chance.choice(self.issued).licence_identifier
        for status in (LicenceStatus.SUSPENDED, LicenceStatus.VALID):
            self.gateway.status_changes.record(identifier, StatusDecision(status, "《某法》第一条", "整改"))

    def ask(self):
        """No clock makes a genuine file a forged one; it may be undecided."""
        licence = self.chance.choice(self.issued)
        for found in (self.of_file(licence), self.of_register(licence)):
            if found is Genuine.NO:
                self.wrong.append(f"{licence.licence_identifier} called forged at {self.clock.shift}")

    def deliver(self):
        """What is due."""
        self.gateway.log.sequence()
        self.gateway.couriers.round()

    def of_file(self, licence):
        """What verification says of its file."""
        return self.gateway.verifications.verify(licence.electronic_file.read_bytes(), "licence.pdf").answer.genuine

    def of_register(self, licence):
        """What the public is told."""
        return self.gateway.licences.public_answer(licence.licence_identifier).listed.genuine

    def is_as_it_should_be(self, licence):
        """Genuine and in force, asked at the right time."""
        listed = self.gateway.licences.public_answer(licence.licence_identifier).listed
        expected = (Genuine.YES, Genuine.YES)
        return (self.of_file(licence), listed.genuine) == expected and listed.in_force is not InForce.UNKNOWN

    def come_to_rest(self):
        """Deliveries that a wrong clock put off, sent at last: as by then, leases and pauses are over."""
        self.clock.shift = max(JUMPS) + timedelta(days=2)
        run_dry(self.gateway)
        self.clock.shift = timedelta(0)

    def lost_and_doubled(self):
        """Events that did not come, and licences whose issue is on record twice or not at all."""
        expected = {str(event.position) for event in every_event(self.gateway)}
        lost = len(expected - {event["id"] for event in self.receiver.events})
        with self.gateway.deps.sessions() as session:
            issued = Counter(session.scalars(select(AuditEvent.subject).where(AuditEvent.action == "licence_issued")))
        names = {licence.licence_identifier for licence in self.issued}
        return lost + len(names - set(issued)), sum(count - 1 for count in issued.values()) + len(set(issued) - names)
