"""Works off what is queued: conversions by processes that share PostgreSQL's queue, or by a pool of this machine on SQLite;
deliveries by threads.
"""

import fcntl
import gc
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess

import structlog

from gateway import tracing
from gateway.container import Container
from gateway.logs import configure_logs, logged_as, said
from gateway.persistence.engines import is_embedded
from gateway.services.conversions import TASK
from gateway.services.pulse import watched
from gateway.settings import Settings
from gateway.tracing import span
from gateway.worker_processes import PROCESSES, load_ahead

_NICE = 10
"""Bulk work gives way to whoever waits at a window or for a page."""
_LOOK_SECONDS = 0.25
_IDLE_SECONDS = 1.0
_COMPARE_SECONDS = 600.0
"""How often it is asked whether receivers were compared today."""
_REST_SECONDS = 2.0
"""After a chunk failed, or a process died."""
_AHEAD = 2
"""Chunks given out for each process: few, so that a pause is felt soon."""

Until = Callable[[], bool]


def work(settings: Settings, *, processes: int, until: Until) -> None:
    """Convert whatever running jobs there are, until ``until`` says so; it is asked several times a second."""
    load_ahead()
    if is_embedded(settings.resolved_database_url):
        _LocalPool(settings, processes).run(until)
    else:
        _run_queue_workers(settings, processes, until)


def deliver(settings: Settings, *, threads: int, until: Until) -> None:
    """Send events to their receivers by so many threads, and number new events in the log, until ``until`` says so.

    Once a day receivers are asked what they hold.
    """
    container = Container(settings, actor="worker")
    rounds = [threading.Thread(target=_deliver, args=(container, until), name="deliveries") for _ in range(threads)]
    for thread in rounds:
        thread.start()
    compared_at = -_COMPARE_SECONDS
    while not until():
        _tried("transparency-log", container.log.sequence)
        if time.monotonic() - compared_at > _COMPARE_SECONDS:
            compared_at = time.monotonic()
            _tried("delivery-comparisons", container.delivery_reconciliation.daily)
        time.sleep(_IDLE_SECONDS)
    for thread in rounds:
        thread.join()


def _deliver(container: Container, until: Until) -> None:
    while not until():
        if not _tried("deliveries", lambda: container.couriers.round(until)):
            time.sleep(_LOOK_SECONDS)


def _tried(name: str, act: Callable[[], object]) -> object:
    """What the act gives; None when it failed, which is logged: a database or key may be away for a while."""
    try:
        return watched(name, act)
    except Exception as error:  # noqa: BLE001 - the loop that calls this must outlive whatever it was
        structlog.get_logger().error(name, **said(error))
        time.sleep(_REST_SECONDS)
        return None


def _run_queue_workers(settings: Settings, processes: int, until: Until) -> None:
    """Keep so many workers alive; one that died (killed, or the database was away) is replaced."""
    workers: list[ForkServerProcess] = []
    try:
        while not until():
            workers = [worker for worker in workers if worker.is_alive()]
            while len(workers) < processes:
                worker = PROCESSES.Process(target=_work_queue, args=(settings,), daemon=False)
                worker.start()
                workers.append(worker)
            time.sleep(_LOOK_SECONDS)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _work_queue(settings: Settings) -> None:
    _begin(settings)
    container = _container(settings)
    queue = container.deps.queue
    assert queue is not None
    try:
        queue.run({TASK: lambda job_id, first: _convert_one(container, job_id, first)}, container.conversions.requeue)
    except Exception as error:  # noqa: BLE001 - whatever it was, the process that keeps us alive begins another
        structlog.get_logger().error("worker", kind=type(error).__name__)
        time.sleep(_REST_SECONDS)


def _container(settings: Settings) -> Container:
    """The gateway of a process that converts; what it has loaded is for good, and not looked through for rubbish again."""
    container = Container(settings, actor="worker")
    gc.freeze()
    return container


def _convert_one(container: Container, job_id: str, first: int) -> None:
    with logged_as(task="conversion", work_id=job_id), span("convert"):
        container.conversions.work(job_id, first)


class _LocalPool:
    """Hands the chunks of running jobs to processes of this machine; asks the database itself what is left."""

    def __init__(self, settings: Settings, processes: int) -> None:
        self._settings = settings
        self._processes = processes
        self._conversions = Container(settings, actor="worker").conversions

    def run(self, until: Until) -> None:
        """Work and wait, until ``until`` says so; while another pool of this machine is at work, only wait."""
        while not until():
            with self._turn() as is_ours:
                if is_ours:
                    self._work(until)
                else:
                    time.sleep(_LOOK_SECONDS)

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Whether no other pool works; two would draft the same chunks. The kernel lets go when the holder is killed."""
        with (self._settings.data_dir / ".conversion-pool").open("ab") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _work(self, until: Until) -> None:
        try:
            with self._pool() as pool:
                self._feed(pool, until)
        except BrokenProcessPool:
            structlog.get_logger().error("worker", kind="BrokenProcessPool")
            time.sleep(_LOOK_SECONDS)

    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._processes, mp_context=PROCESSES, initializer=_open, initargs=(self._settings,))

    def _feed(self, pool: ProcessPoolExecutor, until: Until) -> None:
        given: dict[Future[None], tuple[str, int]] = {}
        while not until():
            busy = set(given.values())
            free = self._processes * _AHEAD - len(given)
            for chunk in [
                chunk for chunk in self._conversions.pending_chunks(most=len(busy) + free) if chunk not in busy
            ][:free]:
                given[pool.submit(_convert, *chunk)] = chunk
            done = wait(given, timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED").done
            if not given:
                time.sleep(_LOOK_SECONDS)
            for future in done:
                given.pop(future)
                _reap(future)


def _reap(future: Future[None]) -> None:
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        raise error
    if error is not None:
        structlog.get_logger().error("worker", **said(error))
        time.sleep(_REST_SECONDS)


_opened: list[Container] = []
"""The gateway of this process of the pool."""


def _open(settings: Settings) -> None:
    _begin(settings)
    _opened.append(_container(settings))


def _convert(job_id: str, first: int) -> None:
    _convert_one(_opened[0], job_id, first)


def log_aside() -> None:
    """Log to standard error: standard output is for what a command was asked."""
    configure_logs(aside=True)


def _begin(settings: Settings) -> None:
    """Give way to others, and end with the process that wanted us, however that ended."""
    os.nice(_NICE)
    log_aside()
    tracing.start(settings.trace_endpoint, settings.trace_share)
    wanted_by = multiprocessing.parent_process()
    assert wanted_by is not None

    def follow() -> None:
        wanted_by.join()
        os._exit(1)

    threading.Thread(target=follow, name="follow-parent", daemon=True).start()
