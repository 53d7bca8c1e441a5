"""What metrics and log cost: CPU time of a request with them, and with both put out of action, in alternating rounds.

In one process, over Flask's own client, which costs more than a socket does; so the microseconds count, not the ratio alone.
"""

import contextlib
import io
import statistics
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from gateway import app as application
from gateway.app import create_app
from gateway.container import Container
from gateway.persistence import session
from gateway.persistence.metric_files import MetricFiles
from gateway.services import codes, counting, drafts, holder_lists, recording
from gateway.settings import read_settings
from tests.bench.result import BenchResult
from tests.faults.gateway import VECTORS, records

ROUNDS, REQUESTS, VERSIONS = 15, 200, 20
_COUNTED = {
    application: ("REQUESTS", "REQUEST_SECONDS"),
    codes: ("RESOLUTIONS",),
    counting: ("SIGNATURES", "TIMESTAMPS", "TIMESTAMP_SECONDS", "TIMESTAMP_AT"),
    drafts: ("ISSUE_SECONDS",),
    holder_lists: ("LIST_SECONDS",),
    recording: ("ISSUE_SECONDS", "ISSUED"),
    session: ("DATABASE_CONNECTIONS",),
}


class _Nothing:
    """In place of a metric, or of the log."""

    def labels(self, *_: object) -> "_Nothing":
        return self

    def inc(self, *_: object) -> None: ...

    def observe(self, *_: object) -> None: ...

    def set(self, *_: object) -> None: ...

    def info(self, *_: object, **__: object) -> None: ...


def run() -> BenchResult:
    """Medians of the rounds; counts go into files, as under `serve`, and log lines into memory."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        home = Path(folder) / "data"
        container = Container(
            read_settings({}, data_dir=home, key_iterations=1000, lookups_per_minute=0, code_lookups_per_minute=0)
        )
        container.installation.initialise()
        container.installation.register_samples(records(VECTORS / "registry" / "enterprises.jsonl"))
        MetricFiles(home).share()
        client = create_app(container).test_client()
        code = records(VECTORS / "registry" / "applications.jsonl")[0]["CYRSFZJHM"]
        waiting = _applications()

        def resolve() -> None:
            for _ in range(REQUESTS):
                assert client.post("/api/v1/resolutions", json={"text": code}).status_code == 200

        def issue() -> None:
            for _ in range(VERSIONS):
                container.licences.issue(next(waiting))

        resolving, issuing = _compared(resolve, REQUESTS), _compared(issue, VERSIONS)
        container.deps.engine.dispose()
    return BenchResult(
        ratios={"watched_resolve_vs_unwatched": resolving[1] / resolving[0]},
        rates={
            "resolve_watched_ms": resolving[0] * 1000,
            "resolve_watching_ms": (resolving[0] - resolving[1]) * 1000,
            "issue_watched_ms": issuing[0] * 1000,
            "issue_watching_ms": (issuing[0] - issuing[1]) * 1000,
        },
    )


def _applications():
    """Ever new ones."""
    one = records(VECTORS / "registry" / "applications.jsonl")[0]
    return (one | {"ZZHM": f"JY1441702{number:07d}"} for number in range(1, 10**6))


def _compared(act, times):
    """Median CPU seconds of one, with and without."""
    act()
    found = ([], [])
    for _ in range(ROUNDS):
        for without in (False, True):
            with _unwatched() if without else contextlib.nullcontext():
                started = time.process_time()
                act()
                found[without].append((time.process_time() - started) / times)
    return [statistics.median(each) for each in found]


@contextlib.contextmanager
def _unwatched():
    nothing = _Nothing()
    with contextlib.ExitStack() as stack:
        for module, names in _COUNTED.items():
            stack.enter_context(patch.multiple(module, **dict.fromkeys(names, nothing)))
        stack.enter_context(patch.object(application, "_log", nothing))
        yield
