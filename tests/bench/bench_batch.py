"""A batch of 10,000 lines over HTTP, cut off in the middle and sent again: speed, first answer, memory of the worker.

PostgreSQL, real SM2 signatures (B-T), one gunicorn worker, so that its memory is that of the batch. A batch is one sequence:
a department with more cores to use sends several.
"""

import tempfile
from pathlib import Path

from gateway.container import Container
from gateway.services.batches import MOST_LINES
from gateway.settings import read_settings
from tests.batch_client import Reading, lines, send
from tests.bench.result import BenchResult
from tests.department_server import department_headers, serving, workers_of
from tests.faults.fault_http import free_port
from tests.faults.gateway import APPLICATIONS, VECTORS, records
from tools.check_migrations import postgresql

_CUT_AFTER = MOST_LINES // 2
_WARM = 5
"""Readings of memory that are left out: caches fill while the first lines are issued."""


def run() -> BenchResult:
    """Every line is answered in order and issued once, or it fails."""
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder) / "postgresql") as url:
        home = Path(folder) / "data"
        container = Container(read_settings({}, data_dir=home, key_iterations=1000, database_url=url))
        container.installation.initialise()
        container.installation.register_samples(records(VECTORS / "registry" / "enterprises.jsonl"))
        headers = department_headers(container)
        body, port = b"".join(lines(records(APPLICATIONS), MOST_LINES, "BATCH")), free_port()
        with serving(home, port, workers=1, database_url=url) as process:
            (worker,) = workers_of(process)
            cut = send(port, headers, body, cut_after=_CUT_AFTER, worker=worker)
            # On a slow machine the token is over by then, as it is for a department that comes back the next day.
            whole = send(port, department_headers(container), body, worker=worker)
            assert workers_of(process) == [worker]
        container.deps.engine.dispose()
    return BenchResult(rates=_figures(cut, whole))


def _figures(cut: Reading, whole: Reading) -> dict[str, float]:
    assert [answer["line"] for answer in whole.answers] == list(range(1, MOST_LINES + 1))
    assert {answer["status"] for answer in whole.answers} == {"issued"}
    assert len({answer["licence_identifier"] for answer in whole.answers}) == MOST_LINES
    told = [answer["licence_identifier"] for answer in cut.answers]
    assert told == [answer["licence_identifier"] for answer in whole.answers[: len(told)]]
    replayed = MOST_LINES - whole.new
    assert _CUT_AFTER <= replayed < MOST_LINES
    memory = cut.memory[_WARM:] + whole.memory
    return {
        "batch_issue_per_second": len(cut.answers) / cut.seconds,
        "batch_first_answer_ms": cut.first_seconds * 1000,
        "batch_resumed_per_second": MOST_LINES / whole.seconds,
        "batch_worker_start_bytes": float(cut.memory[0]),
        "batch_worker_growth_bytes": float(max(memory) - memory[0]),
        "batch_lines_before_cut": float(replayed),
    }
