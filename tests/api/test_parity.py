"""The vectors of tests/vectors/parity by the command line and by the API: the same reasons as the library gives."""

import base64
import io
import json
import shutil
from datetime import datetime

import pytest

from gateway.app import create_app
from gateway.cli import app as commands
from gateway.container import Container
from tests.interop.test_parity import cases, trust_folder, vectors

__all__ = ["trust_folder"]


@pytest.fixture(scope="module")
def clients(set_up_home, trust_folder, tmp_path_factory):
    """A gateway for each file of vectors, that trusts what the file says and stands at its instant."""
    from tests.conftest import container_at
    from tests.databases import copy_home, forget_home

    made, homes = {}, []
    for file, folder in trust_folder.items():
        home = tmp_path_factory.mktemp(file) / "data"
        copy_home(set_up_home, home)
        shutil.rmtree(home / "trust")
        shutil.copytree(folder, home / "trust")
        at = datetime.fromisoformat(vectors(file)["at"])
        container = Container(container_at(home).settings, lambda at=at: at)
        made[file] = create_app(container).test_client()
        homes.append((home, container))
    yield made
    for home, container in homes:
        container.deps.engine.dispose()
        forget_home(home)


def by_command(file, content, trust_folder, tmp_path, capsys):
    path = tmp_path / "file"
    path.write_bytes(content)
    words = ["verify", str(path), "--trust-anchors", str(trust_folder[file]), "--at", vectors(file)["at"], "--json"]
    status = commands(words, standalone_mode=False)
    return status, json.loads(capsys.readouterr().out)


def codes(answer):
    return [each["code"] for each in answer["reasons"]]


def is_file_of_ours(case):
    """What does not begin as a token does is no list for anybody who takes files of all kinds."""
    return base64.b64decode(case["content_base64"]).startswith(b"\xd2\x84")


@pytest.mark.parametrize("case", cases("lists"))
def test_lists(case, clients, trust_folder, tmp_path, capsys):
    content = base64.b64decode(case["content_base64"])
    assert is_file_of_ours(case)
    status, printed = by_command("lists", content, trust_folder, tmp_path, capsys)
    told = clients["lists"].post("/api/v1/verifications", data=content, content_type="application/cose").json
    for answer in (printed["answer"], told["answer"]):
        assert (answer["genuine"], answer["in_force"], codes(answer)) == (
            case["genuine"],
            case["in_force"],
            case["reasons"],
        )
    assert status == {"yes": 0, "no": 1, "unknown": 2}[case["genuine"]]


@pytest.mark.parametrize("case", cases("licence_codes"))
def test_licence_codes(case, clients, trust_folder, tmp_path, capsys):
    text = f"HTTP://127.0.0.1:8000/Q/{case['payload']}"
    status, printed = by_command("licence_codes", text.encode(), trust_folder, tmp_path, capsys)
    assert (printed["answer"]["genuine"], codes(printed["answer"])[:-1]) == (case["genuine"], case["reasons"])
    assert codes(printed["answer"])[-1] == "REGISTRY_NOT_CHECKED"
    assert status == {"yes": 0, "no": 1, "unknown": 2}[case["genuine"]]
    told = clients["licence_codes"].post("/api/v1/resolutions", json={"text": text}).json
    # On line a good code leads to the register, which has none of these licences.
    assert codes(told) == (["NOT_IN_REGISTRY"] if case["genuine"] == "yes" else case["reasons"])


@pytest.mark.parametrize("case", cases("pdfs"))
def test_pdfs(case, clients, trust_folder, tmp_path, capsys):
    content = base64.b64decode(case["content_base64"])
    _, printed = by_command("pdfs", content, trust_folder, tmp_path, capsys)
    upload = {"data": {"file": (io.BytesIO(content), "a.pdf")}, "content_type": "multipart/form-data"}
    told = clients["pdfs"].post("/api/v1/verifications", **upload).json
    for answer in (printed["answer"], told["answer"]):
        assert answer["genuine"] == case["genuine"]
        assert codes(answer)[: len(case["reasons"])] == case["reasons"]
    assert told["document"]["sm3"] == case["sm3"]
    assert told["document"]["sha256"] == case["sha256"]
