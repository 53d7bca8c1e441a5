"""Certificate status and time-stamps over HTTP, asked as OpenSSL asks."""

import base64
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from asn1crypto import pem

from certs.revocation import RevocationReason
from gateway.app import create_app
from gateway.services.embedded_cas import ECDSA_ISSUING_KEY, ISSUING_KEY, LICENCE_ROOT_KEY, ROOT_KEY, responder_name
from signing.algorithms import SHA1_OID, SHA256_OID, SM3_OID, digest
from signing.errors import TimestampUnavailableError
from signing.ocsp import build_request, cert_id, parse_response
from signing.timestamp import build_request as build_query
from signing.timestamp import parse_response as parse_reply
from signing.timestamp import parse_token, signer_certificate, verify_imprint, verify_token

OCSP, QUERY = "application/ocsp-request", "application/timestamp-query"


@pytest.fixture
def client(fresh):
    return create_app(fresh).test_client()


def certificate(container, name):
    return container.deps.keystore.certificate(name)


def identifier(container, name, ca, oid=SM3_OID):
    return cert_id(certificate(container, name), certificate(container, ca), oid)


def ask(client, *identifiers, nonce=None):
    answer = client.post("/trust/ocsp", data=build_request(identifiers, nonce=nonce), content_type=OCSP)
    assert (answer.status_code, answer.mimetype) == (200, "application/ocsp-response")
    return parse_response(answer.data), answer


@pytest.mark.parametrize("oid", [SM3_OID, SHA1_OID, SHA256_OID])
@pytest.mark.parametrize(
    ("name", "ca"),
    [
        ("timestamping-unit", ISSUING_KEY),
        (ISSUING_KEY, ROOT_KEY),
        ("ecdsa-timestamping-unit", ECDSA_ISSUING_KEY),
    ],
)
def test_every_certificate_of_the_installation_is_good(name, ca, oid, client, fresh):
    response, answer = ask(client, identifier(fresh, name, ca, oid), nonce=b"1" * 16)
    assert [single.status for single in response.responses] == ["good"]
    assert response.certificates == (certificate(fresh, responder_name(ca)),)
    assert (response.nonce, answer.headers["Cache-Control"]) == (b"1" * 16, "no-store")


def test_a_registered_business_licence_is_good(client, fresh):
    phone = next((fresh.settings.data_dir / "simulator" / "keys").glob("*.pem")).read_bytes()
    held = pem.unarmor(phone)[2]
    response, _ = ask(client, cert_id(held, certificate(fresh, LICENCE_ROOT_KEY)))
    assert [single.status for single in response.responses] == ["good"]


def test_a_revocation_shows_at_once(client, fresh):
    wanted = identifier(fresh, "timestamping-unit", ISSUING_KEY)
    assert ask(client, wanted)[0].responses[0].status == "good"
    fresh.certificates.revoke(certificate(fresh, "timestamping-unit"), RevocationReason.SUPERSEDED)
    [single] = ask(client, wanted)[0].responses
    assert (single.status, single.reason) == ("revoked", RevocationReason.SUPERSEDED)


def test_get_is_for_caches(client, fresh):
    request = build_request([identifier(fresh, "timestamping-unit", ISSUING_KEY)])
    address = f"/trust/ocsp/{quote(base64.b64encode(request), safe='')}"
    answer, again = client.get(address), client.get(address)
    assert answer.mimetype == "application/ocsp-response"
    assert answer.headers["Cache-Control"].startswith("max-age=")
    assert {"public", "no-transform", "must-revalidate"} <= set(answer.headers["Cache-Control"].split(", "))
    assert answer.headers["Last-Modified"].endswith("GMT") and answer.headers["Expires"].endswith("GMT")
    assert (answer.data, answer.headers["ETag"]) == (again.data, again.headers["ETag"])


def test_two_slashes_in_the_address_are_part_of_the_request(client):
    encoded = base64.b64encode(b"0\x0c\xff\xff\xff" + b"\xff" * 10).decode()
    assert "//" in encoded
    answer = client.get(f"/trust/ocsp/{encoded}")
    assert parse_response(answer.data).response_status == 1


@pytest.mark.parametrize("address", ["/trust/ocsp/!", "/trust/ocsp/MAA="])
def test_what_is_no_request_is_told_in_the_protocol(address, client):
    answer = client.get(address)
    assert (parse_response(answer.data).response_status, answer.headers["Cache-Control"]) == (1, "no-store")


@pytest.mark.parametrize("path", ["/trust/ocsp", "/trust/tsa"])
def test_other_types_and_long_bodies_are_refused(path, client):
    kind = OCSP if "ocsp" in path else QUERY
    assert client.post(path, data=b"{}", content_type="application/json").status_code == 415
    assert client.post(path, data=bytes(20_000), content_type=kind).status_code == 413


@pytest.mark.parametrize(("oid", "unit"), [(SM3_OID, "timestamping-unit"), (SHA256_OID, "ecdsa-timestamping-unit")])
def test_a_time_stamp_is_made_by_the_unit_for_the_digest(oid, unit, client, fresh):
    query = build_query(imprint=digest(oid, b"x"), digest_oid=oid, nonce=99)
    answer = client.post("/trust/tsa", data=query, content_type=QUERY)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/timestamp-reply", "no-store")
    token = parse_token(parse_reply(answer.data))
    verify_token(token)
    verify_imprint(token, b"x")
    assert (token.nonce, signer_certificate(token)) == (99, certificate(fresh, unit))


def test_a_refused_time_stamp_says_why(client):
    query = build_query(imprint=bytes(20), digest_oid=SHA1_OID)
    answer = client.post("/trust/tsa", data=query, content_type=QUERY)
    with pytest.raises(TimestampUnavailableError, match="bad_alg"):
        parse_reply(answer.data)


def openssl(*command):
    done = subprocess.run(["openssl", *map(str, command)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def write(tmp_path):
    def written(name, data, label="CERTIFICATE"):
        path = tmp_path / name
        path.write_bytes(pem.armor(label, data) if label else data)
        return path

    return written


@pytest.mark.interop
def test_openssl_asks_for_a_time_stamp_and_verifies_the_answer(client, fresh, write, tmp_path):
    content, query = write("content", b"a licence", None), tmp_path / "query"
    assert openssl("ts", "-query", "-data", content, "-sha256", "-cert", "-out", query)[0] == 0
    reply = write("reply", client.post("/trust/tsa", data=query.read_bytes(), content_type=QUERY).data, None)
    anchor = write("root", certificate(fresh, "ecdsa-root"))
    issuing = write("issuing", certificate(fresh, ECDSA_ISSUING_KEY))
    verify = ("ts", "-verify", "-in", reply, "-CAfile", anchor, "-untrusted", issuing)
    code, text = openssl(*verify, "-queryfile", query)
    assert (code, "Verification: OK" in text) == (0, True), text
    assert openssl(*verify, "-data", write("other", b"another", None))[0] != 0


def openssl_asks(client, fresh, write, tmp_path, name, ca, *digest_option):
    """What OpenSSL asks with (a nonce in the request, its file), and what it judges our answer with."""
    request = Path(tmp_path / "request")
    issuer, leaf = write("issuer", certificate(fresh, ca)), write("leaf", certificate(fresh, name))
    asked = ("ocsp", "-issuer", issuer, *digest_option, "-cert", leaf)
    code, text = openssl(*asked, "-reqout", request)
    assert code == 0, text
    answer = write("answer", client.post("/trust/ocsp", data=request.read_bytes(), content_type=OCSP).data, None)
    anchor = write("anchor", certificate(fresh, "ecdsa-root" if ca.startswith("ecdsa") else ROOT_KEY))
    return request, (*asked, "-no_nonce"), ("-respin", answer, "-CAfile", anchor, "-verify_other", issuer)


@pytest.mark.interop
@pytest.mark.parametrize("option", [(), ("-sha256",)])
def test_openssl_verifies_the_status_of_an_ecdsa_certificate(option, client, fresh, write, tmp_path):
    request, asked, judged = openssl_asks(
        client, fresh, write, tmp_path, "ecdsa-timestamping-unit", ECDSA_ISSUING_KEY, *option
    )
    code, text = openssl("ocsp", "-reqin", request, *judged)
    assert code == 0 and "Response verify OK" in text and "WARNING" not in text, "the nonce is echoed"
    code, text = openssl(*asked, *judged)
    assert code == 0 and "Response verify OK" in text and "leaf: good" in text, text


@pytest.mark.interop
def test_openssl_reads_the_status_of_an_sm2_certificate(client, fresh, write, tmp_path):
    _, asked, judged = openssl_asks(client, fresh, write, tmp_path, "timestamping-unit", ISSUING_KEY, "-sm3")
    # OpenSSL hands no identity to the verification of a response (docs/trust.md): it can only read this one.
    code, text = openssl(*asked, *judged, "-noverify", "-resp_text")
    assert code == 0 and "leaf: good" in text and "Signature Algorithm: SM2-with-SM3" in text, text
    assert "Hash Algorithm: sm3" in text
