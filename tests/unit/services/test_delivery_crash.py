"""Senders are killed at moments spread over their work, two at a time; then nothing may be missing, and the order kept."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.persistence.models import Delivery
from tests.receivers import receiving
from tests.unit.services.test_deliveries import (
    all_events,
    allowing,
    assert_whole,
    change,
    identifiers,
    later,
    run_dry,
    subscribe,
)

ROOT = Path(__file__).resolve().parents[3]
ROUNDS, SEED = 3, 20261126


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def sender(container, port):
    arguments = [str(container.settings.data_dir), container.settings.database_url or "-", str(port)]
    command = [sys.executable, "-m", "tests.unit.services.delivery_sender", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.timeout(900)  # two processes a round have to start, on whatever machine
def test_killed_at_any_moment_nothing_is_lost_and_the_order_kept(issued, receiver):
    issued.log.sequence()
    gateway = allowing(issued, receiver.port)
    made = subscribe(gateway, receiver.url)
    moments, seen = random.Random(SEED), set()
    busy = identifiers(gateway)[:6]
    for _ in range(ROUNDS):
        for identifier in busy:
            change(gateway, identifier)
        count, wanted = len(receiver.taken), moments.randint(1, 12)
        senders = [sender(gateway, receiver.port) for _ in range(2)]
        until = time.monotonic() + 20
        while len(receiver.taken) < count + wanted and time.monotonic() < until:
            time.sleep(0.002)
        for process in senders:
            process.kill()
            process.communicate()
        seen.add(len(receiver.taken))
        gateway.delivery_letters.replay(made.id, 10**9)  # ends the rest of a receiver, and nothing else
        with gateway.deps.sessions.begin() as session:
            session.query(Delivery).filter(Delivery.leased_until.is_not(None)).update({"leased_until": gateway.clock()})
    assert len(seen) > 2, "the kills met different states"
    later(gateway, minutes=5)
    run_dry(gateway)
    assert_whole(gateway, receiver)
    assert len(receiver.events) - len(all_events(gateway)) <= ROUNDS * 4, "what came twice was under way at a kill"
    gateway.deps.engine.dispose()
