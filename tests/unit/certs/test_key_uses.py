"""Each use of a key is authorised and logged before the signature is made."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from certs.errors import KeyUseError
from certs.key_uses import KeyUse, KeyUseLog, Purpose, purposes_of, read_uses
from certs.keystore import Keystore
from certs.profiles import (
    ELECTRONIC_BUSINESS_LICENCE,
    GATEWAY_SIGNER,
    ISSUING_CA,
    OCSP_RESPONDER,
    SEAL_SIGNER,
    TIMESTAMPING_UNIT,
    KeyUsage,
)
from signing.keys import SignatureAlgorithm
from signing.sm2 import sm3
from tests.pki import NOW, make_pki

PASSWORD = b"a long password"
SIGNER = {Purpose.COPY, Purpose.LICENCE, Purpose.LIST, Purpose.LOG, Purpose.RECEIPT, Purpose.REPORT}


class Memory:
    def __init__(self):
        self.uses = []

    def record(self, use):
        self.uses.append(use)


class Full:
    def record(self, use):
        raise KeyUseError("the disk is full")


def use(number=0):
    return KeyUse(NOW, "测试 actor", f"key-{number}", "licence", SignatureAlgorithm.SM2_WITH_SM3, "aa", "bb")


def keystore(folder, sink):
    return Keystore(folder, PASSWORD, iterations=1000, sink=sink, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("profile", "purposes"),
    [
        (SEAL_SIGNER, SIGNER),
        (GATEWAY_SIGNER, SIGNER),
        (ELECTRONIC_BUSINESS_LICENCE, SIGNER),
        (TIMESTAMPING_UNIT, {Purpose.TIMESTAMP}),
        (OCSP_RESPONDER, {Purpose.OCSP}),
        (ISSUING_CA, {Purpose.CERTIFICATE, Purpose.CRL}),
    ],
    ids=lambda p: getattr(p, "name", ""),
)
def test_the_certificate_bounds_the_purposes(profile, purposes):
    issuer = make_pki().root if profile.is_ca else None
    assert purposes_of(make_pki().leaf(profile, issuer=issuer).certificate) == purposes


def test_every_signature_is_logged_with_who_what_and_when(tmp_path):
    sink, key = Memory(), make_pki().leaf()
    store = keystore(tmp_path, sink)
    store.store("seal", key)
    store.load("seal", Purpose.LICENCE, actor="gateway.licences").sign(b"message")
    assert sink.uses == [
        KeyUse(
            at=NOW,
            actor="gateway.licences",
            key="seal",
            purpose="licence",
            algorithm=SignatureAlgorithm.SM2_WITH_SM3,
            certificate_sm3=sm3(key.certificate).hex(),
            message_sm3=sm3(b"message").hex(),
        )
    ]


def test_without_a_purpose_the_log_says_what_the_key_is_for(tmp_path):
    sink = Memory()
    store = keystore(tmp_path, sink)
    store.store("seal", make_pki().leaf())
    store.load("seal").sign(b"message")
    assert sink.uses[0].purpose == "copy|licence|list|log|receipt|report"


def test_nothing_is_signed_that_cannot_be_logged(tmp_path):
    signed = []
    store = keystore(tmp_path, Full())
    store.store("seal", make_pki().leaf())
    key = store.load("seal", Purpose.LICENCE)

    class Spy:
        algorithm, certificate, chain = key.algorithm, key.certificate, key.chain

        def sign(self, message):
            signed.append(message)

    with pytest.raises(KeyUseError, match="disk is full"):
        replace(key, key=Spy()).sign(b"message")
    assert signed == []


@pytest.mark.parametrize("purpose", [Purpose.TIMESTAMP, Purpose.CRL, Purpose.CERTIFICATE, Purpose.OCSP])
def test_a_key_is_not_used_for_what_its_certificate_forbids(purpose, tmp_path):
    store = keystore(tmp_path, Memory())
    store.store("seal", make_pki().leaf())
    with pytest.raises(KeyUseError, match=f"not authorised for {purpose}, only for: copy, licence"):
        store.load("seal", purpose)


def test_declared_purposes_narrow_and_never_widen(tmp_path):
    store = keystore(tmp_path, Memory())
    store.store("seal", make_pki().leaf(), purposes=frozenset({Purpose.LIST, Purpose.TIMESTAMP}))
    assert store.load("seal", Purpose.LIST).sign(b"message")
    assert store.load("seal", Purpose.PROOF).sign(b"message")
    for purpose in (Purpose.LICENCE, Purpose.TIMESTAMP):
        with pytest.raises(KeyUseError, match="not authorised"):
            store.load("seal", purpose)


def test_a_certificate_for_revocation_lists_makes_an_authority():
    lists = replace(SEAL_SIGNER, key_usage=frozenset({KeyUsage.CRL_SIGN}))
    assert purposes_of(make_pki().leaf(lists).certificate) == {Purpose.CERTIFICATE, Purpose.CRL}


def test_a_retired_key_signs_nothing_not_even_where_it_is_loaded_already(tmp_path):
    store, other_process = keystore(tmp_path, Memory()), keystore(tmp_path, Memory())
    store.store("seal", make_pki().leaf())
    loaded = store.load("seal", Purpose.LICENCE)
    loaded.sign(b"message")
    other_process.retire("seal")
    with pytest.raises(KeyUseError, match="is retired"):
        loaded.sign(b"message")
    with pytest.raises(KeyUseError, match="is retired"):
        store.load("seal", Purpose.LICENCE)
    assert store.certificate("seal") == loaded.certificate
    assert store.names() == ["seal"]


def test_a_log_line_is_one_json_object_without_secrets(tmp_path):
    log = KeyUseLog(tmp_path / "deep" / "uses.jsonl", sync_seconds=0)
    log.record(use())
    log.record(use(1))
    path = tmp_path / "deep" / "uses.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["key"] for line in lines] == ["key-0", "key-1"]
    assert set(lines[0]) == set(KeyUse.__dataclass_fields__)
    assert lines[0]["at"].endswith("Z")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry["key"] for entry in read_uses(path, key="key-1")] == ["key-1"]


def test_a_line_that_a_power_cut_tore_is_left_and_the_next_is_whole(tmp_path):
    path = tmp_path / "uses.jsonl"
    path.write_bytes(use().to_line() + use(1).to_line()[:20])
    KeyUseLog(path).record(use(2))
    assert [entry["key"] for entry in read_uses(path)] == ["key-0", "key-2"]


def test_threads_and_processes_do_not_mix_their_lines(tmp_path):
    path = tmp_path / "uses.jsonl"
    log = KeyUseLog(path)
    child = os.fork()
    if child == 0:
        for number in range(200):
            log.record(use(1000 + number))
        os._exit(0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(log.record, map(use, range(200))))
    assert os.waitpid(child, 0)[1] == 0
    keys = [entry["key"] for entry in read_uses(path)]
    assert len(keys) == len(set(keys)) == 400


def test_a_killed_process_loses_no_use(tmp_path):
    path = tmp_path / "uses.jsonl"
    program = (
        "import sys; from pathlib import Path; from tests.unit.certs.test_key_uses import use\n"
        "from certs.key_uses import KeyUseLog\n"
        "log = KeyUseLog(Path(sys.argv[1]), sync_seconds=60)\n"
        "for n in range(100000):\n log.record(use(n)); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE) as child:
        told = [child.stdout.readline() for _ in range(50)]
        child.send_signal(signal.SIGKILL)
    assert len(list(read_uses(path))) >= len(told)


def test_an_unwritable_log_is_named_and_stops_the_signature(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KeyUseError, match="cannot be logged"):
        KeyUseLog(tmp_path / "file" / "uses.jsonl").record(use())


def test_the_batch_reaches_the_disk_in_the_background(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    log = KeyUseLog(tmp_path / "uses.jsonl", sync_seconds=0.01)
    for number in range(20):
        log.record(use(number))
    deadline = time.monotonic() + 5
    while not synced and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 1 <= len(synced) < 20


def test_a_missing_log_has_no_uses(tmp_path):
    assert list(read_uses(tmp_path / "none")) == []
