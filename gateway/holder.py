"""Holds the address that `serve` listens at, so that one release of the code follows another without a lost request.

The server is a process of its own (gateway/server.py), begun from the code that is on disk at that moment. SIGHUP begins
another one beside it, at the same socket; when each of its workers is ready to answer, the old server finishes what it has in
hand and ends. A server that does not get so far changes nothing: the old one goes on. This process imports nothing but the
standard library, because it outlives releases.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

_BACKLOG = 2048
"""Connections that may wait for a free worker, as gunicorn has it."""
_PATIENCE_SECONDS = 180.0
"""How long a server may take until its workers are ready."""
_LOOK_SECONDS = 1.0
_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
FOLLOWED = signal.SIGUSR2
"""Says to a server that another one has taken over: it finishes, and has no need to be missed first."""


def become(bind: str, workers: int, data_dir: Path | None) -> NoReturn:
    """Turn this process, which has loaded all of the gateway, into a small one that holds the address."""
    sys.stdout.flush()
    given = [] if data_dir is None else [str(data_dir)]
    os.execv(sys.executable, [*_python(), "-m", "gateway.holder", bind, str(workers), *given])  # noqa: S606 - ourselves


def _python() -> list[str]:
    """Modules come from the folder we are in only where they do so already (`python -m`)."""
    is_from_folder = str(Path.cwd()) in sys.path or "" in sys.path
    return [sys.executable] if is_from_folder or sys.flags.safe_path else [sys.executable, "-P"]


class _Generation:
    """One server, from one release of the code."""

    def __init__(self, listener: socket.socket, workers: int, data_dir: list[str]) -> None:
        self.ready, write = os.pipe()
        self._missing = workers
        self.due = time.monotonic() + _PATIENCE_SECONDS
        words = [str(listener.fileno()), str(write), str(workers), *data_dir]
        self.process = subprocess.Popen(  # noqa: S603 - ourselves
            [*_python(), "-m", "gateway.server", *words], pass_fds=(listener.fileno(), write)
        )
        os.close(write)

    def hear(self) -> bool | None:
        """Take in what workers said: True when all are ready, False when there is no hope any more, None to go on."""
        said = os.read(self.ready, self._missing)
        self._missing -= len(said)
        if said and self._missing:
            return None
        os.close(self.ready)
        return not self._missing


class _Holder:
    def __init__(self, listener: socket.socket, workers: int, data_dir: list[str]) -> None:
        self._listener, self._workers, self._data_dir = listener, workers, data_dir
        self._serving: _Generation | None = None
        self._coming: _Generation | None = None
        self._leaving: list[_Generation] = []
        self._is_ending = False
        self._is_wanted = True
        """Whether another server is to follow; while one is coming, the wish is kept."""
        self._woken = _signals()

    def run(self) -> int:
        """Until told to end, or until the server ended by itself; gives the exit status."""
        while True:
            if self._is_wanted and self._coming is None and not self._is_ending:
                self._is_wanted = False
                self._coming = _Generation(self._listener, self._workers, self._data_dir)
            wanted = [self._woken] if self._coming is None else [self._woken, self._coming.ready]
            readable, _, _ = select.select(wanted, [], [], _LOOK_SECONDS)
            if self._woken in readable:
                self._obey(os.read(self._woken, 64))
            if self._coming is not None:
                self._look_at_coming(self._coming, is_heard=self._coming.ready in readable)
            self._leaving = [each for each in self._leaving if each.process.poll() is None]
            status = self._status()
            if status is not None:
                return status

    def _obey(self, numbers: bytes) -> None:
        for number in numbers:
            if number in _ENDINGS:
                self._is_ending = True
                for each in self._all():
                    each.process.send_signal(number)
            elif number == signal.SIGHUP:
                self._is_wanted = True

    def _look_at_coming(self, coming: _Generation, *, is_heard: bool) -> None:
        is_ready = coming.hear() if is_heard else None
        if is_ready is None and time.monotonic() > coming.due:
            os.close(coming.ready)
            is_ready = False
        if is_ready is None:
            return
        self._coming = None
        if is_ready and not self._is_ending:
            if self._serving is not None:
                self._serving.process.send_signal(FOLLOWED)
                self._leaving.append(self._serving)
                _say("a new server took over", pid=coming.process.pid)
            self._serving = coming
        elif self._serving is None and not self._is_ending:
            self._serving = coming  # the first one; its end is ours
            coming.process.terminate()
        else:
            coming.process.terminate()
            self._leaving.append(coming)
            if not self._is_ending:
                _say("a new server did not start; the old one goes on", pid=coming.process.pid)

    def _all(self) -> list[_Generation]:
        found = [each for each in (self._serving, self._coming, *self._leaving) if each is not None]
        return [each for each in found if each.process.poll() is None]

    def _status(self) -> int | None:
        """The exit status, once there is nothing left to hold the address for."""
        if self._is_ending:
            return None if self._all() else 0
        if self._serving is None or self._coming is not None:
            return None
        status = self._serving.process.poll()
        return None if status is None else status if status > 0 else 1


def _signals() -> int:
    """A descriptor that the numbers of signals are read from."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for number in (*_ENDINGS, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return read


def _say(message: str, *, pid: int) -> None:
    sys.stderr.write(json.dumps({"event": "restart", "message": message, "server": pid}) + "\n")
    sys.stderr.flush()


def _listen(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)


def main() -> None:
    """Arguments: HOST:PORT, number of workers, and perhaps the data directory."""
    bind, workers, *data_dir = sys.argv[1:]
    try:
        listener = _listen(bind)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"错误 error: {bind}: {error} Choose another --bind HOST:PORT, or end who listens there.\n")
        sys.exit(1)
    sys.exit(_Holder(listener, int(workers), data_dir).run())


if __name__ == "__main__":
    main()
