"""OCSP requests and responses (RFC 6960)."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from asn1crypto import algos
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp as other
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import der
from signing.algorithms import ECDSA_SHA256_OID, SHA1_OID, SHA256_OID, SM2_WITH_SM3_OID, SM3_OID, digest
from signing.errors import MalformedDataError, SigningError, UnsupportedFormatError
from signing.ocsp import (
    MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES,
    MOST_CERT_IDS,
    MOST_NONCE_BYTES,
    NEVER,
    CertId,
    CertStatus,
    OcspResponse,
    ResponseStatus,
    SingleResponse,
    build_error,
    build_request,
    build_response,
    cert_id,
    parse_request,
    parse_response,
    responder_key_hash,
)
from signing.validation.cryptographic import verify_value
from signing.x509_fields import public_key_info, subject_name
from tests.unit.signing.pki import NOW, ecdsa_key, pki

NONCE = bytes(range(32))
LEAF, ISSUER = pki().seal.certificate, pki().issuing.certificate
ID = cert_id(LEAF, ISSUER)
DAY = timedelta(days=1)
GOOD = SingleResponse(ID, CertStatus.GOOD, None, None, NOW, NOW + DAY)
REVOKED = SingleResponse(ID, CertStatus.REVOKED, NOW - DAY, 1, NOW, NOW + DAY, archive_cutoff=NOW - 9 * DAY)
UNKNOWN = SingleResponse(replace(ID, serial_number=7), CertStatus.UNKNOWN, None, None, NOW, None)


def response(*singles, key=None, **options):
    return build_response(singles or (GOOD,), key=key or pki().timestamping, produced_at=NOW, **options)


@pytest.mark.parametrize("digest_oid", [SM3_OID, SHA1_OID, SHA256_OID])
def test_a_request_says_what_was_put_in(digest_oid):
    ids = (cert_id(LEAF, ISSUER, digest_oid), cert_id(ISSUER, pki().root.certificate, digest_oid))
    parsed = parse_request(build_request(ids, nonce=NONCE))
    assert (parsed.cert_ids, parsed.nonce) == (ids, NONCE)
    assert parse_request(build_request(ids)).nonce is None


def test_a_request_is_what_others_make_and_read():
    key = ecdsa_key()
    certificate = x509.load_der_x509_certificate(key.certificate)
    builder = other.OCSPRequestBuilder().add_certificate(certificate, certificate, hashes.SHA256())
    theirs = builder.add_extension(x509.OCSPNonce(NONCE), critical=False).build()
    encoded = theirs.public_bytes(Encoding.DER)
    parsed = parse_request(encoded)
    assert parsed.cert_ids == (cert_id(key.certificate, key.certificate, SHA256_OID),)
    again = other.load_der_ocsp_request(build_request(parsed.cert_ids, nonce=parsed.nonce))
    assert again.issuer_key_hash == theirs.issuer_key_hash
    assert again.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE


def test_whether_parameters_stand_in_a_cert_id_survives():
    bare = replace(ID, has_parameters=False)
    encoded = build_request([bare])
    assert encoded != build_request([ID])
    assert build_request(parse_request(encoded).cert_ids) == encoded
    assert bare == ID, "two spellings of one CertID are the same certificate"


def test_a_response_says_what_was_put_in():
    parsed = parse_response(response(GOOD, REVOKED, UNKNOWN, nonce=NONCE))
    assert parsed.responses == (GOOD, REVOKED, UNKNOWN)
    assert (parsed.response_status, parsed.produced_at, parsed.nonce) == (ResponseStatus.SUCCESSFUL, NOW, NONCE)
    assert parsed.certificates == (pki().timestamping.certificate,)
    assert parsed.responder_key_hash == responder_key_hash(pki().timestamping.certificate)
    assert (parsed.responder_name, parsed.signature_oid) == (None, SM2_WITH_SM3_OID)


def test_a_responder_may_be_named_and_its_certificate_left_out():
    parsed = parse_response(response(by_name=True, with_certificates=False))
    assert parsed.responder_name == subject_name(pki().timestamping.certificate)
    assert (parsed.responder_key_hash, parsed.certificates, parsed.nonce) == (None, (), None)


@pytest.mark.parametrize("key", [pki().timestamping, ecdsa_key()], ids=["SM2", "ECDSA"])
def test_the_signature_is_over_the_response_data(key):
    parsed = parse_response(response(key=key))
    spki = public_key_info(key.certificate)
    verify_value(spki, parsed.signature_oid, "", parsed.signed, parsed.signature)
    changed = parse_response(response(key=key).replace(b"\x80\x00", b"\x82\x00"))
    assert changed.responses[0].status is CertStatus.UNKNOWN
    with pytest.raises(SigningError):
        verify_value(spki, changed.signature_oid, "", changed.signed, changed.signature)


def test_a_response_is_what_others_read():
    key = ecdsa_key()
    identifier = cert_id(key.certificate, key.certificate, SHA256_OID)
    theirs = other.load_der_ocsp_response(response(replace(REVOKED, cert_id=identifier), key=key, nonce=NONCE))
    assert theirs.certificate_status is other.OCSPCertStatus.REVOKED
    assert (theirs.revocation_time_utc, theirs.this_update_utc) == (NOW - DAY, NOW)
    assert theirs.revocation_reason is x509.ReasonFlags.key_compromise
    assert theirs.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(key.private.public_key()).digest
    assert theirs.signature_algorithm_oid.dotted_string == ECDSA_SHA256_OID


def test_the_digests_are_over_name_and_key_as_they_stand():
    key_bits = x509.load_der_x509_certificate(ecdsa_key().certificate).public_key()
    point = key_bits.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    identifier = cert_id(ecdsa_key().certificate, ecdsa_key().certificate, SM3_OID)
    assert identifier.issuer_key_hash == digest(SM3_OID, point)
    assert identifier.issuer_name_hash == digest(SM3_OID, subject_name(ecdsa_key().certificate))


def test_an_error_says_only_why():
    assert parse_response(build_error(ResponseStatus.TRY_LATER)) == OcspResponse(3)
    assert OcspResponse(3).produced_at == NEVER
    with pytest.raises(ValueError, match="holds an answer"):
        build_error(ResponseStatus.SUCCESSFUL)


def test_a_revoked_certificate_needs_its_instant():
    with pytest.raises(ValueError, match="instant"):
        response(replace(REVOKED, revoked_at=None))
    with pytest.raises(ValueError, match="time zone"):
        response(replace(GOOD, this_update=datetime(2026, 1, 1)))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("nonce", [b"", bytes(MOST_NONCE_BYTES + 1)])
def test_a_nonce_is_neither_empty_nor_long(nonce):
    with pytest.raises(MalformedDataError, match="nonce"):
        parse_request(build_request([ID], nonce=nonce))
    with pytest.raises(MalformedDataError, match="nonce"):
        parse_response(response(nonce=nonce))


@pytest.mark.parametrize("count", [0, MOST_CERT_IDS + 1])
def test_a_request_names_some_but_not_many(count):
    with pytest.raises(MalformedDataError, match="between"):
        parse_request(build_request([replace(ID, has_parameters=False)] * count))


def test_long_inputs_are_refused_unread():
    with pytest.raises(MalformedDataError, match="too long"):
        parse_request(bytes(MAX_REQUEST_BYTES + 1))
    with pytest.raises(MalformedDataError, match="too long"):
        parse_response(bytes(MAX_RESPONSE_BYTES + 1))
    with pytest.raises(MalformedDataError, match="at most"):
        parse_response(response(*[GOOD] * (MOST_CERT_IDS + 1)))


def test_a_digest_of_another_length_is_malformed():
    with pytest.raises(MalformedDataError, match="CertID"):
        parse_request(build_request([replace(ID, issuer_key_hash=b"short")]))


def test_an_unknown_digest_is_read_since_the_answer_is_unknown():
    strange = CertId("1.2.3", b"a", b"b", 5)
    assert parse_request(build_request([strange])).cert_ids == (strange,)


def _request_with(*extensions):
    one = der.sequence(der.sequence(der.sequence(*_id_parts())))
    return der.sequence(der.sequence(one, der.explicit(2, der.sequence(*extensions))))


def _id_parts():
    return (
        der.sequence(der.oid(ID.digest_oid)),
        der.octet_string(ID.issuer_name_hash),
        der.octet_string(ID.issuer_key_hash),
        der.integer(ID.serial_number),
    )


def _extension(oid, value=b"\x04\x01a", *, critical=False):
    flag = (der.boolean(value=True),) if critical else ()
    return der.sequence(der.oid(oid), *flag, der.octet_string(value))


def test_unknown_extensions_matter_only_when_critical():
    assert parse_request(_request_with(_extension("1.2.3"))).cert_ids == (ID,)
    with pytest.raises(UnsupportedFormatError, match=r"1\.2\.3"):
        parse_request(_request_with(_extension("1.2.3", critical=True)))


def test_an_extension_comes_once():
    nonce = _extension("1.3.6.1.5.5.7.48.1.2")
    with pytest.raises(MalformedDataError, match="twice"):
        parse_request(_request_with(nonce, nonce))
    with pytest.raises(MalformedDataError):
        parse_request(_request_with(_extension("1.3.6.1.5.5.7.48.1.2", b"no octet string")))


def test_another_response_type_is_unsupported():
    content = der.sequence(der.oid("1.2.3.4"), der.octet_string(b"x"))
    with pytest.raises(UnsupportedFormatError):
        parse_response(der.sequence(der.tlv(0x0A, b"\0"), der.explicit(0, content)))


def test_an_instant_without_time_zone_is_malformed():
    basic = der.sequence(
        der.sequence(
            der.explicit(2, der.octet_string(bytes(20))),
            der.tlv(0x18, f"{NOW:%Y%m%d%H%M%S}".encode()),
            der.sequence(),
        ),
        der.sequence(der.oid(SM2_WITH_SM3_OID)),
        der.bit_string(b"x"),
    )
    content = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octet_string(basic))
    with pytest.raises(MalformedDataError, match="time zone"):
        parse_response(der.sequence(der.tlv(0x0A, b"\0"), der.explicit(0, content)))


def test_trailing_octets_are_malformed():
    for encoded, parse in ((build_request([ID]), parse_request), (response(), parse_response)):
        with pytest.raises(MalformedDataError):
            parse(encoded + b"\0")


GENUINE = ((parse_request, build_request([ID], nonce=NONCE)), (parse_response, response(REVOKED)))


@given(which=st.sampled_from([0, 1]), data=st.data())
@settings(max_examples=300, deadline=None)
def test_broken_input_gives_a_named_error(which, data):
    parse, genuine = GENUINE[which]
    broken = bytearray(genuine)
    for place, octet in data.draw(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1)):
        broken[place % len(broken)] = octet
    with suppress(MalformedDataError, UnsupportedFormatError):
        parse(bytes(broken[: data.draw(st.integers(1, 2000))]))


def test_names_of_asn1crypto_are_not_frozen_by_the_import():
    assert algos.DigestAlgorithmId("sha256").dotted == SHA256_OID
