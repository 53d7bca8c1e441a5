"""`serve` on SQLite does the conversions that nobody else does."""

import time

from gateway.domain.conversions import JobState
from tests.department_server import serving
from tests.faults.fault_http import free_port
from tests.unit.services.test_conversions import numbered, register, source

PATIENCE_SECONDS = 300


def test_serve_converts_what_was_taken_in(fresh, tmp_path):
    job = fresh.conversions.begin(source(fresh, register(tmp_path, *numbered(120))))
    deadline = time.monotonic() + PATIENCE_SECONDS
    with serving(fresh.settings.data_dir, free_port()):
        while fresh.conversions.show(job.id).state is JobState.RUNNING and time.monotonic() < deadline:
            time.sleep(0.5)
    view = fresh.conversions.show(job.id)
    assert (view.state, view.counts.by_status) == (JobState.FINISHED, {"converted": 120})
