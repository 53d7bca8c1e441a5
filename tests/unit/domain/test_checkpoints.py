"""Checkpoints as signed notes."""

import base64
import hashlib

import pytest

from gateway.domain.checkpoints import Checkpoint, LogKey, read_checkpoint, sign_checkpoint, verify_checkpoint
from gateway.errors import LogBrokenError
from signing.sm2 import sm3
from tests.pki import make_pki

CHECKPOINT = Checkpoint("log.example/trust/log", 20852163, sm3(b"root"))


@pytest.fixture(scope="module")
def key():
    return make_pki().leaf()


@pytest.fixture(scope="module")
def note(key):
    return sign_checkpoint(CHECKPOINT, key)


def test_a_note_is_written_as_the_specification_says(note, key):
    root = base64.b64encode(CHECKPOINT.root).decode()
    lines = note.split("\n")
    assert lines[:4] == ["log.example/trust/log", "20852163", root, ""]
    dash, name, signature = lines[4].split(" ")
    assert (dash, name, lines[5:]) == ("—", CHECKPOINT.origin, [""])
    log_key = LogKey.of_certificate(CHECKPOINT.origin, key.certificate)
    named = CHECKPOINT.origin.encode() + b"\n\xffSM2-with-SM3" + log_key.key.point
    assert base64.b64decode(signature)[:4] == hashlib.sha256(named).digest()[:4]
    assert log_key.verifier_key.split("+")[:2] == [CHECKPOINT.origin, log_key.id.hex()]


def test_it_is_verified_by_its_key_alone(note, key):
    stranger = make_pki().leaf()
    assert verify_checkpoint(note, [stranger.certificate, key.certificate]) == CHECKPOINT
    with pytest.raises(LogBrokenError, match="known key"):
        verify_checkpoint(note, [stranger.certificate])


def test_witnesses_are_passed_over(note, key):
    line = "— witness.example/w " + base64.b64encode(bytes(72)).decode() + "\n"
    assert verify_checkpoint(note + line, [key.certificate]) == CHECKPOINT


@pytest.mark.parametrize(("old", "new"), [("20852163", "20852164"), ("log.example", "lag.example")])
def test_a_changed_text_is_refused(note, key, old, new):
    with pytest.raises(LogBrokenError):
        verify_checkpoint(note.replace(old, new, 1), [key.certificate])


@pytest.mark.parametrize(
    "bend",
    [
        lambda n: "",
        lambda n: n.rstrip("\n"),
        lambda n: n.replace("\n\n", "\n"),
        lambda n: n.replace("20852163", "020852163"),
        lambda n: n.replace("20852163", "-1"),
        lambda n: n.replace("20852163\n", "20852163\nmore\n"),
        lambda n: n.replace("\n\n", "\nextension\n\n"),
        lambda n: n.replace("— ", "- "),
        lambda n: n + "x\n",
        lambda n: n + "x" * 70_000 + "\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(note, bend):
    with pytest.raises(LogBrokenError, match="no checkpoint"):
        read_checkpoint(bend(note))
