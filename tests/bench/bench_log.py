"""The transparency log: events a second into signed, published leaves, and what its sequencer costs those who record.

`log_events_per_second` counts everything: leaves, checkpoints, tiles and entries on the disk. `log_recording_unslowed`
is the rate of recording (one transaction an event, SQLite) while another thread sequences, signs and publishes once a
second, as `serve` does, over the rate without it: 1.0 would be no cost at all. Both threads share one interpreter.
"""

import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.result import BenchResult
from tests.unit.services.log_gateway import event, insert_events, small_gateway

ROUNDS, BATCH, RECORDED, PAUSE = 5, 5_000, 1_000, 1.0


def run():
    with tempfile.TemporaryDirectory() as folder:
        gateway = small_gateway(Path(folder) / "gateway")
        sequencing = [sequenced(gateway) for _ in range(ROUNDS)]
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone.append(recorded(gateway))
            beside.append(recorded_beside(gateway))
        gateway.log.sequence()
        findings = gateway.log_audit.verify()
        gateway.deps.engine.dispose()
    assert findings.is_whole and findings.size == ROUNDS * (BATCH + 2 * RECORDED)
    return BenchResult(
        ratios={"log_recording_unslowed": statistics.median(alone) / statistics.median(beside)},
        rates={
            "log_events_per_second": BATCH / statistics.median(sequencing),
            "log_recorded_alone_per_second": RECORDED / statistics.median(alone),
            "log_recorded_beside_sequencer_per_second": RECORDED / statistics.median(beside),
        },
    )


def sequenced(gateway):
    """Seconds for a batch from the queue to the published checkpoint."""
    with gateway.deps.sessions.begin() as session:
        session.add_all([event(number) for number in range(BATCH)])
    started = time.perf_counter()
    assert gateway.log.sequence().leaves == BATCH
    return time.perf_counter() - started


def recorded(gateway):
    """Seconds for single events, each in its own transaction."""
    started = time.perf_counter()
    insert_events(gateway, RECORDED)
    return time.perf_counter() - started


def recorded_beside(gateway):
    """The same while a sequencer runs."""
    stop = threading.Event()

    def keep_sequencing():
        while not stop.wait(PAUSE):
            gateway.log.sequence()

    thread = threading.Thread(target=keep_sequencing)
    thread.start()
    try:
        return recorded(gateway)
    finally:
        stop.set()
        thread.join()
