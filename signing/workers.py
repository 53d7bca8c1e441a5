"""A pool of processes that read hostile files: reused from job to job, bounded in memory and time, replaced when they fail.

Each is a fresh interpreter that is *started*, not forked: it shares no memory, key or SM2 context with its parent. The
pool may be used by several threads; after a fork the child begins with no workers of its own.
"""

import atexit
import fcntl
import os
import pickle
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar, cast

from signing import errors
from signing.errors import ResourceLimitError, SigningError, WorkerProblemError, WorkersBusyError
from signing.worker_process import BROKEN, DONE, ENVIRONMENT, FRAME, MEMORY, READY, REFUSED, WorkerLimits

__all__ = ["WorkerLimits", "WorkerPool", "shared_pool"]

PRELOADED = ("signing.validation.process",)
"""What every worker has read in before its first job."""

_START_SECONDS = 30.0
_ROOT = str(Path(__file__).resolve().parent.parent)
_PROGRAM = (
    "import sys; sys.path.insert(0, {root!r}); "
    "from signing.worker_process import WorkerLimits, main; main({limits!r}, {preload!r})"
)
_CHUNK = 1 << 20
_VALUES = frozenset(
    {
        *(("datetime", name) for name in ("datetime", "date", "timezone", "timedelta")),
        *(("builtins", name) for name in ("set", "frozenset", "bytearray")),
    }
)
P = ParamSpec("P")
T = TypeVar("T")


class _DiedError(ResourceLimitError):
    """A worker ended in the middle of a job."""


@cache
def shared_pool(limits: WorkerLimits, *, size: int, waiting: int, preload: tuple[str, ...] = PRELOADED) -> "WorkerPool":
    """One pool to a process for each set of limits, however many gateways it holds."""
    return WorkerPool(limits, size=size, waiting=waiting, preload=preload)


class WorkerPool:
    """Runs functions in worker processes, one job to a worker at a time."""

    def __init__(
        self,
        limits: WorkerLimits | None = None,
        *,
        size: int = 1,
        waiting: int = 16,
        preload: tuple[str, ...] = PRELOADED,
    ) -> None:
        self.limits = limits or WorkerLimits()
        self._size, self._waiting, self._preload = size, waiting, preload
        self._owner = os.getpid()
        self._changed = threading.Condition()
        self._idle: list[_Worker] = []
        self._busy = self._queued = 0
        atexit.register(self.close)

    def warm(self) -> None:
        """Start the first worker now; it reads its modules while the caller goes on."""
        with self._here():
            if not self._idle and not self._busy:
                self._idle.append(_Worker(self.limits, self._preload))

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of ``function``, which must be importable by name, and its arguments and answer plain data.

        Its SigningErrors pass through. ResourceLimitError when the job spends too much or kills its worker;
        WorkersBusyError when too many wait; WorkerProblemError for any other error.
        """
        job = pickle.dumps((function, args, kwargs))
        if len(job) > self.limits.input_bytes:
            raise ResourceLimitError(f"the input is larger than {self.limits.input_bytes} bytes")
        try:
            return cast("T", self._attempt(job, fresh=False))
        except _DiedError:
            # Something else may have killed the worker while it was idle; a job that kills two is to blame itself.
            return cast("T", self._attempt(job, fresh=True))

    def _attempt(self, job: bytes, *, fresh: bool) -> Any:
        worker = self._take(fresh=fresh)
        try:
            status, value = worker.do(job)
        except BaseException:
            # Also when the caller itself is interrupted: the worker's pipe would hold a stranger's answer.
            worker.kill()
            raise
        finally:
            self._give_back(worker)
        return _result(status, value)

    def close(self) -> None:
        """Stop every worker that is idle; those at work end with their job."""
        with self._here():
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.kill()

    def process_ids(self) -> list[int]:
        """Process ids of the idle workers."""
        with self._here():
            return [worker.process_id for worker in self._idle]

    def _here(self) -> threading.Condition:
        """The lock, made anew after a fork: the workers belong to the process that started them."""
        if self._owner != os.getpid():
            inherited, self._idle = self._idle, []
            self._owner, self._changed = os.getpid(), threading.Condition()
            self._busy = self._queued = 0
            for worker in inherited:
                worker.release()
        return self._changed

    def _take(self, *, fresh: bool) -> "_Worker":
        changed = self._here()
        with changed:
            if self._busy >= self._size and self._queued >= self._waiting:
                raise WorkersBusyError("too many files wait to be read")
            self._queued += 1
            try:
                changed.wait_for(lambda: self._busy < self._size)
            finally:
                self._queued -= 1
            self._busy += 1
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive() and not (fresh and worker.jobs):
                    return worker
                worker.kill()
        try:
            return _Worker(self.limits, self._preload)
        except BaseException:
            self._leave(None)
            raise

    def _give_back(self, worker: "_Worker") -> None:
        if not worker.is_alive() or worker.jobs >= self.limits.recycled_after:
            worker.kill()
            # Its successor reads its modules while the answer is on its way.
            worker = _Worker(self.limits, self._preload)
        self._leave(worker)

    def _leave(self, worker: "_Worker | None") -> None:
        with self._changed:
            self._busy -= 1
            if worker is not None:
                self._idle.append(worker)
            self._changed.notify()


class _Worker:
    """One process and its two pipes."""

    def __init__(self, limits: WorkerLimits, preload: tuple[str, ...]) -> None:
        program = _PROGRAM.format(root=_ROOT, limits=limits, preload=preload)
        # Isolated mode: neither the working directory nor the environment decides what the worker imports.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter on our own module
            [sys.executable, "-I", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(ENVIRONMENT),
        )
        self._limits = limits
        self._ready = False
        self.jobs = 0
        os.set_blocking(self._stdin.fileno(), False)
        for pipe in (self._stdin, self._stdout):
            # The system's default of 64 KiB would wake both sides for every part of a licence.
            with suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _CHUNK)

    @property
    def process_id(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def do(self, job: bytes) -> tuple[str, Any]:
        """(status, value) of one job. ResourceLimitError when the worker does not survive it."""
        self.jobs += 1
        if not self._ready:
            status, _ = self._exchange(b"", time.monotonic() + _START_SECONDS)
            self._ready = status == READY
        status, value = self._exchange(FRAME.pack(len(job)) + job, time.monotonic() + self._limits.seconds)
        if status == MEMORY:
            raise ResourceLimitError(f"reading the file took more than {self._limits.memory_bytes >> 20} MiB")
        return status, value

    def _exchange(self, outgoing: bytes, deadline: float) -> tuple[str, Any]:
        """Send bytes and take one answer, whatever the other side does meanwhile."""
        rest, answer = memoryview(outgoing), bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            if rest:
                selector.register(self._stdin, selectors.EVENT_WRITE)
            while not _is_whole(answer):
                for key, _ in self._wait(selector, deadline):
                    if key.fileobj is self._stdout:
                        self._collect(answer)
                    else:
                        rest = rest[self._push(rest) :]
                        if not rest:
                            selector.unregister(self._stdin)
        return _loads(bytes(answer[FRAME.size :]))

    def _wait(self, selector: selectors.BaseSelector, deadline: float) -> list[tuple[selectors.SelectorKey, int]]:
        left = deadline - time.monotonic()
        ready = selector.select(left) if left > 0 else []
        if not ready:
            raise ResourceLimitError(f"reading the file took longer than {self._limits.seconds:g} s")
        return ready

    def _push(self, rest: memoryview) -> int:
        try:
            return os.write(self._stdin.fileno(), rest[:_CHUNK])
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._end() from error

    def _collect(self, answer: bytearray) -> None:
        part = os.read(self._stdout.fileno(), _CHUNK)
        if not part:
            raise self._end()
        answer += part
        if len(answer) > self._limits.output_bytes:
            raise ResourceLimitError(f"the answer is larger than {self._limits.output_bytes} bytes")

    def _end(self) -> Exception:
        """Why the process ended."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            code = 0
        if code == -signal.SIGXCPU:
            return ResourceLimitError(f"reading the file took more than {self._limits.seconds:g} s of processor time")
        return _DiedError("the process that read the file died")

    def kill(self) -> None:
        """End the process and wait for it; harmless when it has ended."""
        with suppress(OSError):
            self._process.kill()
        self.release()
        with suppress(ChildProcessError):
            self._process.wait()

    def release(self) -> None:
        """Close the pipes; a worker whose pipe is closed by everyone ends by itself."""
        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):
                pipe.close()


def _is_whole(answer: bytearray) -> bool:
    return len(answer) >= FRAME.size and len(answer) - FRAME.size >= FRAME.unpack_from(answer)[0]


class _PlainUnpickler(pickle.Unpickler):
    """Takes numbers, strings, dates, and the frozen answers and enumerations of this package: nothing that runs."""

    def find_class(self, module: str, name: str) -> Any:
        """UnpicklingError for anything else."""
        if (module, name) in _VALUES:
            return super().find_class(module, name)
        found = getattr(sys.modules.get(module), name, None) if module.startswith("signing.") else None
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")


def _loads(body: bytes) -> tuple[str, Any]:
    try:
        status, value = _PlainUnpickler(BytesIO(body)).load()
    except Exception as error:  # a worker that was taken over may send anything
        raise ResourceLimitError("the process that read the file gave no answer") from error
    return status, value


def _result(status: str, value: Any) -> Any:
    if status == DONE:
        return value
    if status == REFUSED:
        kind = getattr(errors, str(value[0]), SigningError)
        is_ours = isinstance(kind, type) and issubclass(kind, SigningError)
        raise (kind if is_ours else SigningError)(str(value[1]))
    raise WorkerProblemError(str(value) if status == BROKEN else "the worker does not follow the protocol")
