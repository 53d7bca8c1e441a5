"""The inside of a worker process: takes jobs from a pipe, has little to spend, and can neither call out nor start programs.

The parent trusts nothing that comes out of here (``signing.workers``): what runs here has read hostile files.
"""

import importlib
import os
import pickle
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from types import MappingProxyType
from typing import IO, Any

from signing.errors import SigningError

FRAME = struct.Struct(">Q")
"""Length of what follows."""

DONE, REFUSED, MEMORY, BROKEN, READY = "done", "refused", "memory", "broken", "ready"
_CLONE_THREAD = 0x00010000
_NOT_PERMITTED, _UNKNOWN_CALL = 1, 38
"""EPERM, and ENOSYS: the C library then falls back to a call that can be looked into."""

_FORBIDDEN_CALLS = (
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg"),
    *("execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "kill", "tkill"),
    *("unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "symlink", "link", "linkat"),
    *("chmod", "fchmod", "chown", "truncate", "mount", "bpf", "io_uring_setup", "perf_event_open", "userfaultfd"),
)


@dataclass(frozen=True)
class WorkerLimits:
    """What one job may spend."""

    memory_bytes: int = 1 << 30
    """Address space of the process, the interpreter included."""
    seconds: float = 7.0
    """Wall clock of a job, enforced from outside; its processor time is bounded by the same."""
    input_bytes: int = 96 * 1024 * 1024
    output_bytes: int = 32 * 1024 * 1024
    recycled_after: int = 500
    """Jobs after which a worker is replaced, so that what it has kept does not grow."""


def main(limits: WorkerLimits, preload: tuple[str, ...]) -> None:
    """Serve jobs until the parent closes the pipe."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    for name in preload:
        importlib.import_module(name)
    _confine(limits)
    _send(target, (READY, None))
    while (job := _receive(source)) is not None:
        _allow_seconds(limits.seconds)
        try:
            answer = _answer(job)
        except MemoryError:
            answer = (MEMORY, None)
        _send(target, answer)


def is_confined() -> bool:
    """A job: whether the filter of system calls is in force, tried out on a socket."""
    try:
        socket.socket().close()
    except PermissionError:
        return True
    return False


def _answer(job: bytes) -> tuple[str, Any]:
    try:
        function, arguments, options = pickle.loads(job)  # noqa: S301 - from the parent, which is trusted here
        return DONE, function(*arguments, **options)
    except SigningError as error:
        return REFUSED, (type(error).__name__, str(error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told and the next job is taken
        return BROKEN, f"{type(error).__name__}: {error}"[:500]


def _confine(limits: WorkerLimits) -> None:
    """Limits of the kernel, and the filter of system calls where it is to be had."""
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes the pipe.
    _filter_calls()


def _filter_calls() -> None:
    """Deny sockets, programs, processes and written files through seccomp, where libseccomp is installed."""
    try:
        import pyseccomp  # noqa: PLC0415 - loads the C library, which may be missing
    except (ImportError, OSError, RuntimeError):
        return
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    denied = pyseccomp.ERRNO(_NOT_PERMITTED)
    for name in _FORBIDDEN_CALLS:
        try:
            rules.add_rule(denied, name)
        except (OSError, RuntimeError, ValueError):
            continue  # not a call on this architecture
    masked = pyseccomp.MASKED_EQ
    rules.add_rule(pyseccomp.ERRNO(_UNKNOWN_CALL), "clone3")
    rules.add_rule(denied, "clone", pyseccomp.Arg(0, masked, _CLONE_THREAD, 0))
    for mode in (os.O_WRONLY, os.O_RDWR):
        rules.add_rule(denied, "openat", pyseccomp.Arg(2, masked, os.O_ACCMODE, mode))
    with suppress(OSError, RuntimeError):
        rules.load()


def _allow_seconds(seconds: float) -> None:
    """Processor time counts from the start of the process, so that the limit moves with every job."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(spent.ru_utime + spent.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _receive(source: IO[bytes]) -> bytes | None:
    head = source.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    return source.read(FRAME.unpack(head)[0])


class _Pickler(pickle.Pickler):
    """Writes members of enumerations by their value. Python before 3.11.4, Debian's among them, has them fetched by
    ``getattr``, which the parent rightly refuses to call.
    """

    def reducer_override(self, value: Any) -> Any:
        """How to make it again; NotImplemented for what is written as usual."""
        return (type(value), (value.value,)) if isinstance(value, Enum) else NotImplemented


def _send(target: IO[bytes], answer: tuple[str, Any]) -> None:
    try:
        written = BytesIO()
        _Pickler(written).dump(answer)
        body = written.getvalue()
    except Exception as error:  # noqa: BLE001 - an answer that cannot be sent is told as such
        body = pickle.dumps((BROKEN, type(error).__name__))
    target.write(FRAME.pack(len(body)) + body)
    target.flush()


ENVIRONMENT = MappingProxyType({"LANG": "C.UTF-8"})
"""All that a worker sees of the environment: names and passwords of the parent's stay with the parent."""
