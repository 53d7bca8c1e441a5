"""The guides suffice to write a client: their examples run, by curl, jq and OpenSSL, against the real server."""

import base64
import json
import os
import re
import shlex
import subprocess
import sys
import time

import pytest

from certs.key_uses import Purpose
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.services.dependencies import DELIVERY_KEY
from tests.api.conftest import ROOT
from tests.databases import database_of
from tests.department_server import serving
from tests.phones import phone_of
from tests.ports import free_port

pytestmark = pytest.mark.interop
GUIDE, SIGNING, DELIVERIES = (
    (ROOT / "docs" / f"{name}.md").read_text() for name in ("department-api", "signing-requests", "deliveries")
)
KEPT = ("CLIENT_ID", "CLIENT_SECRET", "TIF_TOKEN", "TOKEN", "CALLER", "ID")
"""What later examples use of earlier ones."""


def blocks(text):
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def examples(text):
    return "\n".join(blocks(text))


@pytest.fixture
def shell(fresh, tmp_path):
    """Runs examples in a folder of their own, with the command line of this tree and what those before set."""
    folder, programs = tmp_path / "work", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    command = programs / "licence-gateway"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m gateway.cli "$@"\n')
    command.chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "GATEWAY_DATA_DIR": str(fresh.settings.data_dir),
        "GATEWAY_KEY_ITERATIONS": "1000",
    }
    if url := database_of(fresh.settings.data_dir):
        environment["GATEWAY_DATABASE_URL"] = url

    def run(script, **more):
        told = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in more.items())
        before = f"[ ! -e kept.sh ] || . ./kept.sh\n{told}"
        keep = f'\nfor name in {" ".join(KEPT)}; do declare -p "$name" 2>/dev/null || true; done > kept.sh\n'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", before + script + keep],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return run


@pytest.fixture
def certificate(tmp_path):
    """The server's own, for localhost."""
    paths = tmp_path / "server.pem", tmp_path / "server.key"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    words += " -addext subjectAltName=DNS:localhost"
    made = [*words.split(), "-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run(made, check=True, capture_output=True)
    return paths


def test_the_examples_of_the_guide_run(fresh, shell, certificate):
    registration, rest = GUIDE.split("\n## A token\n")
    folder = shell(examples(registration))
    port = free_port()
    base = f"https://localhost:{port}"
    files = {"tls_certificate_file": certificate[0], "tls_key_file": certificate[1]}
    database = {"database_url": url} if (url := database_of(fresh.settings.data_dir)) else {}
    with serving(
        fresh.settings.data_dir,
        port,
        trusted=certificate[0],
        tls_client_ca_file=folder / "client-tls.pem",
        public_base_url=base,
        **files,
        **database,
    ):
        helper = re.search(r"^b64\(\).*$", registration, re.MULTILINE)[0]
        shell(f"{helper}\n{examples(rest)}", GATEWAY=base, CURL_CA_BUNDLE=str(certificate[0]))
    judge(folder)


def read(folder, name):
    return json.loads((folder / name).read_text())


def judge(folder):
    """What the examples of the guide for departments left behind."""
    issued = read(folder, "issued.json")
    assert issued["newly_issued"] is True
    assert (folder / "licence.pdf").read_bytes().startswith(b"%PDF-")
    assert read(folder, "page.json") == {"items": [], "next_cursor": None}
    assert read(folder, "change.json")["status"] == "suspended"
    assert read(folder, "history.json")["licence_identifier"] == issued["licence_identifier"]
    answers = [json.loads(line)["status"] for line in (folder / "answers.ndjson").read_text().splitlines()]
    assert answers == ["issued", "refused"]
    routes = [item["route"].rpartition("/")[2] for item in read(folder, "reads.json")["items"]]
    assert routes == ["electronic", "record", "record", "history"]
    assert {item["elements"]["user_name"] for item in read(folder, "reads.json")["items"]} == {"经办人甲"}
    assert len(read(folder, "retrieval.json")["data"]) == 3
    assert read(folder, "national.json")["ZZBS"] == issued["licence_identifier"]
    assert read(folder, "guangdong.json")["ZZHM"] == "JY14417000099003"
    assert read(folder, "limits.json")["daily_cap"]["cap"] == 20000
    changed = read(folder, "changed.json")
    assert (changed["daily_cap"], changed["ip_ranges"]) == (50000, ["127.0.0.0/8", "10.1.0.0/16"])


def test_the_examples_of_signing_requests_and_events_run(fresh, shell):
    """One server for both: what is signed in the first is told in the second."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    database = {"database_url": url} if (url := database_of(fresh.settings.data_dir)) else {}
    ask, fetch = blocks(SIGNING)
    feed, receivers, verify = blocks(DELIVERIES)
    # One process, which nobody may keep by waiting in it.
    with serving(fresh.settings.data_dir, port, workers=1, waiting_requests=0, public_base_url=base, **database):
        folder = shell(ask, GATEWAY=base)
        token = (folder / "to-be-scanned.txt").read_text().strip().removeprefix(f"{base}/s/")
        phone_of(fresh, "91441702MA9Y03WY4L").sign(fresh, token)
        fresh.log.sequence()
        shell(f"{fetch}\n{feed}\n{receivers}", GATEWAY=base)
        [event] = read(folder, "page.json")["items"]
        shell(verify, GATEWAY=base, **letter(fresh, folder, event))
    assert read(folder, "state.json")["state"] == "created"
    signed = read(folder, "signed.json")
    assert (signed["state"], signed["own_system"]) == ("signed", "合同系统")
    assert "pkcs7-signedData" in (folder / "contract.txt.cms").read_text()
    assert (event["type"], event["subject"]) == ("signing_request_signed", signed["request_id"])
    assert read(folder, "next.json")["items"] == []


def letter(container, folder, event):
    """An event as it comes to a receiver: its body in the folder, its headers by the names that the guide uses."""
    body, number, sent = json.dumps(event).encode(), f"evt_{event['id']}", str(int(time.time()))
    (folder / "body.json").write_bytes(body)
    key = container.deps.keystore.load(DELIVERY_KEY, Purpose.RECEIPT, actor="test")
    value = base64.b64encode(key.sign(f"{number}.{sent}.".encode() + body)).decode()
    return {"ID": number, "TIMESTAMP": sent, "SIGNATURE": f"v1sm2,{value}"}


def test_the_guide_names_every_scope_and_limit(fresh, as_client):
    assert set(re.findall(r"^\| `([a-z]+:?[a-z]*)` \| [^|]+ \|$", GUIDE, re.MULTILINE)) == set(Scope)
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \|", GUIDE, re.MULTILINE)
    limits = as_client(create_app(fresh), frozenset(Scope)).get("/api/v1/limits").get_json()
    assert {name: int(value) for name, value in rows} | {"daily_cap": None} == limits
