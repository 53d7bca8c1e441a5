"""The in-process time-stamping unit."""

import pytest

from certs.tsa import TimestampingUnit
from signing.algorithms import SHA256_OID
from signing.errors import TimestampUnavailableError
from signing.sm2 import sm3
from signing.timestamp import parse_token, verify_imprint, verify_token
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
