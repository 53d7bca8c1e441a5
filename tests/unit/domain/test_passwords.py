"""Password hashes, and one-time codes on the vectors of RFC 6238."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.passwords import (
    first_password,
    hash_password,
    is_password,
    matching_step,
    new_secret,
    one_time_code,
    secret_address,
    step_of,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds, code):
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    assert one_time_code(RFC_SECRET, step, digits=8) == code


def test_a_code_serves_around_its_time_and_once():
    secret = new_secret()
    now = step_of(NOW)
    for drift in (-1, 0, 1):
        assert matching_step(secret, one_time_code(secret, now + drift), NOW, after=0) == now + drift
    for drift in (-2, 2):
        assert matching_step(secret, one_time_code(secret, now + drift), NOW, after=0) is None
    assert matching_step(secret, one_time_code(secret, now), NOW, after=now) is None
    assert matching_step(secret, "12 34", NOW, after=0) is None
    assert matching_step(secret, "六六六六六六", NOW, after=0) is None
    spaced = one_time_code(secret, now)
    assert matching_step(secret, f"{spaced[:3]} {spaced[3:]}", NOW + timedelta(seconds=1), after=0) == now


def test_hashes_are_salted_and_say_their_cost():
    first, second = (hash_password("海上明月共潮生", cost=4) for _ in range(2))
    assert first != second
    assert first.startswith("scrypt$4$")
    assert is_password("海上明月共潮生", first)
    assert not is_password("海上明月共潮", first)
    # The same characters as another keyboard sends them (NFKC).
    assert is_password("ABCdef123456", hash_password("ＡＢＣdef123456", cost=4))


def test_first_passwords_and_addresses_can_be_read_aloud_and_scanned():
    made = {first_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == 19 and not set(one) & set("01loi") for one in made)
    assert secret_address("ABC", account="liang", issuer="证照") == (
        "otpauth://totp/%E8%AF%81%E7%85%A7:liang?secret=ABC&issuer=%E8%AF%81%E7%85%A7"
    )
