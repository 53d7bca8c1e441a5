"""Signatures, chains and time-stamps against BouncyCastle and OpenSSL, which know nothing of this library."""

import re
import subprocess

import pytest
from asn1crypto import pem

from gateway.app import create_app
from signing.algorithms import SM3_OID
from signing.cms import build_signed_data
from signing.keys import PreparedPdf
from signing.pades import sign_prepared
from signing.sm2 import sm3
from signing.timestamp import build_request as build_query
from signing.timestamp import build_response, parse_request
from signing.validation.cms_reading import parse_cms, strip_padding
from tests.interop.bouncy_castle import ask
from tests.unit.signing.pki import NOW, ecdsa_key, pki, prepared_pdf

pytestmark = pytest.mark.interop

CONTENT = "江城区 食品经营许可证".encode()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def bouncy_castle(tmp_path):
    """Runs VerifyCms on byte strings, with the root of the test PKI as only anchor."""

    def verify(mode, *files):
        paths = []
        for number, content in enumerate((pki().root.certificate, *files)):
            paths.append(tmp_path / str(number))
            paths[-1].write_bytes(content)
        return ask("VerifyCms", mode, *paths)

    return verify


def ranges_and_cms(signed: bytes, prepared: PreparedPdf) -> tuple[bytes, bytes]:
    contents = bytes.fromhex(signed[prepared.gap_start + 1 : prepared.gap_end - 1].decode())
    return signed[: prepared.gap_start] + signed[prepared.gap_end :], strip_padding(contents)


@pytest.fixture(scope="module")
def document():
    """What the signature of a B-T signed PDF covers, and its CMS."""
    prepared = prepared_pdf()
    return ranges_and_cms(sign_prepared(prepared, pki().seal, timestamps=pki().unit), prepared)


def test_bouncy_castle_verifies_the_cms_and_the_time_stamp_of_a_pdf(document, bouncy_castle):
    covered, cms = document
    result = bouncy_castle("cms", cms, covered)
    assert result.returncode == 0, result.stderr
    assert "signature 1.2.156.10197.1.501" in result.stdout
    assert re.search(r"time-stamp \d{30,}", result.stdout)


def test_bouncy_castle_refuses_the_cms_over_other_content(document, bouncy_castle):
    covered, cms = document
    result = bouncy_castle("cms", cms, covered + b" ")
    assert result.returncode != 0
    assert "message-digest attribute value does not match" in result.stderr


def test_bouncy_castle_refuses_a_time_stamp_over_something_else(bouncy_castle):
    cms = build_signed_data(
        message_digest=sm3(CONTENT), key=pki().seal, timestamp=lambda _: pki().unit.stamp(bytes(32))
    )
    result = bouncy_castle("cms", cms, CONTENT)
    assert result.returncode != 0
    assert "another imprint" in result.stderr


@pytest.mark.parametrize("algorithm", ["sm3", "sha256"])
def test_a_request_by_openssl_is_answered_to_bouncy_castles_satisfaction(algorithm, bouncy_castle, tmp_path):
    asked, stamped = tmp_path / "asked", tmp_path / "stamped"
    stamped.write_bytes(CONTENT)
    query = run("openssl", "ts", "-query", "-data", str(stamped), f"-{algorithm}", "-cert", "-out", str(asked))
    assert query.returncode == 0, query.stderr
    request = parse_request(asked.read_bytes())
    token = pki().unit.stamp_request(request.imprint, request.digest_oid, request.nonce)
    result = bouncy_castle("response", asked.read_bytes(), build_response(token))
    assert result.returncode == 0, result.stderr
    wrong = pki().unit.stamp_request(request.imprint, request.digest_oid, request.nonce + 1)
    assert "nonce" in bouncy_castle("response", asked.read_bytes(), build_response(wrong)).stderr


def test_the_service_answers_to_bouncy_castles_satisfaction(fresh, tmp_path):
    """Asked over HTTP as anyone may ask: the SM2 token, its chain and its nonce."""
    request = build_query(imprint=sm3(CONTENT), digest_oid=SM3_OID, nonce=4711)
    answer = (
        create_app(fresh).test_client().post("/trust/tsa", data=request, content_type="application/timestamp-query")
    )
    contents = (fresh.deps.keystore.certificate("root"), request, answer.data)
    files = [tmp_path / name for name in ("root", "request", "answer")]
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)
    result = ask("VerifyCms", "response", *files)
    assert (result.returncode, result.stdout[:10]) == (0, "time-stamp"), result.stderr
    files[1].write_bytes(build_query(imprint=sm3(b"another"), digest_oid=SM3_OID, nonce=4711))
    assert ask("VerifyCms", "response", *files).returncode != 0


def test_openssl_reads_a_response_with_sm2(tmp_path):
    response = tmp_path / "response"
    response.write_bytes(build_response(pki().unit.stamp(sm3(CONTENT))))
    shown = run("openssl", "ts", "-reply", "-in", str(response), "-text")
    assert shown.returncode == 0, shown.stderr
    assert "Status: Granted" in shown.stdout
    assert "Hash Algorithm: sm3" in shown.stdout
    assert f"Time stamp: {NOW:%b} {NOW.day:2} {NOW:%H:%M:%S %Y} GMT" in shown.stdout


def test_openssl_verifies_the_signature_value_of_a_pdf(document, tmp_path):
    cms = parse_cms(document[1])
    key, attributes, signature = (tmp_path / name for name in ("key", "attributes", "signature"))
    key.write_bytes(pem.armor("PUBLIC KEY", pki().seal.private.public_key.spki))
    signature.write_bytes(cms.signature)

    def verify(message):
        attributes.write_bytes(message)
        files = f"-pubin -inkey {key} -in {attributes} -sigfile {signature}"
        options = "-rawin -digest sm3 -pkeyopt distid:1234567812345678"
        return run(*f"openssl pkeyutl -verify {files} {options}".split())

    assert "Verified Successfully" in verify(cms.signed_attributes).stdout
    assert verify(cms.signed_attributes + b"\0").returncode != 0


def test_openssl_verifies_an_ecdsa_cms(tmp_path):
    covered, cms = ranges_and_cms(sign_prepared(prepared_pdf(), ecdsa_key()), prepared_pdf())
    files = {name: tmp_path / name for name in ("cms", "covered", "anchor", "out")}
    files["cms"].write_bytes(cms)
    files["covered"].write_bytes(covered)
    files["anchor"].write_bytes(pem.armor("CERTIFICATE", ecdsa_key().certificate))
    names = "-in {cms} -content {covered} -CAfile {anchor} -out {out}".format(**files)
    verified = run(*f"openssl cms -verify -binary -inform DER -purpose any {names}".split())
    assert verified.returncode == 0, verified.stderr
    assert files["out"].read_bytes() == covered


def test_qpdf_finds_nothing_to_complain_about(tmp_path):
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(sign_prepared(prepared_pdf(), pki().seal))
    checked = run("qpdf", "--check", str(signed))
    assert checked.returncode == 0, checked.stdout + checked.stderr
