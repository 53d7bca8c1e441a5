"""A department that sends a batch over HTTP, reads the answers as they come, and may be cut off in the middle."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from gateway.api.auth import ELEMENT_HEADERS

PATH = "/api/v1/licence-batches"
_TIMEOUT_SECONDS = 120


@dataclass
class Reading:
    """What came back before the end, or before the connection was cut."""

    answers: list[dict[str, object]] = field(default_factory=list)
    first_seconds: float = 0.0
    seconds: float = 0.0
    memory: list[int] = field(default_factory=list)
    """Resident bytes of the worker, each time that as many answers as the caller asked for had come."""

    @property
    def new(self) -> int:
        """How many licences were issued now."""
        return sum(answer.get("newly_issued") is True for answer in self.answers)


def lines(base: list[dict[str, str]], count: int, prefix: str) -> Iterator[bytes]:
    """As many applications, each with a number of its own."""
    for number in range(count):
        record = base[number % len(base)] | {"ZZHM": f"{prefix}-{number:06}"}
        yield json.dumps({"record": record}, ensure_ascii=False).encode() + b"\n"


def send(
    port: int,
    headers: dict[str, str],
    body: bytes,
    *,
    cut_after: int | None = None,
    worker: int | None = None,
    every: int = 100,
) -> Reading:
    """Send a batch whole and read its answers line by line; after ``cut_after`` of them the connection is gone."""
    sent = headers | dict.fromkeys(ELEMENT_HEADERS.values(), "test")
    sent |= {"Batch-Id": "B-1", "Content-Type": "application/x-ndjson"}
    found, started = Reading(), time.perf_counter()
    with closing(HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)) as connection:
        connection.request("POST", PATH, body, sent)
        with connection.getresponse() as answer:
            assert answer.status == 200, answer.read()
            while line := answer.readline():
                found.first_seconds = found.first_seconds or time.perf_counter() - started
                found.answers.append(json.loads(line))
                if worker is not None and len(found.answers) % every == 0:
                    found.memory.append(resident(worker))
                if len(found.answers) == cut_after:
                    break
    found.seconds = time.perf_counter() - started
    return found


def resident(process_id: int) -> int:
    """Bytes of a process that are in memory now."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024
