"""A small DER writer (X.690): values are bytes, structures are made by concatenation."""

from datetime import UTC, datetime
from functools import lru_cache

NULL = b"\x05\x00"


def tlv(tag: int, content: bytes) -> bytes:
    """Tag (one octet), definite length in the fewest octets, content."""
    length = len(content)
    if length < 0x80:  # noqa: PLR2004 - short form
        return bytes((tag, length)) + content
    encoded = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(encoded))) + encoded + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of encoded parts."""
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """SET OF: the parts in ascending order (X.690, 11.6)."""
    return tlv(0x31, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    """INTEGER in the fewest octets; negative ones too, since a client's nonce may be one (X.690, 8.3)."""
    magnitude = value if value >= 0 else ~value
    return tlv(0x02, value.to_bytes(magnitude.bit_length() // 8 + 1, signed=True))


def octet_string(content: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, content)


def bit_string(content: bytes, unused_bits: int = 0) -> bytes:
    """BIT STRING."""
    return tlv(0x03, bytes((unused_bits,)) + content)


def boolean(*, value: bool) -> bytes:
    """BOOLEAN."""
    return tlv(0x01, b"\xff" if value else b"\x00")


def utf8(text: str) -> bytes:
    """UTF8String."""
    return tlv(0x0C, text.encode())


def printable(text: str) -> bytes:
    """PrintableString."""
    return tlv(0x13, text.encode("ascii"))


def ia5(text: str) -> bytes:
    """IA5String."""
    return tlv(0x16, text.encode("ascii"))


def explicit(number: int, content: bytes) -> bytes:
    """[number] EXPLICIT, or IMPLICIT over a constructed type's content."""
    return tlv(0xA0 | number, content)


def implicit(number: int, content: bytes) -> bytes:
    """[number] IMPLICIT over a primitive type's content."""
    return tlv(0x80 | number, content)


def generalized_time(value: datetime) -> bytes:
    """GeneralizedTime in whole seconds, UTC; a fraction is cut off. ValueError for a naive instant."""
    return tlv(0x18, f"{_utc(value):%Y%m%d%H%M%SZ}".encode())


def time(value: datetime) -> bytes:
    """Time of RFC 5280, 4.1.2.5: UTCTime through 2049, then GeneralizedTime. ValueError when naive."""
    if _utc(value).year >= 2050:  # noqa: PLR2004 - the year that RFC 5280 names
        return generalized_time(value)
    return tlv(0x17, f"{_utc(value):%y%m%d%H%M%SZ}".encode())


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return value.astimezone(UTC)


@lru_cache(maxsize=512)
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(0x80 | (arc & 0x7F))
    return bytes(reversed(digits))


def content_of(encoded: bytes) -> bytes:
    """The content octets of one encoded value with a tag of one octet, as ``tlv`` made it."""
    if encoded[1] < 0x80:  # noqa: PLR2004 - short form
        return encoded[2:]
    return encoded[2 + (encoded[1] & 0x7F) :]
