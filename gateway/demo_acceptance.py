"""A holder accepts its licence, by three processes over HTTP: the gateway, the phone, and a department, which is this one."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from gateway.container import Container
from gateway.domain.actors import Scope
from gateway.errors import ConfigurationError
from gateway.services.clients import ClientSpec
from gateway.services.trust_anchors import pem_blocks
from signing.validation.policy import Use

_SCOPES = frozenset({Scope.LICENCES_READ, Scope.SIGNING_WRITE, Scope.SIGNING_READ})
_START_SECONDS, _WAIT_SECONDS = 300.0, 60.0
_OK = 200
_COMMAND = ("-m", "gateway")
_ON_RECORD = {
    "X-Caller-Organisation": "demo-department",
    "X-Caller-User": "demo",
    "X-Item-Name": "acceptance",
    "X-Item-Code": "DEMO-1",
    "X-Business-Number": "DEMO-1",
    "X-Purpose": "demonstration",
}
"""What every read of a department says of itself (docs/department-api.md)."""


@dataclass(frozen=True)
class AcceptedLicence:
    """What the department has at the end."""

    request_id: str
    states: tuple[str, ...]
    """Of the signing request, as they were seen."""
    phone: Mapping[str, Any]
    """What the phone was answered."""
    pdf: bytes
    """With both signatures."""


@dataclass(frozen=True)
class _Department:
    """A client of the gateway with its token."""

    address: str
    headers: Mapping[str, str]

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = "") -> bytes:
        """The body of an answer. ConfigurationError with the problem for any other."""
        headers = dict(self.headers) | ({"Idempotency-Key": key} if key else {})
        sent = None if body is None else json.dumps(body).encode()
        response = urllib3.request(method, self.address + path, body=sent, headers=headers, timeout=60, retries=False)
        if response.status // 100 != _OK // 100:
            raise ConfigurationError(f"{method} {path}: HTTP {response.status} {response.data.decode()[:300]}")
        return response.data


def accept_over_http(
    container: Container, licence_identifier: str, enterprises: Path, folder: Path, ports: tuple[int, int]
) -> AcceptedLicence:
    """Start gateway and phone, ask for the acceptance, let the phone sign, and fetch the file.

    ``ports`` are those of the gateway, which its public address names, and of the phone. Both processes have ended when it
    returns. ConfigurationError when one does not start, or an answer is not as it should be.
    """
    with _phone(container, enterprises, folder, ports[1]) as phone, _gateway(container, ports[0]) as address:
        department = _department(container, address)
        path = f"/api/v1/licences/{licence_identifier}/acceptances"
        asked = json.loads(
            department.ask("POST", path, {"expires_in_seconds": 600}, key=f"accept-{licence_identifier}")
        )
        request = asked["signing_request"]
        states = [request["state"]]
        signed = phone({"qr_text": request["qr_text"]})
        states += _followed(department, request["request_id"], states[-1])
        pdf = department.ask("GET", f"/api/v1/licences/{licence_identifier}/files/accepted")
        return AcceptedLicence(request["request_id"], tuple(states), signed, pdf)


def _followed(department: _Department, request_id: str, known: str) -> list[str]:
    """The states until nothing changes any more."""
    states, ends = [], time.monotonic() + _WAIT_SECONDS
    while known not in ("signed", "declined", "expired", "failed") and time.monotonic() < ends:
        told = department.ask("GET", f"/api/v1/signing-requests/{request_id}/events?wait=5&after={known}")
        known = str(json.loads(told)["state"])
        states.append(known)
    return states


def _department(container: Container, address: str) -> _Department:
    """A client that is registered for this, with a token that it fetched as every client does."""
    codes = frozenset(container.catalogue.load().authorities_by_code)
    client_id = container.clients.create(ClientSpec("签收演示", "演示部门 demo department", _SCOPES, codes))
    fields = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": container.clients.new_secret(client_id).secret,
    }
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = urllib3.request("POST", f"{address}/oauth/token", body=urlencode(fields), headers=form, timeout=60)
    if response.status != _OK:
        raise ConfigurationError(f"POST /oauth/token: HTTP {response.status}")
    token = response.json()["access_token"]
    headers = _ON_RECORD | {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return _Department(address, headers)


@contextmanager
def _gateway(container: Container, port: int) -> Iterator[str]:
    settings, address = container.settings, f"http://127.0.0.1:{port}"
    changes = {
        "PUBLIC_BASE_URL": settings.public_base_url,
        "DATABASE_URL": settings.resolved_database_url,
        "LOG_LEVEL": "ERROR",
    }
    # env(1) adds to the environment that this process was given.
    named = [f"GATEWAY_{name}={value}" for name, value in changes.items()]
    command = ["serve", "--data-dir", str(settings.data_dir), "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    whole = ["/usr/bin/env", *named, sys.executable, *_COMMAND, *command]
    with _process(whole, f"{address}/healthz", settings.data_dir / "log" / "demo-gateway.log"):
        yield address


@contextmanager
def _phone(
    container: Container, enterprises: Path, folder: Path, port: int
) -> Iterator[Callable[[Mapping[str, Any]], Mapping[str, Any]]]:
    """The phone's process, whose CA the gateway trusts for enterprises; gives what hands it a code and waits."""
    command = ["simulate", "elicence", "--enterprises", str(enterprises), "--folder", str(folder)]
    command += ["--gateway", container.settings.public_base_url, "--bind", f"127.0.0.1:{port}"]
    address = f"http://127.0.0.1:{port}"
    with _process([sys.executable, *_COMMAND, *command], f"{address}/", folder.with_suffix(".log")):
        trust = folder / "trust"
        for anchor in (trust / "anchors").glob("*.pem"):
            lists = pem_blocks(trust / "crls" / f"{anchor.stem}.crl", "X509 CRL")
            container.trust_anchors.admit(anchor.stem, pem_blocks(anchor, "CERTIFICATE"), [Use.ENTERPRISE], lists)
        secret = (folder / "elicence.secret").read_text().strip()
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

        def scan(question: Mapping[str, Any]) -> Mapping[str, Any]:
            body = json.dumps(question).encode()
            response = urllib3.request(
                "POST", f"{address}/simulator/scans", body=body, headers=headers, timeout=120, retries=False
            )
            told: Mapping[str, Any] = response.json()
            return told

        yield scan


@contextmanager
def _process(command: list[str], probe: str, log: Path) -> Iterator[None]:
    """A process until the end of the block, once it answers; ``log`` has what it prints. ConfigurationError when it does not."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as printed,
        subprocess.Popen(command, stdout=printed, stderr=printed) as process,  # noqa: S603 - our own commands
    ):
        try:
            ends = time.monotonic() + _START_SECONDS
            while not _answers(probe):
                if process.poll() is not None or time.monotonic() > ends:
                    raise ConfigurationError(f"{probe} 没有启动。It does not answer.", hint=f"See {log}.")
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _answers(address: str) -> bool:
    try:
        return urllib3.request("GET", address, timeout=5, retries=False).status == _OK
    except urllib3.exceptions.HTTPError:
        return False
