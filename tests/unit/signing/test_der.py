"""The DER writer against asn1crypto and the rules of X.690."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from signing import der


@given(st.integers(-(1 << 200), 1 << 200))
def test_integers_are_what_asn1crypto_writes(value):
    assert der.integer(value) == core.Integer(value).dump()


@given(st.binary(max_size=70_000))
def test_octet_strings_of_any_length_are_read_back(content):
    assert core.OctetString.load(der.octet_string(content), strict=True).native == content


@pytest.mark.parametrize(
    ("size", "header"),
    [(127, "047f"), (128, "048180"), (255, "0481ff"), (256, "04820100"), (65_536, "0483010000")],
)
def test_lengths_take_the_fewest_octets(size, header):
    assert der.octet_string(bytes(size)) == bytes.fromhex(header) + bytes(size)
    assert der.content_of(der.octet_string(bytes(size))) == bytes(size)


@given(st.lists(st.integers(0, 1 << 70), max_size=12).map(lambda arcs: ".".join(map(str, [2, 39, *arcs]))))
def test_object_identifiers_are_what_asn1crypto_writes(dotted):
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()


def test_the_sm2_curve_is_the_one_of_the_standard():
    assert der.oid("1.2.156.10197.1.301").hex() == "06082a811ccf5501822d"


def test_a_set_is_in_ascending_order_whatever_came_first():
    parts = der.integer(2), der.integer(1), der.octet_string(b"")
    assert der.set_of(*parts) == der.set_of(*reversed(parts)) == bytes.fromhex("3108") + b"".join(sorted(parts))


def test_times_change_form_in_2050_and_are_utc():
    china = timezone(timedelta(hours=8))
    assert der.time(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)) == b"\x17\x0d491231235959Z"
    assert der.time(datetime(2050, 1, 1, 7, 59, 59, tzinfo=china)) == b"\x17\x0d491231235959Z"
    assert der.time(datetime(2050, 1, 1, 8, 0, 0, tzinfo=china)) == b"\x18\x0f20500101000000Z"
    assert der.generalized_time(datetime(2026, 3, 4, 5, 6, 7, 999_999, tzinfo=UTC)) == b"\x18\x0f20260304050607Z"


@pytest.mark.parametrize("write", [der.time, der.generalized_time])
def test_a_naive_instant_is_refused(write):
    with pytest.raises(ValueError, match="time zone"):
        write(datetime(2026, 1, 1))  # noqa: DTZ001 - naive on purpose


def test_small_values_stand_as_in_the_standard():
    assert der.boolean(value=True) == b"\x01\x01\xff"
    assert der.boolean(value=False) == b"\x01\x01\x00"
    assert der.bit_string(b"\xa0", 5) == b"\x03\x02\x05\xa0"
    assert der.utf8("照") == b"\x0c\x03\xe7\x85\xa7"
    assert der.printable("CN") == b"\x13\x02CN"
    assert der.ia5("a@b") == b"\x16\x03a@b"
    assert der.explicit(3, der.NULL) == b"\xa3\x02\x05\x00"
    assert der.implicit(6, b"u") == b"\x86\x01u"
