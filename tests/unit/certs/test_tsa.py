"""The in-process time-stamping unit."""

import pytest

from certs.profiles import TIMESTAMPING_UNIT
from certs.tsa import TimestampingUnit, TimestampSources, answer_request
from signing import der
from signing.algorithms import SHA1_OID, SHA256_OID, SM3_OID, digest
from signing.errors import MalformedDataError, TimestampUnavailableError
from signing.keys import SignatureAlgorithm
from signing.sm2 import sm3
from signing.timestamp import (
    build_request,
    parse_response,
    parse_token,
    signer_certificate,
    verify_imprint,
    verify_token,
)
from signing.validation.policy import Use
from signing.validation.process import validate_certificate
from signing.validation.report import Conclusion
from tests.pki import DAY, NOW, POLICY_OID, make_pki

IMPRINT = sm3(b"a signature value")


def test_a_token_is_over_the_imprint_at_the_clocks_time_under_the_policy():
    token = parse_token(make_pki().unit(NOW - DAY).stamp(IMPRINT))
    verify_token(token)
    verify_imprint(token, b"a signature value")
    assert (token.generated_at, token.policy_oid, token.nonce) == (NOW - DAY, POLICY_OID, None)


def test_a_request_of_another_digest_is_answered_with_its_nonce():
    token = parse_token(make_pki().unit().stamp_request(bytes(32), SHA256_OID, nonce=2**63))
    assert (token.digest_oid, token.imprint, token.nonce) == (SHA256_OID, bytes(32), 2**63)


def test_serial_numbers_differ():
    unit = make_pki().unit()
    assert len({parse_token(unit.stamp(IMPRINT)).serial_number for _ in range(20)}) == 20


@pytest.mark.parametrize(("since", "until"), [(-30 * DAY, -DAY), (DAY, 30 * DAY)])
def test_no_token_outside_the_certificates_validity(since, until):
    unit = make_pki().unit(since=since, until=until)
    with pytest.raises(TimestampUnavailableError, match="validity"):
        unit.stamp(IMPRINT)


def test_the_clock_is_asked_for_every_token():
    instants = iter([NOW, NOW + DAY, NOW + 400 * DAY])
    unit = TimestampingUnit(make_pki().unit()._key, policy_oid="1.2.3", clock=lambda: next(instants))
    assert parse_token(unit.stamp(IMPRINT)).generated_at == NOW
    assert parse_token(unit.stamp(IMPRINT)).generated_at == NOW + DAY
    with pytest.raises(TimestampUnavailableError):
        unit.stamp(IMPRINT)


def test_the_certificate_of_the_unit_is_valid_for_time_stamps_only():
    pki = make_pki()
    certificate = pki.unit()._key.certificate
    conclusions = {
        use: validate_certificate(certificate, pki.policy(), at=NOW, use=use).conclusion
        for use in (Use.TIMESTAMP, Use.SIGNATURE)
    }
    assert conclusions[Use.TIMESTAMP] is Conclusion.PASSED
    assert conclusions[Use.SIGNATURE] is not Conclusion.PASSED


@pytest.fixture(scope="module")
def units():
    """A domestic and an international unit, each under its own CA."""
    made = {}
    for algorithm in (SignatureAlgorithm.SM2_WITH_SM3, SignatureAlgorithm.ECDSA_WITH_SHA256):
        key = make_pki(algorithm).leaf(TIMESTAMPING_UNIT)
        made[algorithm] = TimestampingUnit(key, policy_oid=POLICY_OID, clock=lambda: NOW)
    return made


def chosen(units):
    return lambda oid: units["SM2-with-SM3" if oid == SM3_OID else "ECDSA-with-SHA256"]


@pytest.mark.parametrize(("oid", "algorithm"), [(SM3_OID, "SM2-with-SM3"), (SHA256_OID, "ECDSA-with-SHA256")])
def test_a_request_is_answered_by_the_unit_for_its_digest(oid, algorithm, units):
    request = build_request(imprint=digest(oid, b"x"), digest_oid=oid, nonce=2**70)
    token = parse_token(parse_response(answer_request(request, chosen(units))))
    verify_token(token)
    verify_imprint(token, b"x")
    assert (token.nonce, signer_certificate(token)) == (2**70, units[algorithm]._key.certificate)


def test_certificates_are_left_out_when_nobody_wants_them(units):
    request = build_request(imprint=sm3(b"x"))
    assert request.endswith(der.boolean(value=True))
    unwanted = der.sequence(der.content_of(request)[:-3])
    assert parse_token(parse_response(answer_request(unwanted, chosen(units)))).certificates == ()


def _with_policy(oid):
    imprint = der.sequence(der.sequence(der.oid(SM3_OID)), der.octet_string(bytes(32)))
    return der.sequence(der.integer(1), imprint, der.oid(oid))


def _with_extension():
    imprint = der.sequence(der.sequence(der.oid(SM3_OID)), der.octet_string(bytes(32)))
    listed = der.sequence(der.sequence(der.oid("1.2.3"), der.octet_string(b"x")))
    return der.sequence(der.integer(1), imprint, der.tlv(0xA0, der.content_of(listed)))


REFUSED = {
    "bad_alg": build_request(imprint=bytes(20), digest_oid=SHA1_OID),
    "bad_data_format": b"no request",
    "unaccepted_policy": _with_policy("1.2.9"),
    "unaccepted_extensions": _with_extension(),
}


@pytest.mark.parametrize(("reason", "request_"), REFUSED.items(), ids=REFUSED)
def test_a_refusal_names_its_reason(reason, request_, units):
    with pytest.raises(TimestampUnavailableError, match=reason):
        parse_response(answer_request(request_, chosen(units)))


def test_the_policy_that_is_ours_is_accepted(units):
    assert parse_token(parse_response(answer_request(_with_policy(POLICY_OID), chosen(units)))).policy_oid == POLICY_OID


def test_an_expired_unit_has_no_time():
    unit = make_pki().unit(since=-30 * DAY, until=-DAY)
    with pytest.raises(TimestampUnavailableError, match="time_not_available"):
        parse_response(answer_request(build_request(imprint=sm3(b"x")), lambda _: unit))


def test_a_source_is_chosen_by_the_digest(units):
    sources = TimestampSources(units["SM2-with-SM3"], units["ECDSA-with-SHA256"])
    for oid, unit in ((SM3_OID, sources.domestic), (SHA256_OID, sources.international)):
        token = parse_token(sources.stamp(digest(oid, b"x"), oid))
        assert signer_certificate(token) == unit._key.certificate


@pytest.mark.parametrize("data", [b"", b"no response", der.sequence(), der.sequence(der.sequence(der.integer(0)))])
def test_what_is_no_response_is_malformed(data):
    with pytest.raises(MalformedDataError):
        parse_response(data)
