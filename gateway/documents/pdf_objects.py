"""PDF syntax (ISO 32000-2, clause 7): objects, streams, strings, dates and the file round them."""

import hashlib
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
"""PDF/A-3 is PDF 1.7; the comment of high octets is ISO 19005-3, 6.1.2."""

FAST, SMALL = 1, 9
"""Deflate levels: outlines hardly shrink more with effort, constant objects are deflated once."""


@dataclass
class Objects:
    """Indirect objects by number, from 1."""

    bodies: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> int:
        """Number of the new object."""
        self.bodies.append(body)
        return len(self.bodies)

    def reserve(self) -> int:
        """Number of an object that is written later."""
        return self.add(b"")

    def put(self, number: int, body: bytes) -> None:
        """Write a reserved object."""
        self.bodies[number - 1] = body


def stream(dictionary: str, data: bytes, *, level: int = FAST) -> bytes:
    """A stream object; ``data`` is deflated at ``level``."""
    packed = zlib.compress(data, level)
    return f"<<{dictionary}/Filter/FlateDecode/Length {len(packed)}>>\nstream\n".encode() + packed + b"\nendstream"


def plain_stream(dictionary: str, data: bytes) -> bytes:
    """A stream object that every tool can read without inflating."""
    return f"<<{dictionary}/Length {len(data)}>>\nstream\n".encode() + data + b"\nendstream"


def text_string(text: str) -> str:
    """A text string, hexadecimal UTF-16 (7.9.2.2)."""
    return "<FEFF" + text.encode("utf-16-be").hex().upper() + ">"


def pdf_date(value: datetime) -> str:
    """A date string in UTC (7.9.4)."""
    return value.astimezone(UTC).strftime("(D:%Y%m%d%H%M%SZ)")


def serialise(objects: Objects, catalog: int) -> tuple[bytes, list[int]]:
    """(file, offset of each object). The file identifier comes from the content, so that equal input gives equal bytes."""
    parts = [_HEADER]
    position = len(_HEADER)
    offsets: list[int] = []
    for number, body in enumerate(objects.bodies, 1):
        offsets.append(position)
        part = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        parts.append(part)
        position += len(part)
    identifier = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
    size = len(offsets) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    parts += [b"%010d 00000 n \n" % offset for offset in offsets]
    parts.append(
        f"trailer\n<</Size {size}/Root {catalog} 0 R/ID[<{identifier}><{identifier}>]>>\n"
        f"startxref\n{position}\n%%EOF\n".encode()
    )
    return b"".join(parts), offsets
