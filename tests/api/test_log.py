"""The transparency log over HTTP."""

import json

import pytest

from gateway.domain.checkpoints import verify_checkpoint
from gateway.domain.merkle import SM3_TREE, verify_consistency, verify_inclusion
from tests.api.conftest import conforms, problem_of


@pytest.fixture(scope="module")
def logged(gallery):
    gallery.container.log.sequence()
    return gallery.container


@pytest.fixture
def checkpoint(client, logged):
    response = client.get("/trust/log/checkpoint")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=2"
    return verify_checkpoint(response.text, logged.deps.log_certificates())


def test_tiles_and_entries_lead_to_the_checkpoint(client, checkpoint):
    assert checkpoint.size > 256
    full = client.get("/trust/log/tile/0/000")
    assert full.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (full.mimetype, len(full.data)) == ("application/octet-stream", 8192)
    # Other tests of the same gateway write events too: the edge is where the checkpoint says.
    tile, width = divmod(checkpoint.size - 1, 256)
    name = f"{tile:03}" if width == 255 else f"{tile:03}.p/{width + 1}"
    edge = client.get(f"/trust/log/tile/entries/{name}")
    assert edge.status_code == 200
    length = int.from_bytes(edge.data[:2], "big")
    leaves = client.get(f"/trust/log/tile/0/{name}").data
    assert SM3_TREE.leaf(edge.data[2 : 2 + length]) == leaves[:32]


def test_an_older_partial_tile_is_the_beginning_of_a_newer_one(client, checkpoint):
    assert client.get("/trust/log/tile/0/000.p/7").data == client.get("/trust/log/tile/0/000").data[: 7 * 32]
    full = client.get("/trust/log/tile/entries/000").data
    assert full.startswith(client.get("/trust/log/tile/entries/000.p/7").data)


@pytest.mark.parametrize("path", ["0/900", "0/999", "5/000", "0/000.p/256", "0/0", "entries/../checkpoint", "x"])
def test_what_the_log_does_not_have_is_not_found(client, checkpoint, path):
    problem_of(client.get(f"/trust/log/tile/{path}"), 404, "NOT_FOUND")


def test_a_licence_has_the_proofs_of_its_issue_and_its_suspension(client, gallery, checkpoint):
    identifier = gallery.licences["suspended"].licence_identifier
    answer = conforms(client.get(f"/api/v1/log/proofs/{identifier}").get_json(), "LicenceLog")
    assert answer["pending"] == 0
    entries = [json.loads(proof["entry"]) for proof in answer["proofs"]]
    assert [entry["action"] for entry in entries] == ["licence_issued", "licence_status_changed"]
    assert entries[1]["detail"]["status"] == "suspended"
    for proof in answer["proofs"]:
        path = [bytes.fromhex(part) for part in proof["inclusion_proof"]]
        leaf = SM3_TREE.leaf(proof["entry"].encode())
        assert verify_inclusion(SM3_TREE, leaf, proof["leaf_index"], proof["tree_size"], path, checkpoint.root)


def test_the_report_on_a_file_carries_the_proof(client, gallery, checkpoint):
    data = gallery.electronic("in_force")
    response = client.post("/api/v1/verifications", data=data, content_type="application/pdf")
    report = conforms(response.get_json(), "VerificationReport")
    assert report["registry"]["log"]["tree_size"] == checkpoint.size
    assert gallery.licences["in_force"].licence_identifier in report["registry"]["log"]["entry"]


def test_two_sizes_have_a_consistency_proof(client, checkpoint):
    answer = conforms(client.get(f"/trust/log/consistency?from=100&to={checkpoint.size}").get_json(), "LogConsistency")
    proof = [bytes.fromhex(part) for part in answer["consistency_proof"]]
    old_root = bytes.fromhex(answer["from_root"])
    assert answer["to_root"] == checkpoint.root.hex()
    assert verify_consistency(SM3_TREE, 100, checkpoint.size, proof, old_root, checkpoint.root)


@pytest.mark.parametrize("query", ["", "from=1", "from=2&to=1", "from=0&to=1", "from=x&to=1", "from=1&to=1" + "0" * 30])
def test_sizes_that_are_none_are_refused(client, checkpoint, query):
    problem_of(client.get(f"/trust/log/consistency?{query}"), 422, "VALIDATION_FAILED")


def test_a_size_that_was_not_reached_and_a_strange_licence_are_not_found(client, checkpoint):
    problem_of(client.get(f"/trust/log/consistency?from=1&to={checkpoint.size + 1}"), 404, "NOT_FOUND")
    problem_of(client.get("/api/v1/log/proofs/1.2.3"), 404, "NOT_FOUND")
