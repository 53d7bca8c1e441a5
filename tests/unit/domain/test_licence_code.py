from datetime import UTC, date, datetime

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.catalogue import seed_entries
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.licence_code import (
    MAX_BASE_URL_CHARACTERS,
    MAX_URL_CHARACTERS,
    LicenceClaims,
    LicenceCodeError,
    decode_payload,
    licence_code_url,
)
from gateway.domain.status import LicenceStatus
from gateway.errors import ConfigurationError
from signing.cbor import dumps, loads
from signing.cose import key_id_of, sign1
from tests.unit.signing.pki import pki

IDENTIFIER = str(LicenceIdentifier("11100000000019713D008", "11441700000000019L", "0A1B2C3D4E5F60718293", "001"))


def claims(**changes):
    values = {
        "licence_identifier": IDENTIFIER,
        "licence_type_name": "食品经营许可证",
        "holder_code": "91441702MA9Y03WY4L",
        "holder_name": "阳江市江城区漠江泰和餐饮服务有限公司",
        "issued_on": date(2024, 5, 25),
        "valid_from": date(2024, 5, 25),
        "valid_until": date(2029, 5, 24),
        "status_at_issue": LicenceStatus.VALID,
        "issued_at": datetime(2024, 5, 25, 1, 2, 3, tzinfo=UTC),
    }
    return LicenceClaims(**values | changes)


@pytest.mark.parametrize("valid_until", [date(2029, 5, 24), None])
def test_claims_survive_the_code(valid_until):
    sent = claims(valid_until=valid_until)
    assert LicenceClaims.decode(sent.encode()) == sent


def test_the_longest_code_fits_a_version_15_symbol():
    longest_title = max((entry["name"] for entry in seed_entries("licence_types")), key=len)
    longest = claims(
        holder_name="阳" * 120,
        licence_type_name=longest_title,
        valid_until=date(2199, 1, 1),
        status_at_issue=LicenceStatus.SUPERSEDED,
    )
    token = sign1(longest.encode(), pki().seal, key_id=key_id_of(b"x"))
    url = licence_code_url("https://" + "z" * (MAX_BASE_URL_CHARACTERS - len("https://")), token)
    assert MAX_URL_CHARACTERS - 16 < len(url) <= MAX_URL_CHARACTERS
    symbol = segno.make_qr(url, version=15, error="m", boost_error=False)
    assert symbol.mode == "alphanumeric"
    received = LicenceClaims.decode(longest.encode())
    assert received.holder_name.endswith("…")
    assert received.names_holder(longest.holder_name)
    assert not received.names_holder("江" * 120)


def test_a_whole_name_is_compared_whole():
    received = LicenceClaims.decode(claims().encode())
    assert received.names_holder("阳江市江城区漠江泰和餐饮服务有限公司")
    assert not received.names_holder("阳江市江城区漠江泰和餐饮服务有限公司分店")


@given(st.binary(min_size=1, max_size=200))
def test_the_payload_is_found_again_in_any_case(token):
    url = licence_code_url("http://127.0.0.1:8000", token)
    payload = url.rpartition("/")[2]
    assert decode_payload(payload) == decode_payload(payload.lower()) == token


@pytest.mark.parametrize("payload", ["", "ABC1", "AB=", "A" * 601, "MB", "ÄBCD"])
def test_odd_payloads_are_refused(payload):
    with pytest.raises(LicenceCodeError):
        decode_payload(payload)


@pytest.mark.parametrize(
    "address", ["https://核验.example", "https://a_b.example", "https://a b.example", "x" * 49, ""]
)
def test_an_address_that_does_not_suit_a_code_is_refused(address):
    with pytest.raises(ConfigurationError):
        licence_code_url(address, b"x")


def test_a_token_that_does_not_fit_is_refused():
    with pytest.raises(LicenceCodeError):
        licence_code_url("https://zz.example", b"x" * 400)


@given(st.binary(max_size=120))
def test_random_bytes_are_no_claims(data):
    with pytest.raises(LicenceCodeError):
        LicenceClaims.decode(data)


@pytest.mark.parametrize("value", [{}, {2: "x"}, {2: "x", 6: 1, -65601: []}, {2: 1, 6: 1, -65601: [1] * 7}, [1]])
def test_other_claims_are_refused(value):
    with pytest.raises(LicenceCodeError):
        LicenceClaims.decode(dumps(value))


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, "11100000000019713D008.11441700000000019L.0A1B2C3D4E5F60718293.001.0"),
        (1, 5),
        (2, None),
        (3, "2024-05-25"),
        (4, True),
        (5, 10**12),
        (6, "expired"),
    ],
)
def test_each_wrong_claim_is_refused(place, wrong):
    sound = loads(claims().encode())
    assert LicenceClaims.decode(dumps(sound)) == claims()
    sound[-65601][place] = wrong
    with pytest.raises(LicenceCodeError):
        LicenceClaims.decode(dumps(sound))


@pytest.mark.parametrize("moment", [True, None, "2024", 10**18])
def test_an_odd_moment_of_issue_is_refused(moment):
    with pytest.raises(LicenceCodeError):
        LicenceClaims.decode(dumps(loads(claims().encode()) | {6: moment}))
