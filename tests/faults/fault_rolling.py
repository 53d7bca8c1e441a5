"""Web processes are replaced while at least 200 requests a second come in: none may fail.

Once in place (SIGHUP: a server of the code on disk takes the socket over), once as machines behind a balancer that asks `/readyz`
(SIGTERM, then another start). Half of the clients would keep their connections. Rates are of requests that were answered.
"""

import threading
import time
from contextlib import ExitStack, contextmanager

from tests.faults.gateway import APPLICATIONS, records, set_up
from tests.faults.result import FaultResult
from tests.ports import free_port
from tests.rolling import Load, holding, replace, status_of

ROUNDS = 3
IN_PLACE, BALANCED = 220, 120
"""Requests a second that clients send; two servers and their clients share two cores in the second part."""
QUIET_SECONDS = 3
PROBE_SECONDS, DRAIN_SECONDS = 0.5, 10
"""How often the balancer asks whether a server is ready, and how long one that goes still answers: long enough for a question
that waits behind others on a busy machine.
"""


def run(folder, rounds=ROUNDS):
    """One row for each way."""
    container = set_up(folder / "home")
    licence = container.licences.issue(records(APPLICATIONS)[0])
    container.deps.engine.dispose()
    paths = ["/healthz", "/healthz", f"/api/v1/digests/{licence.electronic_sm3}", "/trust/keys"]
    return [
        in_place(folder / "home", paths, rounds),
        behind_a_balancer(folder / "home", paths, rounds),
    ]


def in_place(home, paths, rounds):
    """One address; the process that holds it stays."""
    port, survived, seen, failed, slowest = free_port(), 0, [], 0, 0.0
    with holding(home, port) as process:
        for _ in range(rounds):
            load = Load([port], paths, IN_PLACE)
            with load.running():
                time.sleep(QUIET_SECONDS)
                replace(process)
                time.sleep(QUIET_SECONDS)
            survived += not load.failed
            failed += load.failed.total()
            slowest = max(slowest, load.slowest)
            seen.append(told(load))
    detail = f"{failed} requests failed; answered while a server was followed by another: {', '.join(seen)}"
    return FaultResult("web processes replaced in place", rounds, survived, detail, slowest * 1000, lost=failed)


def behind_a_balancer(home, paths, rounds):
    """Two servers; each round stops one, starts it again, and then does so with the other."""
    ports, survived, seen, failed, slowest = [free_port(), free_port()], 0, [], 0, 0.0
    drain = {"drain_seconds": DRAIN_SECONDS}
    with ExitStack() as running:
        servers = {port: running.enter_context(ExitStack()) for port in ports}
        for port, server in servers.items():
            server.enter_context(holding(home, port, workers=1, **drain))
        for _ in range(rounds):
            load = Load(list(ports), paths, BALANCED)
            with balanced(load, ports), load.running():
                for port, server in servers.items():
                    time.sleep(QUIET_SECONDS)
                    server.close()
                    server.enter_context(holding(home, port, workers=1, **drain))
                    while port not in load.ports:
                        time.sleep(0.1)
            survived += not load.failed
            failed += load.failed.total()
            slowest = max(slowest, load.slowest)
            seen.append(told(load))
    detail = f"{failed} requests failed; answered while both were stopped and started in turn: {', '.join(seen)}"
    return FaultResult("servers stopped and started in turn", rounds, survived, detail, slowest * 1000, lost=failed)


def told(load):
    """How much was answered, how fast, and what failed."""
    return f"{load.answered} at {load.rate:.0f}/s" + (f" BREACH {dict(load.failed)}" if load.failed else "")


@contextmanager
def balanced(load, ports):
    """The clients are told of those servers only that say they are ready."""
    ended = threading.Event()

    def probe():
        while not ended.wait(PROBE_SECONDS):
            load.ports = [port for port in ports if status_of(port, "/readyz") == 200] or load.ports

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
