"""Counts of several processes on one machine are one, whoever dies."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection

import pytest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from gateway.persistence import metric_files
from gateway.persistence.metric_files import MetricFiles
from tests.department_server import ROOT
from tests.ports import free_port

COUNT = """
import sys
from pathlib import Path
from gateway.metrics import BACKGROUND_AT, CODE_SYSTEM_LEFT_ALONE, REQUESTS, REQUEST_SECONDS
from gateway.persistence.metric_files import MetricFiles
files = MetricFiles(Path(sys.argv[1]))
files.share()
for line in sys.stdin:
    if line == "read\\n":
        samples = (sample for family in files.collector().collect() for sample in family.samples)
        print({f"{s.name} {sorted(s.labels.values())}": s.value for s in samples}, flush=True)
        continue
    REQUESTS.labels("/a", 200).inc()
    REQUEST_SECONDS.labels("/a").observe(0.3)
    BACKGROUND_AT.labels("log").set(float(line))
    CODE_SYSTEM_LEFT_ALONE.labels("x").set(1)
    print("done", flush=True)
"""


FULL = """
import errno, os
def full(*_):
    raise OSError(errno.ENOSPC, "full")
os.posix_fallocate = full
"""


class Counting:
    """A process that counts once for each line it is sent."""

    def __init__(self, folder, first=""):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-c", first + COUNT, str(folder)], cwd=ROOT, **pipes)

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def read(self):
        return eval(self.ask("read"))

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def counting(tmp_path):
    begun = []

    def begin(first=""):
        begun.append(Counting(tmp_path, first))
        return begun[-1]

    yield begin
    for each in begun:
        each.kill()


def test_counters_of_processes_add_up_and_never_go_back(counting, tmp_path):
    one, other = counting(), counting()
    for line in ("1000", "3000"):
        one.ask(line)
    other.ask("2000")
    found = other.read()
    assert found["gateway_requests_total ['/a', '200']"] == 3
    assert found["gateway_request_duration_seconds_count ['/a']"] == 3
    assert found["gateway_background_last_round_timestamp_seconds ['log']"] == 3000
    assert found["gateway_code_system_left_alone ['x']"] == 1
    files = len(list(tmp_path.rglob("*.db")))
    one.kill()
    assert other.read() == found
    # What the dead process counted is in one file for each kind, whose values only grow.
    assert len(list(tmp_path.rglob("*.db"))) <= files
    assert not list(tmp_path.rglob(f"*_{one.process.pid}.db"))
    third = counting()
    third.ask("500")
    assert third.read()["gateway_requests_total ['/a', '200']"] == 4
    other.kill()
    third.kill()
    # Nobody is left: the next one begins anew.
    assert counting().read() == {}


def dead_process():
    """The number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        return process.pid


def counted(folder):
    """What is read of the files, by name."""
    found = MultiProcessCollector(None, str(folder)).collect()
    return {f"{s.name} {sorted(s.labels.values())}": s.value for family in found for s in family.samples}


def test_what_dead_processes_counted_counts_once_whenever_the_reader_is_killed(tmp_path):
    """It is killed before each single thing that it does to a file, one after the other."""
    files = MetricFiles(tmp_path / "data")
    made = files._folder
    made.mkdir(parents=True)
    for number, kind in ((1, "counter"), (2, "counter"), (3, "gauge_max")):
        name, value = ("x", "x_total") if kind == "counter" else ("y", "y")
        key = json.dumps([name, value, {"route": "/a"}, "Help."])
        counts = metric_files._Placed(str(made / f"{kind}_{dead_process()}.db"))
        counts.write_value(key, float(number), 0.0)
        counts.close()
    expected = counted(made)
    assert sum(expected.values()) == 6
    shutil.copytree(made, tmp_path / "before")
    for step in itertools.count():
        shutil.rmtree(made)
        shutil.copytree(tmp_path / "before", made)
        if (child := os.fork()) == 0:
            _kill_at(step)
            files._fold()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        files._fold()
        assert counted(made) == expected, step
        assert sorted(path.name for path in made.glob("*.*")) == ["counter_0.db", "gauge_max_0.db"], step
        if os.WIFEXITED(status):
            break
    assert os.WEXITSTATUS(status) == 0
    assert step > 10


def _kill_at(step):
    """Have this process killed before the ``step``-th time that it opens, renames or removes a file."""
    seen = itertools.count()

    def hook(event, _):
        if event in ("open", "os.rename", "os.remove") and next(seen) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_a_full_disk_kills_nobody_who_counts(counting, tmp_path):
    """A file without room would be a SIGBUS for whoever writes to it."""
    kept = counting()
    kept.ask("1000")
    before = kept.read()
    late = counting(FULL)
    assert late.ask("2000") == "done"
    assert kept.read() == before
    kept.kill()
    # What is left of the dead one cannot be added up, and is read as it is; the instant of what is alive is not there.
    assert late.read()["gateway_requests_total ['/a', '200']"] == 1
    assert late.ask("3000") == "done"


def test_counts_outgrow_their_room_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(metric_files, "_ROOM", 1 << 16)
    counts = metric_files._Placed(str(tmp_path / "counter_1.db"))
    counts.write_value("first", 5.0, 0.0)
    monkeypatch.setattr(metric_files, "_has_room", lambda path, octets: False)
    for number in range(3_000):
        counts.write_value(f"{number:040}", number, 0.0)
    assert counts.read_value("first") == (5.0, 0.0)
    assert len(list(counts.read_all_values())) == 3_001
    # What was counted before can still be read by others.
    assert next(iter(metric_files._Placed.read_all_values_from_file(tmp_path / "counter_1.db")))[1] == 5.0


def scraped(port):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_server_of_several_processes_counts_as_one(fresh):
    """Whichever process is asked, also after one was killed."""
    port = free_port()
    command = [sys.executable, "-m", "gateway.cli", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    environment = {
        "GATEWAY_DATA_DIR": str(fresh.settings.data_dir),
        "GATEWAY_KEY_ITERATIONS": "1000",
        "GATEWAY_LOG_LEVEL": "ERROR",
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
    }
    with subprocess.Popen(command, env=environment, cwd=ROOT) as process:
        try:
            found = set()
            _until_answered(port)
            for _ in range(40):
                HTTPConnection("127.0.0.1", port, timeout=20).request("GET", "/healthz")
                found.add(scraped(port).get(("gateway_requests_total", "/metrics", "200"), 0.0))
            # Each scrape sees all that came before it.
            assert len(found) == 40
            victim = next(
                int(path.stem.rpartition("_")[2]) for path in _files(fresh) if path.stem.startswith("counter_")
            )
            os.kill(victim, signal.SIGKILL)
            after = scraped(port)[("gateway_requests_total", "/metrics", "200")]
            assert after >= max(found)
            assert scraped(port)[("gateway_register_up",)] == 1
        finally:
            process.terminate()
            process.wait(timeout=60)


def _files(container):
    return (container.settings.data_dir / "metrics").rglob("*.db")


def _until_answered(port):
    while True:
        with contextlib.suppress(OSError):
            scraped(port)
            return
        time.sleep(0.2)
