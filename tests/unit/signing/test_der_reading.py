"""The strict DER reader: what is not the one encoding is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import der
from signing import der_reading as reading
from signing.errors import MalformedDataError


@given(st.integers())
def test_integers_come_back(value):
    assert reading.parse(der.integer(value)).integer() == value


@given(st.binary(max_size=300))
def test_octets_come_back_and_nothing_may_follow(content):
    encoded = der.octet_string(content)
    assert reading.parse(encoded).octets() == content
    with pytest.raises(MalformedDataError):
        reading.parse(encoded + b"\0")
    with pytest.raises(MalformedDataError):
        reading.parse(encoded[:-1])


@given(st.binary(max_size=60))
def test_whatever_comes_is_read_or_refused(data):
    def walk(element, depth):
        if element.tag & 0x20 and depth < 20:
            for child in element.children():
                walk(child, depth + 1)
        for read in (element.oid, element.integer, element.bits, element.text, element.time):
            try:
                read()
            except MalformedDataError:
                continue

    try:
        walk(reading.parse(data), 0)
    except MalformedDataError:
        return


@pytest.mark.parametrize(
    "dotted", ["1.2.156.10197.1.501", "2.25.67833047577107300058708129777585496789", "0.9.1", "2.999"]
)
def test_object_identifiers_come_back(dotted):
    assert reading.parse(der.oid(dotted)).oid() == dotted


@pytest.mark.parametrize(
    "encoded",
    [
        "30800000",  # indefinite length
        "04810101",  # long form for a short length
        "0482000101",  # leading zero octet in the length
        "1f810104",  # tag number over 30
        "",
        "30",
        "0405aa",
        "04850000000001",  # five octets of length
    ],
)
def test_other_encodings_are_refused(encoded):
    with pytest.raises(MalformedDataError):
        reading.parse(bytes.fromhex(encoded))


@pytest.mark.parametrize("content", ["", "0001", "ff80", "007f"])
def test_integers_that_are_not_minimal_are_refused(content):
    with pytest.raises(MalformedDataError):
        reading.parse(der.tlv(0x02, bytes.fromhex(content))).integer()


@pytest.mark.parametrize("content", ["", "80", "8001", "2a80"])
def test_broken_object_identifiers_are_refused(content):
    with pytest.raises(MalformedDataError):
        reading.parse(der.tlv(0x06, bytes.fromhex(content))).oid()


@pytest.mark.parametrize(
    ("tag", "content", "expected"),
    [
        (0x17, b"491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0x17, b"500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (0x18, b"20260131120000.25Z", datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times(tag, content, expected):
    assert reading.parse(der.tlv(tag, content)).time() == expected


@pytest.mark.parametrize(
    "content", [b"20260131120000", b"20260131120000+0800", b"202601311200Z", b"20261301120000Z", b"2026013112000xZ"]
)
def test_times_in_other_forms_are_refused(content):
    with pytest.raises(MalformedDataError):
        reading.parse(der.tlv(0x18, content)).time()


def test_a_field_too_many_is_refused():
    fields = reading.parse(der.sequence(der.NULL, der.NULL)).children()
    fields.take()
    with pytest.raises(MalformedDataError):
        fields.finish()
