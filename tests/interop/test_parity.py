"""The vectors of tests/vectors/parity: library, command line and API give the same reasons, and OpenSSL agrees on signatures."""

import base64
import json
import subprocess
from datetime import datetime
from pathlib import Path

import cbor2
import pytest
from asn1crypto import pem

from certs.trust_store import TrustStore
from gateway.services.licence_codes import check_licence_code
from gateway.services.list_checks import check_signed_list
from signing import sm2
from signing.validation.policy import Revocation

FOLDER = Path(__file__).parents[1] / "vectors" / "parity"


def vectors(file):
    return json.loads((FOLDER / f"{file}.json").read_text())


def cases(file):
    return [pytest.param(case, id=case["name"]) for case in vectors(file)["cases"]]


@pytest.fixture(scope="module")
def trust_folder(tmp_path_factory):
    """A function that writes the trust files of some vectors as a counterparty holds them."""

    def write(file):
        folder = tmp_path_factory.mktemp(file)
        for part, ending in (("anchors", "pem"), ("certificates", "pem"), ("signers", "pem"), ("crls", "crl")):
            (folder / part).mkdir()
            for number, text in enumerate(vectors(file)["trust"][part]):
                (folder / part / f"{number}.{ending}").write_text(text)
        return folder

    return {file: write(file) for file in ("lists", "licence_codes", "pdfs")}


def judged_at(file):
    return datetime.fromisoformat(vectors(file)["at"])


def codes(reasons):
    return [each.code for each in reasons]


@pytest.mark.parametrize("case", cases("lists"))
def test_lists(case, trust_folder):
    store = TrustStore(trust_folder["lists"])
    policy = store.policy(revocation=Revocation.REQUIRED)
    found = check_signed_list(base64.b64decode(case["content_base64"]), store, policy, at=judged_at("lists"))
    assert (found.genuine, found.in_force, codes(found.reasons)) == (case["genuine"], case["in_force"], case["reasons"])


@pytest.mark.parametrize("case", cases("licence_codes"))
def test_licence_codes(case, trust_folder):
    store = TrustStore(trust_folder["licence_codes"])
    policy = store.policy(revocation=Revocation.REQUIRED)
    found = check_licence_code(case["payload"], store, policy, at=judged_at("licence_codes"))
    assert (found.genuine, codes(found.reasons)) == (case["genuine"], case["reasons"])


def tokens(file):
    for case in vectors(file)["cases"]:
        text = case.get("content_base64")
        token = (
            base64.b64decode(text) if text else base64.b32decode(case["payload"] + "=" * (-len(case["payload"]) % 8))
        )
        is_checked = case["reasons"][0] in {"GENUINE", "SIGNATURE_INVALID"}
        if is_checked:
            yield pytest.param(file, token, case["reasons"][0] == "GENUINE", id=f"{file}-{case['name']}")


@pytest.mark.parametrize(("file", "token", "is_good"), [*tokens("lists"), *tokens("licence_codes")])
def test_openssl_agrees_on_the_signature(file, token, is_good, tmp_path):
    """cbor2 takes the token apart and puts the Sig_structure together; OpenSSL verifies SM2 over it."""
    protected, _, payload, signature = cbor2.loads(token).value
    kid = cbor2.loads(protected)[4].hex()
    key = next(key for key in vectors(file)["trust"]["keys"] if key["key_id"] == kid)
    spki = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200") + bytes.fromhex(key["public_key"])
    (tmp_path / "key.pem").write_bytes(pem.armor("PUBLIC KEY", spki))
    (tmp_path / "signed").write_bytes(cbor2.dumps(["Signature1", protected, b"", payload], canonical=True))
    (tmp_path / "signature").write_bytes(sm2.signature_from_raw(signature))
    identity = ["-pkeyopt", "distid:1234567812345678"]
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-digest", "sm3", *identity]
    files = ["-in", "signed", "-sigfile", "signature"]
    verified = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, check=False)
    assert (verified.returncode == 0) is is_good, verified.stderr
