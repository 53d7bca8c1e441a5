"""Callers before an nginx with the lines of docs/operations.md: their certificates, their addresses, what they wait for."""

import json
import re
import ssl
import threading
import urllib.error
import urllib.request
from urllib.parse import quote, urlencode

import pytest
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm
from gateway.services.clients import ClientSpec
from tests.conftest import container_at
from tests.databases import copy_home
from tests.gallery import RICH
from tests.nginx import OPERATIONS, nginx_before
from tests.phones import ROLE
from tests.ports import free_port
from tests.unit.signing.test_keys_remote import self_signed

pytestmark = pytest.mark.interop
HEADER = "X-Client-Certificate"
AUTHORITY = "11441702G00006660X"


class House:
    """A gateway behind nginx, at an address with a path."""

    def __init__(self, container, folder):
        self.container, self.folder = container, folder
        self.site = container.settings.public_base_url

    def client(self, **spec):
        """A department's system."""
        given = {"scopes": frozenset({Scope.LICENCES_READ}), "authority_codes": frozenset({AUTHORITY})} | spec
        return self.container.clients.create(ClientSpec("审批系统", "测试部门", **given))

    def ask(self, path, form=None, *, certificate=None, **headers):
        """The open answer, also one that refuses."""
        context = ssl._create_unverified_context()
        if certificate is not None:
            context.load_cert_chain(*certificate)
        data = None if form is None else urlencode(form).encode()
        try:
            request = urllib.request.Request(self.site + path, data, headers)
            return urllib.request.urlopen(request, timeout=20, context=context)
        except urllib.error.HTTPError as refused:
            return refused

    def token_status(self, form, **how):
        """What comes of asking for a token."""
        with self.ask("/oauth/token", {"grant_type": "client_credentials"} | form, **how) as answer:
            return answer.status


@pytest.fixture(scope="module")
def house(set_up_home, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    copy_home(set_up_home, folder / "data")
    base = f"https://127.0.0.1:{port}/licences"
    container = container_at(folder / "data", public_base_url=base, trusted_proxies=1, client_certificate_header=HEADER)
    gateway = make_server("127.0.0.1", 0, create_app(container), threaded=True)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    verify, forward = re.search(
        r"nginx: `(ssl_verify_client \S+) (proxy_set_header .+?;)`", OPERATIONS.read_text()
    ).groups()
    more = (("server_name zwfw.example.gov.cn;", verify), ("proxy_buffering off;", forward))
    with nginx_before(gateway.server_port, port, folder, *self_signed(folder, "proxy"), more=more):
        yield House(container, folder)
    gateway.shutdown()
    container.deps.engine.dispose()


def test_a_client_is_known_by_the_certificate_that_it_shows_and_by_no_header_of_its_own(house):
    shown, other = self_signed(house.folder, "client"), self_signed(house.folder, "other")
    written = shown[0].read_text()
    form = {"client_id": house.client(certificates=(written,))}
    assert house.token_status(form, certificate=shown) == 200
    assert house.token_status(form, certificate=other) == 401
    # As if none had been shown: no proof was brought at all.
    assert house.token_status(form) == 400
    assert house.token_status(form, **{HEADER: quote(written)}) == 400


def test_the_address_of_a_client_is_the_one_that_nginx_saw(house):
    near, far = (house.client(ip_ranges=(network,)) for network in ("127.0.0.0/8", "10.9.9.0/24"))
    for client, status in ((near, 200), (far, 401)):
        form = {"client_id": client, "client_secret": house.container.clients.new_secret(client).secret}
        assert house.token_status(form, **{"X-Forwarded-For": "10.9.9.9"}) == status


def test_who_follows_a_signing_request_is_told_at_once(house):
    services = house.container
    order = SigningOrder(
        RICH, "办理业务", ROLE, (DocumentOrder("表", DocumentForm.JSON, b"[1]"),), department_code=AUTHORITY
    )
    token = services.signing_requests.create(order).token
    with house.ask(f"/sign/v1/sessions/{token}/events") as stream:
        assert state_of(stream) == "created"
        services.signing_sessions.present(token)
        assert state_of(stream) == "presented"
        services.signing_sessions.decline(token, "")
        assert state_of(stream) == "declined"
        assert stream.read().strip() == b""


def state_of(stream):
    """The next state that a stream tells; one that were kept back would run into the time-out."""
    line = next(line for line in stream if line.startswith(b"data: "))
    return json.loads(line.removeprefix(b"data: "))["state"]
