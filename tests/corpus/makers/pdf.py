"""PDF files object by object and update by update (ISO 32000-2, 7.5), so that every byte can be chosen."""

import re
import zlib
from dataclasses import dataclass, field, replace

HEADER = b"%PDF-1.7\n%\xe4\xbd\xa0\xe5\xa5\xbd\n"
CATALOG, PAGES, PAGE, CONTENT, FONT, WIDGET, SIGNATURE, SEAL, INFO = range(1, 10)
FIRST_FREE = 20
"""Numbers of the usual objects; those that an attack adds begin here."""
PLACEHOLDER = 12_288
"""Hexadecimal digits left for a signature."""
_BLANK = b"/ByteRange[0 " + b" " * 30


@dataclass(frozen=True)
class Pdf:
    """A file and what its last revision holds."""

    data: bytes = b""
    objects: dict[int, bytes] = field(default_factory=dict)

    @property
    def next_number(self):
        return max([FIRST_FREE - 1, *self.objects]) + 1


def stream(content, extra=b""):
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (extra, len(content), content)


def flate(content, extra=b""):
    return stream(zlib.compress(content, 9), extra + b"/Filter/FlateDecode")


def new(objects, *, trailer=b""):
    """A file with one revision and a classic cross-reference table."""
    return update(Pdf(HEADER), objects, trailer=trailer)


def offset_of_xref(data):
    """Where the last startxref points."""
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def body(pdf, changed):
    """Objects as bytes behind the file, and their offsets."""
    parts, offsets, at = [], {}, len(pdf.data)
    for number, content in changed.items():
        offsets[number] = at
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, content))
        at += len(parts[-1])
    return b"".join(parts), offsets


def table(offsets, *, freed=(), with_zero):
    """A cross-reference section in subsections of one."""
    rows = [b"0 1\n0000000000 65535 f \n"] if with_zero else []
    for number in sorted({*offsets, *freed}):
        row = b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00001 f \n"
        rows.append(b"%d 1\n%b" % (number, row))
    return b"xref\n" + b"".join(rows)


def update(pdf, changed, *, trailer=b"", freed=(), root=CATALOG, previous=None, tail=b"%%EOF\n"):
    """The file with an incremental update; ``previous`` overrides where /Prev points."""
    written, offsets = body(pdf, changed)
    objects = {**pdf.objects, **changed}
    is_first = pdf.data == HEADER
    xref_at = len(pdf.data) + len(written)
    prev = b"" if is_first else b"/Prev %d" % (offset_of_xref(pdf.data) if previous is None else previous)
    info = b"/Info %d 0 R" % INFO if INFO in objects else b""
    end = b"trailer\n<</Size %d/Root %d 0 R%b%b%b>>\nstartxref\n%d\n%b" % (
        max(objects) + 1,
        root,
        info,
        prev,
        trailer,
        xref_at,
        tail,
    )
    return Pdf(pdf.data + written + table(offsets, freed=freed, with_zero=is_first) + end, objects)


def update_with_stream(pdf, changed):
    """The same with a cross-reference stream (7.5.8), the form that most software writes today."""
    written, offsets = body(pdf, changed)
    number = max([*pdf.objects, *changed]) + 1
    xref_at = len(pdf.data) + len(written)
    offsets[number] = xref_at
    rows = b"".join(b"\x01" + offsets[n].to_bytes(4) + b"\x00\x00" for n in sorted(offsets))
    index = b" ".join(b"%d 1" % n for n in sorted(offsets))
    extra = b"/Type/XRef/W[1 4 2]/Index[%b]/Size %d/Root %d 0 R/Prev %d" % (
        index,
        number + 1,
        CATALOG,
        offset_of_xref(pdf.data),
    )
    written += b"%d 0 obj\n%b\nendobj\n" % (number, stream(rows, extra))
    end = b"startxref\n%d\n%%%%EOF\n" % xref_at
    return Pdf(pdf.data + written + end, {**pdf.objects, **changed})


def signature_value(
    *, sub_filter="ETSI.CAdES.detached", handler="Adobe.PPKLite", certify=1, extra=b"", digits=PLACEHOLDER, kind="Sig"
):
    """A signature dictionary (12.8.1) with room for its ByteRange and contents."""
    reference = (
        b""
        if certify is None
        else b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams"
        b"<</Type/TransformParams/P %d/V/1.2>>>>]" % certify
    )
    return b"<</Type/%b/Filter/%b/SubFilter/%b%b/Contents<%b>%b%b>>" % (
        kind.encode(),
        handler.encode(),
        sub_filter.encode(),
        _BLANK + b"]",
        b"0" * digits,
        reference,
        extra,
    )


def gap_of(data):
    """(start, end) of the last placeholder: the hexadecimal string with its brackets."""
    blank = data.rindex(_BLANK)
    start = data.index(b"/Contents<", blank) + len(b"/Contents")
    return start, data.index(b">", start) + 1


def covered(data, gap):
    return data[: gap[0]] + data[gap[1] :]


def fill(data, make):
    """Sets the ByteRange of the last placeholder and puts in what ``make`` makes of the covered bytes."""
    start, end = gap_of(data)
    ranges = b"/ByteRange[0 %d %d %d" % (start, end, len(data) - end)
    data = data.replace(_BLANK, ranges.ljust(len(_BLANK)), 1)
    return put(data, (start, end), make(covered(data, (start, end))))


def put(data, gap, contents):
    """Contents into the gap, padded with zeros."""
    start, end = gap
    digits = contents.hex().encode()
    room = end - start - 2
    assert len(digits) <= room, f"{len(digits)} digits in {room}"
    return data[:start] + b"<" + digits.ljust(room, b"0") + b">" + data[end:]


def contents_of(data):
    """(start, end) of the last filled /Contents with its brackets."""
    start = data.rindex(b"/Contents<3") + len(b"/Contents")
    return start, data.index(b">", start) + 1


def replace_once(data, old, new):
    """Replaces the only occurrence; a mistaken attack would be no attack."""
    assert data.count(old) == 1, f"{data.count(old)} times {old!r}"
    return data.replace(old, new)


def with_data(pdf, data):
    return replace(pdf, data=data)
