"""A strict DER reader (X.690, 10): definite lengths in the fewest octets, nothing behind a value, nothing guessed.

Reading is lazy: an element is three offsets into the bytes that came in, and only what is asked for is looked at.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from signing.errors import MalformedDataError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
_MOST_LENGTH_OCTETS = 4
_MOST_ELEMENTS = 100_000
"""Elements of one structure; the largest met are revocation lists, which are read elsewhere."""
_UTC = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")
_GENERALIZED = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d+))?Z")
_FIRST_OF_THE_LAST_CENTURY = 50
"""UTCTime: 50 stands for 1950."""


class Element(NamedTuple):
    """One DER value inside ``data``."""

    data: bytes
    tag: int
    start: int
    """Offset of its tag."""
    content_start: int
    end: int

    @property
    def encoded(self) -> bytes:
        """The whole value."""
        return self.data[self.start : self.end]

    @property
    def content(self) -> bytes:
        """The octets behind its length."""
        return self.data[self.content_start : self.end]

    def children(self) -> "Fields":
        """What a constructed value is made of. MalformedDataError for a primitive one."""
        if not self.tag & 0x20:
            raise MalformedDataError("a DER value is not constructed")
        return Fields(self)

    def expect(self, tag: int) -> "Element":
        """Itself. MalformedDataError when it has another tag."""
        if self.tag != tag:
            raise MalformedDataError(f"DER tag {self.tag:#04x} stands where {tag:#04x} belongs")
        return self

    def oid(self) -> str:
        """The dotted form of an OBJECT IDENTIFIER."""
        return _dotted(self.expect(OID).content)

    def integer(self) -> int:
        """The value of an INTEGER in its fewest octets."""
        content = self.expect(INTEGER).content
        if not content or (len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) < 0x80):  # noqa: PLR2004 - sign bit
            raise MalformedDataError("a DER INTEGER is not in its fewest octets")
        return int.from_bytes(content, signed=True)

    def octets(self) -> bytes:
        """The content of an OCTET STRING."""
        return self.expect(OCTET_STRING).content

    def bits(self) -> bytes:
        """The content of a BIT STRING of whole octets."""
        content = self.expect(BIT_STRING).content
        if not content or content[0]:
            raise MalformedDataError("a BIT STRING is not made of whole octets")
        return content[1:]

    def text(self) -> str:
        """A UTF8String, PrintableString or IA5String."""
        if self.tag not in (UTF8, PRINTABLE, IA5):
            raise MalformedDataError("a DER value is no string")
        try:
            return self.content.decode("utf-8" if self.tag == UTF8 else "ascii")
        except UnicodeDecodeError as error:
            raise MalformedDataError("a DER string has octets that do not belong") from error

    def time(self) -> datetime:
        """A GeneralizedTime or UTCTime in UTC; fractions of a second are kept."""
        if self.tag not in (UTC_TIME, GENERALIZED_TIME):
            raise MalformedDataError("a DER value is no time")
        return parse_time(self.content, is_generalized=self.tag == GENERALIZED_TIME)


class Fields:
    """Walks over the fields of a constructed value in their order."""

    def __init__(self, parent: Element) -> None:
        self._data, self._at, self._end = parent.data, parent.content_start, parent.end

    @property
    def is_done(self) -> bool:
        """Whether no field is left."""
        return self._at >= self._end

    def take(self, tag: int | None = None) -> Element:
        """The next field. MalformedDataError when there is none or it has another tag."""
        found = read_at(self._data, self._at, self._end)
        self._at = found.end
        return found if tag is None else found.expect(tag)

    def take_if(self, *tags: int) -> Element | None:
        """The next field when it has one of these tags, else None and nothing is taken."""
        if self.is_done or self._data[self._at] not in tags:
            return None
        return self.take()

    def finish(self) -> None:
        """MalformedDataError when fields are left."""
        if not self.is_done:
            raise MalformedDataError("a DER structure has more fields than it may")

    def __iter__(self) -> Iterator[Element]:
        for _ in range(_MOST_ELEMENTS):
            if self.is_done:
                return
            yield self.take()
        raise MalformedDataError("a DER structure has too many elements")


def parse(data: bytes, tag: int | None = None) -> Element:
    """Exactly one value. MalformedDataError when bytes follow it, it is cut off or it has another tag."""
    found = read_at(data, 0, len(data))
    if found.end != len(data):
        raise MalformedDataError("bytes follow the DER value")
    return found if tag is None else found.expect(tag)


def read_at(data: bytes, start: int, end: int) -> Element:
    """The value at ``start``, which must end by ``end``."""
    if end - start < 2:  # noqa: PLR2004 - tag and length
        raise MalformedDataError("a DER value is cut off")
    tag, length, content = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:  # noqa: PLR2004 - X.690, 8.1.2.4
        raise MalformedDataError("no structure read here has tag numbers over 30")
    if length & 0x80:
        octets = length & 0x7F
        content += octets
        length = int.from_bytes(data[start + 2 : content])
        if not 1 <= octets <= _MOST_LENGTH_OCTETS or content > end or not _is_shortest(length, octets):
            raise MalformedDataError("a DER length is indefinite, cut off or not in its fewest octets")
    if content + length > end:
        raise MalformedDataError("a DER value is cut off")
    return Element(data, tag, start, content, content + length)


def _is_shortest(length: int, octets: int) -> bool:
    return length >= 0x80 and length.bit_length() > 8 * (octets - 1)  # noqa: PLR2004 - less takes the short form


def parse_time(content: bytes, *, is_generalized: bool) -> datetime:
    """The instant in the content octets of a time; only UTC with seconds (RFC 5280, 4.1.2.5; RFC 3161, 2.4.2)."""
    found = (_GENERALIZED if is_generalized else _UTC).fullmatch(content)
    if found is None:
        raise MalformedDataError("a time is not in UTC with seconds")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if not is_generalized:
        year += 1900 if year >= _FIRST_OF_THE_LAST_CENTURY else 2000
    fraction = (found[7] or b"")[:6].ljust(6, b"0") if is_generalized else b"0"
    try:
        return datetime(year, month, day, hour, minute, second, int(fraction), tzinfo=UTC)
    except ValueError as error:
        raise MalformedDataError("a time that there is not") from error


@lru_cache(maxsize=1024)
def _dotted(content: bytes) -> str:
    if not content or content[-1] & 0x80:
        raise MalformedDataError("an object identifier is cut off")
    arcs, value, is_first = [], 0, True
    for octet in content:
        if is_first and octet == 0x80:  # noqa: PLR2004 - a leading zero digit
            raise MalformedDataError("an object identifier is not in its fewest octets")
        value = value << 7 | octet & 0x7F
        is_first = not octet & 0x80
        if is_first:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
