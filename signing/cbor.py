"""Deterministic CBOR (RFC 8949, 4.2.1): the few kinds of value that signed tokens are made of.

Integers of 64 bits, byte and text strings, arrays, maps with integer or text keys, tagged arrays, true,
false, null. A general decoder takes more from strangers than tokens need: floats, big numbers, dates.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from signing.errors import MalformedDataError

MAX_DEPTH = 8
"""Arrays and maps inside one another; a COSE_Sign1 has two, a verified list four."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_SIMPLE_VALUES = (False, True, None)
_FIRST_SIMPLE = 20
_DIRECT = 24
"""Arguments below stand in the first octet itself."""
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}

Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[int | str, Value] | Tagged | None"


@dataclass(frozen=True)
class Tagged:
    """A tag on an array (RFC 8949, 3.4)."""

    tag: int
    value: list[Value]


def dumps(value: Value) -> bytes:
    """The one deterministic encoding: shortest arguments, definite lengths, map keys in bytewise order.

    TypeError for a kind of value that is not among the few, OverflowError for an integer beyond 64 bits.
    """
    match value:
        case None | bool():
            encoded = bytes((_SIMPLE << 5 | _SIMPLE_VALUES.index(value) + _FIRST_SIMPLE,))
        case int():
            encoded = _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, ~value)
        case bytes():
            encoded = _head(_BYTES, len(value)) + value
        case str():
            text = value.encode()
            encoded = _head(_TEXT, len(text)) + text
        case list():
            encoded = _head(_ARRAY, len(value)) + b"".join(map(dumps, value))
        case dict():
            pairs = sorted((dumps(key), dumps(item)) for key, item in value.items())
            encoded = _head(_MAP, len(pairs)) + b"".join(key + item for key, item in pairs)
        case Tagged():
            encoded = _head(_TAG, value.tag) + dumps(value.value)
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a token")
    return encoded


def loads(data: bytes) -> Value:
    """Exactly one value in deterministic encoding.

    MalformedDataError for trailing bytes, indefinite lengths, long forms, repeated or unordered keys, floats,
    tags on anything but an array, deep nesting, broken UTF-8 and truncation.
    """
    value, end = _decode(data, 0, MAX_DEPTH)
    if end != len(data):
        raise MalformedDataError("bytes follow the CBOR value")
    return value


class _Read(NamedTuple):
    """A value and the offset behind it."""

    value: Value
    end: int


def _head(major: int, argument: int) -> bytes:
    if argument < _DIRECT:
        return bytes((major << 5 | argument,))
    for marker, width in _WIDTHS.items():
        if argument < 1 << 8 * width:
            return bytes((major << 5 | marker,)) + argument.to_bytes(width)
    raise OverflowError("a CBOR integer has 64 bits")


def _read_head(data: bytes, offset: int) -> tuple[int, int, int]:
    """(major type, argument, offset behind them); only the shortest form is taken."""
    if offset >= len(data):
        raise MalformedDataError("the CBOR value is cut off")
    major, argument = data[offset] >> 5, data[offset] & 0x1F
    end = offset + 1
    if argument < _DIRECT:
        return major, argument, end
    if argument not in _WIDTHS or major == _SIMPLE:
        raise MalformedDataError("indefinite lengths, floats and other simple values are not taken")
    end += _WIDTHS[argument]
    argument = int.from_bytes(data[offset + 1 : end])
    if data[offset:end] != _head(major, argument):
        raise MalformedDataError("a CBOR length or integer is not in its shortest form")
    return major, argument, end


def _decode(data: bytes, offset: int, depth: int) -> _Read:
    major, argument, end = _read_head(data, offset)
    if major in (_UNSIGNED, _NEGATIVE):
        return _Read(argument if major == _UNSIGNED else ~argument, end)
    if major == _SIMPLE:
        return _Read(_simple(argument), end)
    # Every element takes an octet or more, so that a length beyond the data is a lie.
    if major != _TAG and argument > len(data) - end:
        raise MalformedDataError("the CBOR value is cut off")
    if major in (_BYTES, _TEXT):
        content = data[end : end + argument]
        return _Read(content if major == _BYTES else _text(content), end + argument)
    if depth == 0:
        raise MalformedDataError(f"CBOR nests more than {MAX_DEPTH} deep")
    decode_nested = {_ARRAY: _decode_array, _MAP: _decode_map, _TAG: _decode_tagged}[major]
    return decode_nested(data, end, argument, depth - 1)


def _simple(argument: int) -> bool | None:
    if not 0 <= argument - _FIRST_SIMPLE < len(_SIMPLE_VALUES):
        raise MalformedDataError("an unknown simple value")
    return _SIMPLE_VALUES[argument - _FIRST_SIMPLE]


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise MalformedDataError("a CBOR text is not UTF-8") from error


def _decode_tagged(data: bytes, offset: int, tag: int, depth: int) -> _Read:
    value, end = _decode(data, offset, depth)
    if not isinstance(value, list):
        raise MalformedDataError("only arrays are tagged")
    return _Read(Tagged(tag, value), end)


def _decode_array(data: bytes, offset: int, length: int, depth: int) -> _Read:
    items: list[Value] = []
    for _ in range(length):
        item, offset = _decode(data, offset, depth)
        items.append(item)
    return _Read(items, offset)


def _decode_map(data: bytes, offset: int, length: int, depth: int) -> _Read:
    entries: dict[int | str, Value] = {}
    previous = b""
    for _ in range(length):
        key, end = _decode(data, offset, depth)
        encoded = data[offset:end]
        if not isinstance(key, int | str) or isinstance(key, bool):
            raise MalformedDataError("a CBOR map key is an integer or a text")
        if encoded <= previous:
            raise MalformedDataError("CBOR map keys repeat or are out of order")
        previous = encoded
        entries[key], offset = _decode(data, end, depth)
    return _Read(entries, offset)
