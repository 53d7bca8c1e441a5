"""Issuing over HTTP: PostgreSQL, real SM2 signatures (B-T), gunicorn with three workers on two cores, against its plain route."""

import json
import secrets
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from gateway.container import Container
from gateway.settings import read_settings
from tests.bench.result import BenchResult
from tests.department_server import BARE, department_headers, serving
from tests.faults.fault_http import free_port
from tests.faults.gateway import APPLICATIONS, VECTORS, records
from tools.check_migrations import postgresql

CLIENTS, WORKERS, LICENCES, PLAIN, ROUNDS = 8, 3, 240, 600, 5


def run() -> BenchResult:
    """Rounds of both kinds, interleaved; the rate is the median of the rounds, p99 that of all issues."""
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder) / "postgresql") as url:
        home = Path(folder) / "data"
        container = Container(read_settings({}, data_dir=home, key_iterations=1000, database_url=url))
        container.installation.initialise()
        container.installation.register_samples(records(VECTORS / "registry" / "enterprises.jsonl"))
        headers = department_headers(container)
        container.deps.engine.dispose()
        port, numbers, base = free_port(), count(), records(APPLICATIONS)
        with serving(home, port, workers=WORKERS, database_url=url):
            ask(port, headers, "POST", bodies(base, numbers, 40))
            issued, plain, taken = [], [], []
            for _ in range(ROUNDS):
                seconds, each = ask(port, headers, "POST", bodies(base, numbers, LICENCES))
                issued.append(LICENCES / seconds)
                taken += each
                plain.append(PLAIN / ask(port, headers, "GET", [b""] * PLAIN)[0])
    rate = statistics.median(issued)
    return BenchResult(
        ratios={"issue_http_vs_bare_flask": rate / statistics.median(plain)},
        rates={
            "issue_http_per_second": rate,
            "issue_http_p50_ms": statistics.median(taken) * 1000,
            "issue_http_p99_ms": statistics.quantiles(taken, n=100)[98] * 1000,
            "bare_flask_per_second": statistics.median(plain),
        },
    )


def bodies(base: list[dict[str, str]], numbers: "count[int]", how_many: int) -> list[bytes]:
    """Applications that were never sent before."""
    return [
        json.dumps({"record": base[n % len(base)] | {"ZZHM": f"BENCH-{n:07}"}}).encode()
        for n in (next(numbers) for _ in range(how_many))
    ]


def ask(port: int, headers: dict[str, str], method: str, sent: list[bytes]) -> tuple[float, list[float]]:
    """Seconds for all of them by several clients at once, and seconds of each."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        found = pool.map(lambda n: one_client(port, headers, method, sent[n::CLIENTS]), range(CLIENTS))
        each = [seconds for share in found for seconds in share]
    return time.perf_counter() - started, each


def one_client(port: int, headers: dict[str, str], method: str, sent: list[bytes]) -> list[float]:
    """Seconds of each request, over a connection that is kept as long as the server does."""
    connection, taken = HTTPConnection("127.0.0.1", port, timeout=60), []
    path = BARE if method == "GET" else "/api/v1/licences"
    for body in sent:
        started = time.perf_counter()
        connection.request(method, path, body or None, headers | {"Idempotency-Key": secrets.token_hex(16)})
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status in (200, 201), content
        taken.append(time.perf_counter() - started)
    connection.close()
    return taken
