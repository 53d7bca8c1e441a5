"""Proofs by a verifier that was written apart, from the text of RFC 9162; the checkpoint's signature by OpenSSL."""

import base64
import hashlib
import json

import pytest

from gateway.domain.checkpoints import Checkpoint, LogKey, sign_checkpoint
from gateway.domain.merkle import TreeHasher, consistency_proof, inclusion_proof, tree_root
from signing.sm2 import sm3
from tests.interop.test_sm2_oracles import HERE, NODE, openssl_verifies, run
from tests.pki import make_pki

pytestmark = pytest.mark.interop
TREE = TreeHasher(lambda data: hashlib.sha256(data).digest())
ENTRIES = [f"entry {number}".encode() for number in range(70)]


def nodes(level, index):
    return TREE.complete([TREE.leaf(entry) for entry in ENTRIES[index << level : (index + 1) << level]])


def root(size):
    return tree_root(TREE, size, nodes).hex()


def hexed(parts):
    return [part.hex() for part in parts]


def inclusion_jobs():
    for size in (1, 2, 3, 7, 8, 33, 64, 70):
        for index in range(size):
            proof = hexed(inclusion_proof(TREE, index, size, nodes))
            job = {"kind": "inclusion", "leaf": ENTRIES[index].hex(), "index": index, "size": size}
            yield {**job, "proof": proof, "root": root(size)}


def consistency_jobs():
    for new in (1, 2, 5, 8, 33, 70):
        for old in range(1, new + 1):
            proof = hexed(consistency_proof(TREE, old, new, nodes))
            job = {"kind": "consistency", "first": old, "second": new, "firstRoot": root(old), "secondRoot": root(new)}
            yield {**job, "proof": proof}


def answers(jobs):
    done = run(NODE, HERE / "node" / "merkle.cjs", text=json.dumps(jobs))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_node_takes_our_proofs_and_none_that_were_bent():
    jobs = [*inclusion_jobs(), *consistency_jobs()]
    assert len(jobs) > 300
    assert set(answers(jobs)) == {True}
    bent = [{**job, "proof": [*job["proof"], "00" * 32]} for job in jobs]
    bent += [{**job, "root": "00" * 32, "secondRoot": "00" * 32} for job in jobs]
    assert set(answers(bent)) == {False}


def test_openssl_verifies_the_checkpoint(tmp_path):
    key = make_pki().leaf()
    note = sign_checkpoint(Checkpoint("log.example/trust/log", 7, sm3(b"")), key)
    text, _, line = note.rpartition("\n\n")
    signature = base64.b64decode(line.split(" ")[2])[4:]
    public = LogKey.of_certificate("log.example/trust/log", key.certificate).key
    assert openssl_verifies(tmp_path, public, text.encode() + b"\n", signature)
    assert not openssl_verifies(tmp_path, public, text.encode() + b"\n\n", signature)
