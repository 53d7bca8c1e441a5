"""The production server is replaced and stopped without a lost request, and without a word that nobody asked for."""

import json
import signal
import threading
from http.client import HTTPConnection
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.faults.fault_http import free_port
from tests.rolling import Load, holding, replace, servers_of, status_of, wait_until, web_processes_of


def test_a_stopped_server_says_nothing(fresh):
    with holding(fresh.settings.data_dir, free_port()) as process:
        wait_until(lambda: len(web_processes_of(process)) == 2, 60)
        processes = servers_of(process) + web_processes_of(process)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=90)
    assert (process.returncode, printed.decode()) == (0, "")
    assert len(processes) == 3
    assert not any(Path(f"/proc/{each}").exists() for each in processes)


def test_web_processes_are_replaced_under_load_without_a_failed_request(issued):
    """And the background work goes over to the new ones. `make faults ARGS=rolling` does this harder, and for longer."""
    port = free_port()
    number = issued.catalogue and "/healthz"
    with holding(issued.settings.data_dir, port) as process:
        load = Load([port], [number, "/api/v1/openapi.yaml"], per_second=50, clients=4)
        with load.running():
            before = web_processes_of(process)
            replace(process)
            after = web_processes_of(process)
            wait_until(lambda: lock_holder(issued) in after, 60)
        # Counters went on from those of the server before.
        assert counted(port, "gateway_request_duration_seconds_count") >= load.answered
        process.terminate()
        printed = process.communicate(timeout=90)[0].decode().splitlines()
    assert (process.returncode, [json.loads(line)["message"] for line in printed]) == (0, ["a new server took over"])
    assert load.failed == {}
    assert load.answered > 50
    assert set(before).isdisjoint(after)


def test_a_server_that_does_not_start_changes_nothing(fresh):
    home, port = fresh.settings.data_dir, free_port()
    with holding(home, port, workers=1) as process:
        before = servers_of(process)
        trust = home / "trust"
        trust.rename(home / "elsewhere")
        trust.write_text("no folder")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(servers_of(process)) == 2, 60)
        wait_until(lambda: servers_of(process) == before, 60)
        assert status_of(port, "/healthz") == 200
        process.terminate()
        printed = process.communicate(timeout=60)[0].decode()
    assert "a new server did not start; the old one goes on" in printed
    assert "Traceback" not in printed


def test_a_server_that_is_to_stop_says_so_first_and_finishes_what_it_has_in_hand(fresh):
    port = free_port()
    with holding(fresh.settings.data_dir, port, drain_seconds=6) as process:
        assert status_of(port, "/readyz") == 200
        slow = HTTPConnection("127.0.0.1", port, timeout=60)
        slow.connect()
        slow.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        process.terminate()
        wait_until(lambda: status_of(port, "/readyz") == 503, 5)
        assert status_of(port, "/healthz") == 200
        # Its worker is told to end before the request is whole.
        ended = threading.Timer(7, lambda: slow.send(b"\r\n"))
        ended.start()
        answer = slow.sock.makefile("rb").readline()
        assert process.wait(timeout=60) == 0
    assert answer == b"HTTP/1.1 200 OK\r\n"


def counted(port, name):
    """The sum of a metric over its labels."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    families = text_string_to_metric_families(connection.getresponse().read().decode())
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def lock_holder(gateway):
    """The process that does the background work, by the lock that it holds; 0: nobody does."""
    path = gateway.settings.data_dir / "background.lock"
    inode = path.stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5].endswith(f":{inode}"):
            return int(words[4])
    return 0
