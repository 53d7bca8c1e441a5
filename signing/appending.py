"""A second signature on a file of our own, without a PDF parser: the fast path of dual signatures.

The file has one cross-reference table that lists every object in order, as ``gateway.documents`` writes it; files of
others go through ``pyhanko_writing``.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from signing.errors import MalformedDataError
from signing.keys import PreparedPdf
from signing.pades import CONTENTS_HEX_DIGITS

_END = re.compile(
    rb"trailer\n<</Size (\d+)/Root (\d+ 0 R)/ID\[<([0-9a-f]+)><[0-9a-f]+>\]>>\nstartxref\n(\d+)\n%%EOF\n\Z"
)
_END_LENGTH = 256
_LOCK = re.compile(rb"/Lock<</Type/SigFieldLock([^<>]*)>>")
_ROW_LENGTH = 20
_RANGE_PLACE = b" ".join([b"0" * 10] * 3)


@dataclass(frozen=True)
class _File:
    """The end of a file with one revision."""

    data: bytes
    size: int
    root: bytes
    identifier: bytes
    table: int
    """Offset of the cross-reference table."""

    def object_body(self, number: int) -> bytes:
        """What stands between ``obj`` and ``endobj``."""
        rows = self.table + len(b"xref\n0 %d\n" % self.size)
        row = self.data[rows + _ROW_LENGTH * number :][:10]
        start = b"%d 0 obj\n" % number
        if not row.isdigit() or not self.data.startswith(start, int(row)):
            raise MalformedDataError("the cross-reference table is not of our own making")
        begin = int(row) + len(start)
        return self.data[begin : self.data.index(b"\nendobj\n", begin)]


def prepare_second(signed: bytes, field: int, *, claimed_at: datetime, signer_name: str) -> PreparedPdf:
    """A revision that fills the empty signature field ``field`` (its object number), the contents still zeros.

    The field's lock (ISO 32000-2, 12.7.5.5) becomes the signature's.
    ``claimed_at`` is aware. MalformedDataError when the file is not of our own making or the field is not empty.
    """
    file = _read_end(signed)
    widget = file.object_body(field)
    if not widget.startswith(b"<<") or not widget.endswith(b">>") or b"/FT/Sig" not in widget or b"/V " in widget:
        raise MalformedDataError("the object is no empty signature field")
    lock = _LOCK.search(widget)
    if lock is None:
        raise MalformedDataError("the empty field has no lock")
    head = b"%d 0 obj\n" % file.size + _dictionary_head(file.root, claimed_at, signer_name, lock[1])
    value = b"%b%b]/Contents<%b>>>\nendobj\n" % (head, _RANGE_PLACE, b"0" * CONTENTS_HEX_DIGITS)
    filled = b"%d 0 obj\n%b/V %d 0 R>>\nendobj\n" % (field, widget[:-2], file.size)
    end = _end(file, field, len(signed), len(filled) + len(value), len(filled))
    data = b"".join((signed, filled, value, end))
    gap_start = len(signed) + len(filled) + len(head) + len(_RANGE_PLACE) + len(b"]/Contents")
    gap_end = gap_start + CONTENTS_HEX_DIGITS + 2
    numbers = b"%010d %010d %010d" % (gap_start, gap_end, len(data) - gap_end)
    at = len(signed) + len(filled) + len(head)
    return PreparedPdf(b"".join((data[:at], numbers, data[at + len(numbers) :])), gap_start, gap_end)


def _read_end(signed: bytes) -> _File:
    found = _END.search(signed, max(0, len(signed) - _END_LENGTH))
    if found is None:
        raise MalformedDataError("the file does not end as our own writer ends it")
    size, root, identifier, table = found.groups()
    return _File(signed, int(size), root, identifier, int(table))


def _dictionary_head(root: bytes, claimed_at: datetime, signer_name: str, lock: bytes) -> bytes:
    """The signature dictionary up to the open ByteRange (12.8.1), with the transform of the field's lock (12.8.2.4)."""
    date = claimed_at.astimezone(UTC).strftime("(D:%Y%m%d%H%M%SZ)").encode()
    name = signer_name.encode("utf-16-be").hex().upper().encode()
    return (
        b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M%b/Name<FEFF%b>"
        b"/Reference[<</Type/SigRef/TransformMethod/FieldMDP/Data %b"
        b"/TransformParams<</Type/TransformParams%b/V/1.2>>>>]/ByteRange[0 "
    ) % (date, name, root, lock)


def _end(file: _File, field: int, start: int, length: int, filled: int) -> bytes:
    """The new part of the cross-reference table and its trailer (7.5.6); the identifier keeps its first half."""
    return (
        b"xref\n%d 1\n%010d 00000 n \n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %b/Prev %d/ID[<%b><%b>]>>\n"
        b"startxref\n%d\n%%%%EOF\n"
    ) % (
        field,
        start,
        file.size,
        start + filled,
        file.size + 1,
        file.root,
        file.table,
        file.identifier,
        bytes(reversed(file.identifier)),
        start + length,
    )
