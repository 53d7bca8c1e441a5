"""A server that is replaced while clients ask it: `serve` as operators run it, and clients that count what failed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.department_server import ROOT

SECONDS_TO_START = 120
FILES_AT_REST = 6
"""Files that a holder has open: the three of every process, the socket, two for signals."""


@contextmanager
def holding(home, port, *, workers=2, **settings):
    """`licence-gateway serve`; gives its process, which keeps its id through every restart."""
    environment = {
        "GATEWAY_DATA_DIR": str(home),
        "GATEWAY_KEY_ITERATIONS": "1000",
        "GATEWAY_LOG_LEVEL": "ERROR",
        "GATEWAY_LOOKUPS_PER_MINUTE": "0",
        "GATEWAY_CODE_LOOKUPS_PER_MINUTE": "0",
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        **{f"GATEWAY_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "gateway.cli", "serve", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            wait_until(lambda: status_of(port, "/healthz") == 200, SECONDS_TO_START)
            # One worker answers; when all do, the holder closes the pipe that they told it by.
            wait_until(lambda: len(list(Path(f"/proc/{process.pid}/fd").iterdir())) == FILES_AT_REST, SECONDS_TO_START)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()


def servers_of(process):
    """Process ids of the servers that a holder has: one, and while it is followed by another, two."""
    return _children(process.pid)


def web_processes_of(process):
    """Process ids of all that answer requests."""
    return [worker for server in servers_of(process) for worker in _children(server)]


def _children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def replace(process, seconds=SECONDS_TO_START):
    """Have another server follow; returns when the one of before is gone."""
    before = servers_of(process)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(servers_of(process)) == 1 and servers_of(process) != before, seconds)


def wait_until(holds, seconds):
    """Ask now and then; AssertionError when it does not come to hold."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to hold in time"
        time.sleep(0.1)


def status_of(port, path):
    """0 while nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        return 0
    else:
        return answer.status
    finally:
        connection.close()


@dataclass
class Load:
    """Clients that each ask at an even pace, whatever the answers take, half of them over connections that they would keep."""

    ports: list[int]
    """Where to ask; `choose` is handed what is left of them."""
    paths: list[str]
    per_second: float
    clients: int = 16
    answered: int = 0
    failed: Counter = field(default_factory=Counter)
    slowest: float = 0.0
    seconds: float = 0.0

    def __post_init__(self):
        self._lock, self._ended, self._started = threading.Lock(), threading.Event(), time.monotonic()

    @contextmanager
    def running(self):
        """Ask all the while; counts stand at the end."""
        threads = [threading.Thread(target=self._ask_on, args=(n,), daemon=True) for n in range(self.clients)]
        self._started = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            for thread in threads:
                thread.join(timeout=60)
            self.seconds = time.monotonic() - self._started

    @property
    def rate(self):
        """Requests that were really answered, a second."""
        return self.answered / self.seconds

    def _ask_on(self, number):
        chance, pace = random.Random(number), self.clients / self.per_second
        is_kept = number % 2 == 0
        due = time.monotonic() + chance.uniform(0, pace)
        connection = None
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            due += pace
            started = time.monotonic()
            try:
                connection = connection or HTTPConnection("127.0.0.1", chance.choice(self.ports), timeout=30)
                connection.request("GET", chance.choice(self.paths), headers={} if is_kept else {"Connection": "close"})
                answer = connection.getresponse()
                answer.read()
                # A client that keeps connections is told by the server when one is over.
                if not is_kept or answer.will_close:
                    connection.close()
                    connection = None
                self._note(None if answer.status == 200 else f"status {answer.status}", time.monotonic() - started)
            except (OSError, HTTPException) as error:
                connection.close()
                connection = None
                self._note(type(error).__name__, time.monotonic() - started)

    def _note(self, fault, seconds):
        with self._lock:
            self.slowest = max(self.slowest, seconds)
            if fault is None:
                self.answered += 1
            else:
                self.failed[fault] += 1
