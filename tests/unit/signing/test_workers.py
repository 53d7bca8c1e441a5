"""The pool of worker processes: what a job may do, what it may not, and that the pool outlives every one of them."""

import os
import threading
import time
from contextlib import suppress

import pytest

from signing.errors import MalformedDataError, ResourceLimitError, WorkerProblemError, WorkersBusyError
from signing.pdf.reading import read_structure
from signing.validation.policy import Limits
from signing.validation.report import Coverage
from signing.worker_process import is_confined
from signing.workers import WorkerLimits, WorkerPool, shared_pool
from tests.hostile_pdfs import HOSTILE
from tests.unit.signing import jobs
from tests.unit.signing.pki import plain_pdf

SMALL = WorkerLimits(memory_bytes=1 << 29, seconds=2.0, input_bytes=1 << 20, output_bytes=1 << 21)


@pytest.fixture(scope="module")
def pool():
    found = WorkerPool(SMALL, preload=("signing.errors",))
    yield found
    found.close()
    assert found.process_ids() == []


def test_a_worker_is_used_again_and_again(pool):
    first = pool.run(jobs.process_id)
    assert first != os.getpid()
    assert [pool.run(jobs.add, n, other=1) for n in range(5)] == [1, 2, 3, 4, 5]
    assert pool.run(jobs.process_id) == first


def test_answers_and_errors_of_ours_pass_through(pool):
    assert pool.run(jobs.plain_answer) == {"coverage": Coverage.ENTIRE_FILE, "limits": (1, b"x", None, 2.5)}
    before = pool.run(jobs.process_id)
    with pytest.raises(MalformedDataError, match="no good"):
        pool.run(jobs.refuse)
    with pytest.raises(ResourceLimitError, match="too much"):
        pool.run(jobs.over)
    with pytest.raises(WorkerProblemError, match="KeyError"):
        pool.run(jobs.stumble)
    assert pool.run(jobs.process_id) == before


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        (jobs.swell, "MiB"),
        (jobs.spin, "longer|processor"),
        (jobs.hang, "longer"),
        (jobs.leave, "died"),
        (jobs.flood, "answer is larger"),
        (jobs.bring_code, "gave no answer"),
    ],
)
def test_a_job_that_takes_too_much_ends_and_the_pool_goes_on(pool, job, reason):
    before = pool.run(jobs.process_id)
    started = time.monotonic()
    with pytest.raises(ResourceLimitError, match=reason):
        pool.run(job)
    assert time.monotonic() - started < 2 * SMALL.seconds
    assert pool.run(jobs.process_id) != before


def test_an_input_that_is_too_large_is_not_sent(pool):
    before = pool.run(jobs.process_id)
    with pytest.raises(ResourceLimitError, match="input"):
        pool.run(len, bytes(SMALL.input_bytes))
    assert pool.run(jobs.process_id) == before


def test_a_worker_that_was_killed_between_jobs_is_replaced(pool):
    pool.run(jobs.process_id)
    (process,) = pool.process_ids()
    os.kill(process, 9)  # at once: the pool cannot have noticed
    assert pool.run(jobs.add, 1) == 1


@pytest.mark.parametrize("job", [jobs.open_socket, jobs.connect, jobs.run_program, jobs.fork, jobs.die])
def test_a_worker_cannot_call_out_or_start_anything(pool, job):
    with pytest.raises(WorkerProblemError, match="PermissionError"):
        pool.run(job)


def test_a_worker_knows_that_it_is_confined(pool):
    assert pool.run(is_confined) is True
    assert is_confined() is False


def test_a_worker_writes_nothing(pool, tmp_path):
    with pytest.raises(WorkerProblemError, match="PermissionError"):
        pool.run(jobs.write_file, str(tmp_path / "x"))
    assert pool.run(jobs.run_shell) != 0
    assert pool.run(jobs.append_to_open_descriptor) == "heard nothing"
    assert list(tmp_path.iterdir()) == []


def test_a_worker_sees_nothing_of_the_environment_and_has_its_limits(pool, monkeypatch):
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "secret")
    fresh = WorkerPool(SMALL, preload=())
    try:
        assert "GATEWAY_DATABASE_URL" not in fresh.run(jobs.environment)
    finally:
        fresh.close()
    assert pool.run(jobs.limits) == (SMALL.memory_bytes, 0)
    assert pool.run(jobs.start_thread) == [1]  # libraries may use threads


def test_several_threads_share_a_pool():
    pool = WorkerPool(SMALL, size=2, preload=())
    found = []
    threads = [threading.Thread(target=lambda n=n: found.append(pool.run(jobs.add, n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(8))
    assert len(pool.process_ids()) <= 2
    pool.close()


def test_too_many_that_wait_are_turned_away():
    pool = WorkerPool(SMALL, size=1, waiting=0, preload=())
    pool.run(jobs.add, 1)
    busy = threading.Thread(target=lambda: pool.run(time.sleep, 1))
    busy.start()
    time.sleep(0.3)
    with pytest.raises(WorkersBusyError):
        pool.run(jobs.add, 1)
    busy.join()
    assert pool.run(jobs.add, 1) == 1
    pool.close()


def test_a_child_of_a_fork_starts_workers_of_its_own():
    pool = WorkerPool(SMALL, preload=())
    mine = pool.run(jobs.process_id)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # nothing of pytest may run in here
        os.write(writing, b"%d" % pool.run(jobs.process_id))
        pool.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert int(os.read(reading, 20)) != mine
    assert pool.run(jobs.process_id) == mine
    pool.close()


def test_workers_are_recycled():
    pool = WorkerPool(WorkerLimits(recycled_after=2, seconds=5), preload=())
    seen = [pool.run(jobs.process_id) for _ in range(4)]
    assert seen[0] == seen[1] != seen[2] == seen[3]
    pool.close()


def test_gateways_with_the_same_limits_share_a_pool():
    assert shared_pool(SMALL, size=1, waiting=1) is shared_pool(SMALL, size=1, waiting=1)
    assert shared_pool(SMALL, size=2, waiting=1) is not shared_pool(SMALL, size=1, waiting=1)


@pytest.fixture(scope="module")
def readers():
    pool = WorkerPool(WorkerLimits())
    yield pool
    pool.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_soon_and_the_next_file_is_read(readers, name):
    """The 194 kB bomb of cross-references among them: under ten seconds, under a gigabyte."""
    data = HOSTILE[name]()
    started = time.monotonic()
    with suppress(ResourceLimitError, MalformedDataError):
        readers.run(read_structure, data, Limits())
    assert time.monotonic() - started < readers.limits.seconds + 1
    assert readers.limits.memory_bytes <= 1 << 30
    assert readers.run(read_structure, plain_pdf(), Limits()).page_count == 1


def test_the_cross_reference_bomb_is_stopped_by_a_limit(readers):
    data = HOSTILE["cross_reference_bomb"]()
    assert 150_000 < len(data) < 200_000
    with pytest.raises(ResourceLimitError):
        readers.run(read_structure, data, Limits())
