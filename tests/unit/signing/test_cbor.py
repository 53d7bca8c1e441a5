"""Deterministic CBOR: the examples of RFC 8949, and everything that is not taken."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import cbor
from signing.errors import MalformedDataError

EXAMPLES = {
    "00": 0,
    "17": 23,
    "1818": 24,
    "1903e8": 1000,
    "1a000f4240": 1_000_000,
    "1bffffffffffffffff": 18446744073709551615,
    "3bffffffffffffffff": -18446744073709551616,
    "20": -1,
    "3903e7": -1000,
    "f4": False,
    "f5": True,
    "f6": None,
    "40": b"",
    "4401020304": b"\x01\x02\x03\x04",
    "60": "",
    "62c3bc": "ü",
    "63e6b0b4": "水",
    "80": [],
    "8301820203820405": [1, [2, 3], [4, 5]],
    "a0": {},
    "a201020304": {1: 2, 3: 4},
    "a26161016162820203": {"a": 1, "b": [2, 3]},
    "98190102030405060708090a0b0c0d0e0f101112131415161718181819": list(range(1, 26)),
}
"""RFC 8949, appendix A, as far as it is taken."""

REFUSED = {
    "nothing": "",
    "long form of 23": "1817",
    "long form of 24 in 2 octets": "190018",
    "long form in 8 octets": "1b00000000ffffffff",
    "cut off head": "19ff",
    "cut off bytes": "42ff",
    "trailing byte": "0000",
    "half float": "f93e00",
    "float": "fa47c35000",
    "double": "fb3ff199999999999a",
    "undefined": "f7",
    "simple 16": "f0",
    "simple in 2 octets": "f8ff",
    "break alone": "ff",
    "indefinite bytes": "5f42010243030405ff",
    "indefinite text": "7f657374726561646d696e67ff",
    "indefinite array": "9fff",
    "indefinite map": "bfff",
    "reserved argument": "1c",
    "big number": "c249010000000000000000",
    "date": "c11a514b67b0",
    "shared reference": "d81d00",
    "repeated key": "a201020102",
    "keys out of order": "a203040102",
    "byte string as key": "a14101f5",
    "boolean as key": "a1f501",
    "array as key": "a18001",
    "map without its last value": "a101",
    "array that claims 2^32 items": "9affffffff00",
    "bytes that claim 2^63": "5b7fffffffffffffff00",
    "text that is no UTF-8": "61ff",
    "surrogate in text": "63eda080",
    "nested nine deep": "81" * 9 + "00",
    "nested a million deep": "81" * 1_000_000 + "00",
    "tags a million deep": "d2" * 1_000_000 + "80",
}


@pytest.mark.parametrize("encoded", EXAMPLES)
def test_the_examples_of_the_standard(encoded):
    assert cbor.loads(bytes.fromhex(encoded)) == EXAMPLES[encoded]
    assert cbor.dumps(EXAMPLES[encoded]).hex() == encoded


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_taken(name):
    with pytest.raises(MalformedDataError):
        cbor.loads(bytes.fromhex(REFUSED[name]))


def test_eight_levels_are_taken():
    assert cbor.dumps(cbor.loads(bytes.fromhex("81" * 8 + "00"))).hex() == "81" * 8 + "00"


def test_tags_stand_on_arrays():
    assert cbor.loads(bytes.fromhex("d28101")) == cbor.Tagged(18, [1])
    assert cbor.dumps(cbor.Tagged(18, [1])).hex() == "d28101"


@pytest.mark.parametrize("value", [1.5, {1}, {"a": object()}, bytearray(b"x")])
def test_other_kinds_are_not_written(value):
    with pytest.raises(TypeError):
        cbor.dumps(value)


@pytest.mark.parametrize("value", [1 << 64, -(1 << 64) - 1])
def test_big_integers_are_not_written(value):
    with pytest.raises(OverflowError):
        cbor.dumps(value)


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 64), (1 << 64) - 1),
    st.binary(max_size=40),
    st.text(max_size=20),
)
_KEYS = st.one_of(st.integers(-1000, 1000), st.text(max_size=5))
VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=7,
).filter(lambda value: _depth(value) <= cbor.MAX_DEPTH)


def _depth(value):
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


@given(VALUES)
def test_values_come_back_and_cbor2_reads_them_alike(value):
    encoded = cbor.dumps(value)
    assert cbor.loads(encoded) == value
    assert cbor2.loads(encoded) == value


@given(st.binary(max_size=60))
def test_whatever_is_taken_has_one_encoding(data):
    try:
        value = cbor.loads(data)
    except MalformedDataError:
        return
    assert cbor.dumps(value) == data
