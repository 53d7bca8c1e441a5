"""The production server stops without a word: what it prints at the end is read by operators, and by alarms."""

import os
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.department_server import ROOT, workers_of
from tests.faults.fault_http import free_port


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_server_says_nothing(fresh, stop):
    port = free_port()
    command = [sys.executable, "-m", "gateway.cli", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    environment = {
        "GATEWAY_DATA_DIR": str(fresh.settings.data_dir),
        "GATEWAY_KEY_ITERATIONS": "1000",
        "GATEWAY_LOG_LEVEL": "ERROR",
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
    }
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            while wait_for(port) != 200:
                time.sleep(0.2)
            workers = workers_of(process)
            process.send_signal(stop)
            printed, _ = process.communicate(timeout=90)
        finally:
            process.kill()
    assert (process.returncode, printed.decode()) == (0, "")
    assert len(workers) == 2
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def wait_for(port):
    """The status of a page, 0 while nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
