"""The sequencer is killed at moments spread over its work; then nothing may be missing and nothing twice."""

import random
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from gateway.persistence.models import AuditEvent, LogLeaf
from tests.unit.services.log_gateway import event
from tests.unit.services.test_log import tiles_of

ROOT = Path(__file__).resolve().parents[3]
ROUNDS, EVENTS = 8, 300
SEED = 20261125


@contextmanager
def sequencer(logging):
    """A process that sequences, with new events before it, and when those began to be written; killed at the end."""
    command = [sys.executable, "-m", "tests.unit.services.log_sequencer", str(logging.settings.data_dir)]
    command.append(logging.settings.database_url or "-")
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout.readline() == b"ready\n"
        began = time.monotonic()  # before the commit: the process may be done before we get on
        with logging.deps.sessions.begin() as session:
            session.add_all([event(number) for number in range(EVENTS)])
        yield process, began
    finally:
        process.kill()
        process.communicate()


def test_killed_at_any_moment_it_goes_on_without_loss(logging):
    moments = random.Random(SEED)
    with sequencer(logging) as (process, began):
        assert process.stdout.readline() == b"made\n"
        whole = time.monotonic() - began  # what the work takes on this machine, for the kills to be spread over it
    seen = set()
    for number in range(ROUNDS):
        with sequencer(logging):
            time.sleep(2 * whole * (number + moments.random()) / ROUNDS)
        published = logging.log_publication.files.published()
        seen.add((logging.log.backlog(), 0 if published is None else published.size))
        findings = logging.log_audit.verify()
        assert findings.is_whole, findings.faults
    assert len(seen) > 2  # the kills met it in different states
    logging.log.sequence()
    with logging.deps.sessions() as session:
        leaves, events = (session.scalar(select(func.count()).select_from(model)) for model in (LogLeaf, AuditEvent))
        last = session.scalar(select(func.max(LogLeaf.leaf_index)))
    assert leaves == events == last + 1 == (1 + ROUNDS) * EVENTS
    assert logging.log_audit.verify().is_whole and tiles_of(logging).is_whole
