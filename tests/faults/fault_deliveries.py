"""Senders of deliveries are killed while a receiver fails in every way: nothing may be lost, and each licence keeps its order."""

import random
import subprocess
import sys
import time

from gateway.domain.status import LicenceStatus
from gateway.persistence.models import Delivery
from gateway.services.events import START, EventFilter, read_page
from gateway.services.status_changes import StatusDecision
from tests.faults.gateway import APPLICATIONS, ROOT, records, set_up
from tests.faults.result import FaultResult
from tests.receivers import receiving
from tests.unit.services.test_deliveries import allowing, later, run_dry, subscribe

ROUNDS, SEED = 20, 20261126
"""The moments are drawn anew from the same seed, so that a breach can be met again."""
LICENCES = 6
PATIENCE_SECONDS = 60
"""For two processes to start and to send something, on a machine that does other things too."""
FAULTS = (200, 200, 200, 200, 500, 503, 307, "lost", "slow")


def run(folder, rounds=ROUNDS):
    """One gateway; in each round its licences change, two senders work, and both are killed."""
    container = set_up(folder / "home")
    for record in records(APPLICATIONS)[:LICENCES]:
        container.licences.issue(record)
    container.log.sequence()
    moments, survived, first_breach = random.Random(SEED), 0, ""
    with receiving() as receiver:
        receiver.slow_seconds = 1.5
        gateway = allowing(container, receiver.port, delivery_attempts=100)
        subscribe(gateway, receiver.url)
        for number in range(rounds):
            change_all(gateway)
            receiver.answers = [moments.choice(FAULTS) for _ in range(LICENCES)]
            count = len(receiver.taken)
            kill_two_senders(gateway, receiver, moments)
            found = out_of_order(receiver) or (
                "" if len(receiver.taken) > count else "NO, nothing was sent before the kill"
            )
            survived += not found
            first_breach = first_breach or found
            print(f"{number + 1} of {rounds}: {found or 'held'}, {len(receiver.taken)} messages so far", flush=True)
        receiver.answers = []
        later(gateway, days=1)
        run_dry(gateway)
        expected = {str(event.position) for event in every_event(gateway)}
        got = [event["id"] for event in receiver.events]
        lost, twice = len(expected - set(got)), len(got) - len(set(got))
        is_whole = not lost and not out_of_order(receiver)
        gateway.deps.engine.dispose()
    detail = f"{len(expected)} events, {lost} lost, {twice} came again, order kept: {first_breach or 'yes'}"
    title = "senders of deliveries killed, receiver failing"
    return [FaultResult(title, rounds + 1, survived + is_whole, detail, lost=lost)]


def every_event(gateway):
    """All events of licences, page after page."""
    found, after, has_more = [], START, True
    with gateway.deps.sessions() as session:
        while has_more:
            page = read_page(session, after, 200, EventFilter())
            found, after, has_more = [*found, *page.events], page.through, page.has_more
    return found


def change_all(gateway):
    """Each licence is suspended and restored: two events that must not change places."""
    subjects = {event.subject.licence_identifier for event in every_event(gateway)}
    for identifier in sorted(subjects):
        for status in (LicenceStatus.SUSPENDED, LicenceStatus.VALID):
            gateway.status_changes.record(identifier, StatusDecision(status, "《某法》第一条", "整改"))
    gateway.log.sequence()


def kill_two_senders(gateway, receiver, moments):
    """Two processes, killed once some deliveries came in; what they held is taken for free at once."""
    count, wanted = len(receiver.taken), moments.randint(1, LICENCES)
    words = [str(gateway.settings.data_dir), gateway.settings.database_url or "-", str(receiver.port)]
    command = [sys.executable, "-m", "tests.unit.services.delivery_sender", *words]
    senders = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    until = time.monotonic() + PATIENCE_SECONDS
    while len(receiver.taken) < count + wanted and time.monotonic() < until:
        time.sleep(0.002)
    for process in senders:
        process.kill()
        process.communicate()
    with gateway.deps.sessions.begin() as session:
        now = gateway.clock()
        held = session.query(Delivery).filter(Delivery.state == "pending")
        held.update({"leased_until": None, "leased_by": None, "next_attempt_at": now})
        for row in gateway.subscriptions.all():
            session.merge(row).rests_until = None


def out_of_order(receiver):
    """Names the first licence whose events came in another order than that of their ids; empty when none did."""
    for subject in {event["subject"] for event in receiver.events}:
        own = [int(event["id"]) for event in receiver.events if event["subject"] == subject]
        if own != sorted(own):
            return f"NO, {subject}: {own}"
    return ""
