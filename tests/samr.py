"""The simulated e-licence system in a thread of the tests, and gateways that ask it."""

import json
import threading
from contextlib import contextmanager

from gateway.samr_simulator import configuration, open_simulator, serve
from gateway.services.dependencies import system_clock
from tests.conftest import container_at, vector_lines


@contextmanager
def simulated(folder, *, clock=system_clock, **changes):
    """(simulator, configuration file); ``changes`` are fields of the configured system."""
    folder.mkdir(exist_ok=True)
    simulator = open_simulator(folder, vector_lines("enterprises"), clock)
    server = serve(simulator, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    document = json.loads(configuration(f"http://127.0.0.1:{server.server_port}"))
    document["systems"][0] |= {"timeout_seconds": 0.4, "failures": 99} | changes
    file = folder / "code-systems.json"
    file.write_text(json.dumps(document))
    try:
        yield simulator, file
    finally:
        server.shutdown()
        server.server_close()


def asking(gateway, file):
    """The same gateway with other systems to ask."""
    return container_at(gateway.settings.data_dir, code_systems=file)
