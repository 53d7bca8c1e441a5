"""The simulated national service over HTTP, and a gateway that asks it."""

import json
import threading
from contextlib import contextmanager

import pytest

from gateway.elicence.server import serve
from gateway.elicence.simulator import configuration
from tests.conftest import container_at
from tests.elicence import HOLDER, phone_at, trust_phones


@contextmanager
def serving(simulator, folder, *, scheme="http", settings=None, **tls):
    """The simulator in a thread; gives the configuration of the service for a gateway."""
    server = serve(simulator, "127.0.0.1", 0, **tls)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    document = json.loads(configuration(f"{scheme}://127.0.0.1:{server.port}"))
    file = folder / "enterprise-signer.json"
    file.write_text(json.dumps(document | {"failures": 99, "timeout_seconds": 5} | (settings or {})))
    try:
        yield file
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def service_folder(tmp_path_factory):
    """The keys and cards of the simulator, made once."""
    return tmp_path_factory.mktemp("elicence")


@pytest.fixture
def simulator(service_folder):
    return phone_at(service_folder, "http://127.0.0.1:1")


@pytest.fixture
def service_settings():
    """What is other in the configuration of the service; a module that wants something has a fixture of this name."""
    return {}


@pytest.fixture
def gateway(fresh, simulator, service_folder, service_settings):
    """A gateway that asks the simulated service."""
    simulator.cards.card(HOLDER)
    trust_phones(fresh, simulator)
    with serving(simulator, service_folder, settings=service_settings) as file:
        container = container_at(fresh.settings.data_dir, enterprise_signer=file)
        simulator.national.fetch = lambda address: fetched(container, address)
        yield container


def fetched(container, address):
    """What the gateway gives at an address, without HTTP."""
    assert address.startswith(f"{container.settings.public_base_url}/sign/v1/sessions/")
    *_, token, _, document_id = address.split("/")
    return container.signing_sessions.document(token, document_id).content
