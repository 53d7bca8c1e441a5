"""Time-stamp requests, tokens and responses (RFC 3161)."""

from datetime import timedelta

import pytest
from asn1crypto import algos, tsp
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import der
from signing.algorithms import SHA1_OID, SHA256_OID, SM3_OID, digest
from signing.cms import build_signed_data
from signing.errors import InvalidSignatureError, MalformedDataError, SigningError, UnsupportedFormatError
from signing.sm2 import sm3
from signing.timestamp import (
    ACCURACY,
    MAX_REQUEST_BYTES,
    FailureInfo,
    build_rejection,
    build_request,
    build_response,
    build_token,
    parse_request,
    parse_token,
    signer_certificate,
    verify_imprint,
    verify_token,
)
from tests.unit.signing.pki import NOW, POLICY_OID, ecdsa_key, pki

STAMPED = b"a signature value"


def token(**changes):
    fields = {
        "imprint": sm3(STAMPED),
        "serial_number": 2**127 - 1,
        "generated_at": NOW + timedelta(microseconds=999_999),
        "policy_oid": POLICY_OID,
        "key": pki().timestamping,
    }
    return build_token(**(fields | changes))


GENUINE = token()


def test_a_token_says_what_was_put_in():
    parsed = parse_token(token(nonce=-5))
    assert (parsed.digest_oid, parsed.imprint) == (SM3_OID, sm3(STAMPED))
    assert (parsed.serial_number, parsed.policy_oid, parsed.nonce) == (2**127 - 1, POLICY_OID, -5)
    assert (parsed.generated_at, parsed.accuracy) == (NOW, ACCURACY)
    assert signer_certificate(parsed) == pki().timestamping.certificate


def test_a_genuine_token_verifies():
    parsed = parse_token(token())
    verify_token(parsed)
    verify_imprint(parsed, STAMPED)


def test_a_token_over_sha256_with_ecdsa_verifies():
    parsed = parse_token(token(imprint=digest(SHA256_OID, STAMPED), digest_oid=SHA256_OID, key=ecdsa_key()))
    verify_token(parsed)
    verify_imprint(parsed, STAMPED)


def test_another_imprint_is_told():
    with pytest.raises(InvalidSignatureError):
        verify_imprint(parse_token(token()), STAMPED + b"!")


def test_a_changed_time_is_told():
    genuine = token()
    old, new = (f"{moment:%Y%m%d%H%M%SZ}".encode() for moment in (NOW, NOW - timedelta(days=400)))
    with pytest.raises(InvalidSignatureError, match="digest"):
        verify_token(parse_token(genuine.replace(old, new)))


def test_a_changed_signature_is_told():
    genuine = bytearray(token())
    genuine[-1] ^= 1
    with pytest.raises(InvalidSignatureError):
        verify_token(parse_token(bytes(genuine)))


def test_a_token_without_its_certificate_cannot_be_verified():
    with pytest.raises(InvalidSignatureError, match="certificate"):
        verify_token(parse_token(token(with_certificates=False)))


def test_a_signed_tst_info_under_another_content_type_is_no_token():
    info = parse_token(token()).cms.encapsulated
    other = build_signed_data(message_digest=sm3(info), key=pki().timestamping, encapsulated=info)
    with pytest.raises(MalformedDataError):
        parse_token(other)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_broken_token_verifies_and_none_raises_anything_else(data):
    changed = bytearray(GENUINE)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        parsed = parse_token(bytes(changed))
        verify_token(parsed)
        verify_imprint(parsed, STAMPED)
    except SigningError:
        return
    # What is not signed may change: the chain, the version, unused algorithm lists.
    assert parsed.cms.encapsulated == parse_token(GENUINE).cms.encapsulated
    assert signer_certificate(parsed) == pki().timestamping.certificate


@pytest.mark.parametrize("digest_oid", [SM3_OID, SHA256_OID])
@pytest.mark.parametrize("nonce", [None, 0, 2**64, -(2**63)])
def test_requests_come_back(digest_oid, nonce):
    request = parse_request(build_request(imprint=digest(digest_oid, STAMPED), digest_oid=digest_oid, nonce=nonce))
    assert (request.digest_oid, request.imprint) == (digest_oid, digest(digest_oid, STAMPED))
    assert (request.nonce, request.policy_oid, request.certificate_wanted) == (nonce, None, True)


def asked(**changes):
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": bytes(32)}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint} | changes).dump()


def test_a_request_by_asn1crypto_is_read():
    request = parse_request(asked(req_policy="1.2.3", nonce=7))
    assert (request.policy_oid, request.nonce, request.certificate_wanted) == ("1.2.3", 7, False)


def test_unknown_digests_and_extensions_are_unsupported():
    extension = {"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}
    with pytest.raises(UnsupportedFormatError):
        parse_request(asked(extensions=[extension]))
    with pytest.raises(UnsupportedFormatError):
        parse_request(build_request(imprint=bytes(16), digest_oid="1.2.840.113549.2.5"))


def test_weak_digests_are_not_stamped():
    with pytest.raises(UnsupportedFormatError, match="not stamped"):
        parse_request(build_request(imprint=bytes(20), digest_oid=SHA1_OID))


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x30\x00",
        b"not a request",
        build_request(imprint=sm3(b""))[:-1],
        build_request(imprint=sm3(b"")) + b"\0",
        build_request(imprint=bytes(31)),
        build_request(imprint=bytes(32)).replace(b"\x02\x01\x01", b"\x02\x01\x02", 1),
        build_request(imprint=bytes(MAX_REQUEST_BYTES)),
        der.sequence(der.integer(1), der.integer(1)),
    ],
)
def test_what_is_no_request_is_malformed(encoded):
    with pytest.raises(MalformedDataError):
        parse_request(encoded)


def test_a_response_grants_its_token():
    granted = token()
    response = tsp.TimeStampResp.load(build_response(granted), strict=True)
    assert response["status"]["status"].native == "granted"
    assert response["time_stamp_token"].dump() == granted


@pytest.mark.parametrize("failure", FailureInfo)
def test_a_rejection_names_its_reason(failure):
    # Not read as a TimeStampResp, since asn1crypto wants a token even in a refusal.
    status = tsp.PKIStatusInfo.load(der.content_of(build_rejection(failure)), strict=True)
    assert status["status"].native == "rejection"
    assert status["fail_info"].native == {tsp.PKIFailureInfo._map[failure]}
