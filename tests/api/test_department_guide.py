"""docs/department-api.md suffices to write a client: its examples run, by curl, jq and OpenSSL, against the real server."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from tests.api.conftest import ROOT
from tests.databases import database_of
from tests.department_server import serving

pytestmark = pytest.mark.interop
GUIDE = (ROOT / "docs" / "department-api.md").read_text()
KEPT = ("CLIENT_ID", "CLIENT_SECRET", "TIF_TOKEN")


def examples(text):
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def shell(fresh, tmp_path):
    """Runs the examples in a folder of their own, with the command line of this tree."""
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
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=environment | more,
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_examples_of_the_guide_run(fresh, shell, certificate):
    registration, rest = GUIDE.split("\n## A token\n")
    keep = "\ndeclare -p " + " ".join(KEPT) + " > kept.sh\n"
    folder = shell(examples(registration) + keep)
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
        shell(f"{helper}\n. ./kept.sh\n{examples(rest)}", GATEWAY=base, CURL_CA_BUNDLE=str(certificate[0]))
    judge(folder)


def judge(folder):
    """What the examples left behind."""

    def read(name):
        return json.loads((folder / name).read_text())

    issued = read("issued.json")
    assert issued["newly_issued"] is True
    assert (folder / "licence.pdf").read_bytes().startswith(b"%PDF-")
    assert read("page.json") == {"items": [], "next_cursor": None}
    assert read("change.json")["status"] == "suspended"
    assert read("history.json")["licence_identifier"] == issued["licence_identifier"]
    answers = [json.loads(line)["status"] for line in (folder / "answers.ndjson").read_text().splitlines()]
    assert answers == ["issued", "refused"]
    routes = [item["route"].rpartition("/")[2] for item in read("reads.json")["items"]]
    assert routes == ["electronic", "record", "record", "history"]
    assert {item["elements"]["user_name"] for item in read("reads.json")["items"]} == {"经办人甲"}
    assert len(read("retrieval.json")["data"]) == 3
    assert read("national.json")["ZZBS"] == issued["licence_identifier"]
    assert read("guangdong.json")["ZZHM"] == "JY14417000099003"
    assert read("limits.json")["daily_cap"]["cap"] == 20000
    changed = read("changed.json")
    assert (changed["daily_cap"], changed["ip_ranges"]) == (50000, ["127.0.0.0/8", "10.1.0.0/16"])


def test_the_guide_names_every_scope_and_limit(fresh, as_client):
    assert set(re.findall(r"^\| `([a-z]+:?[a-z]*)` \| [^|]+ \|$", GUIDE, re.MULTILINE)) == set(Scope)
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \|", GUIDE, re.MULTILINE)
    limits = as_client(create_app(fresh), frozenset(Scope)).get("/api/v1/limits").get_json()
    assert {name: int(value) for name, value in rows} | {"daily_cap": None} == limits
