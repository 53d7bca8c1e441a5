"""Signature wrapping: the signed bytes are kept, but moved to where no reader of the file looks."""

from tests.corpus.case import case
from tests.corpus.documents import draft, forged_content, signature_of, signed, sm3
from tests.corpus.makers import cms
from tests.corpus.makers.pdf import (
    CONTENT,
    SIGNATURE,
    contents_of,
    covered,
    fill,
    gap_of,
    offset_of_xref,
    put,
    replace_once,
    signature_value,
)


def _signed(world):
    return signed(world.signer)


def _ranges(start, end, length):
    return b"/ByteRange[0 %d %d %d" % (start, end, length)


def _with_ranges(data, old, new):
    """Another ByteRange in the room of the old one."""
    place = data.index(b"/ByteRange[")
    end = data.index(b"]", place)
    room = end - place
    assert len(new) <= room
    return data[:place] + new.ljust(room) + data[end:]


def _wrapped(world, between, *, moved_by=4096, tail=b""):
    """The classic: ByteRange's second part points to a copy of the signed tail; ``between`` stands in the gap."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    signed_tail = pdf.data[end:]
    head = pdf.data[:start]
    filler = between.ljust(moved_by)
    blank = head.index(b"/ByteRange[")
    closing = head.index(b"]", blank)
    ranges = _ranges(start, end + moved_by, len(signed_tail))
    head = head[:blank] + ranges.ljust(closing - blank) + head[closing:]
    value = cms.pades(world.signer, sm3(head + signed_tail))
    room = end - start - 2
    return head + b"<" + value.hex().encode().ljust(room, b"0") + b">" + filler + signed_tail + tail


@case
def swa_objects_in_the_gap(world):
    forged = b">>\nendobj\n4 0 obj\n%b\nendobj\n7 0 obj\n<<" % forged_content()
    return _wrapped(world, forged)


@case
def swa_spaces_in_the_gap(world):
    return _wrapped(world, b"")


@case
def swa_xref_in_the_gap(world):
    """The gap holds a forged page with its own cross-reference table, the file ends with a pointer to it."""
    pdf = draft()
    _, end = gap_of(pdf.data)
    head = b">>\nendobj\n"
    body = b"4 0 obj\n%b\nendobj\n" % forged_content()
    at = end + len(head)
    xref = b"xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 20/Root 1 0 R/Prev %d>>\n" % (at, pdf.data.rindex(b"xref\n0 "))
    tail = b"startxref\n%d\n%%%%EOF\n" % (at + len(body))
    return _wrapped(world, head + body + xref, tail=tail)


@case
def swa_forged_tail_after_the_gap(world):
    """Sieve: the signed tail is moved to the end of the file, a forged one stands behind the signature."""
    pdf = _signed(world)
    start, end = contents_of(pdf.data)
    tail = pdf.data[end:]
    forged = draft({CONTENT: forged_content()}).data
    forged_tail = forged[gap_of(forged)[1] :]
    moved = pdf.data[:end] + forged_tail + tail
    return _with_ranges(moved, None, _ranges(start, end + len(forged_tail), len(tail)))


@case
def swa_gap_begins_late(world):
    """Sixteen digits of the contents are covered by the signature."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    data = _with_ranges(pdf.data, None, _ranges(start + 17, end, len(pdf.data) - end))
    value = cms.pades(world.signer, sm3(data[: start + 17] + data[end:]))
    return put(data, (start, end), value)


@case
def swa_gap_begins_early(world):
    """The key /Contents itself is left out: it could be renamed without notice."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    data = _with_ranges(pdf.data, None, _ranges(start - 9, end, len(pdf.data) - end))
    return put(data, (start, end), cms.pades(world.signer, sm3(data[: start - 9] + data[end:])))


@case
def swa_gap_ends_late(world):
    """The rest of the signature dictionary is left out: its date and its certification could be changed."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    late = pdf.data.index(b"endobj", end)
    data = _with_ranges(pdf.data, None, _ranges(start, late, len(pdf.data) - late))
    return put(data, (start, end), cms.pades(world.signer, sm3(data[:start] + data[late:])))


@case
def swa_gap_without_brackets(world):
    """The brackets are covered, only the digits are left out, as some early signers did."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    data = _with_ranges(pdf.data, None, _ranges(start + 1, end - 1, len(pdf.data) - end + 1))
    return put(data, (start, end), cms.pades(world.signer, sm3(data[: start + 1] + data[end - 1 :])))


@case
def swa_range_begins_at_one(world):
    pdf = draft()
    start, end = gap_of(pdf.data)
    data = _with_ranges(pdf.data, None, b"/ByteRange[1 %d %d %d" % (start - 1, end, len(pdf.data) - end))
    return put(data, (start, end), cms.pades(world.signer, sm3(data[1:start] + data[end:])))


@case
def swa_range_ends_early(world):
    """The last objects and the cross-reference table are not covered."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    stop = pdf.data.index(b"endobj", end) + 7
    data = _with_ranges(pdf.data, None, _ranges(start, end, stop - end))
    return put(data, (start, end), cms.pades(world.signer, sm3(data[:start] + data[end:stop])))


@case
def swa_two_gaps(world):
    """Three ranges leave out the page's content as well."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    hole = pdf.data.index(b"4 0 obj")
    ranges = b"/ByteRange[0 %d %d %d %d %d" % (hole, hole + 40, start - hole - 40, end, len(pdf.data) - end)
    data = _with_ranges(pdf.data, None, ranges)
    return put(data, (start, end), cms.pades(world.signer, sm3(data[:hole] + data[hole + 40 : start] + data[end:])))


@case
def swa_second_contents(world):
    """Two /Contents keys: the ByteRange leaves out the first, a reader takes the last."""
    evil = b"/Contents<%b>" % (b"00" * 40)
    pdf = draft({SIGNATURE: signature_value(extra=evil)})
    return fill(pdf.data, lambda content: cms.pades(world.signer, sm3(content)))


@case
def swa_second_byte_range(world):
    pdf = draft({SIGNATURE: signature_value(extra=b"/ByteRange[0 0 0 0]")})
    return fill(pdf.data, lambda content: cms.pades(world.signer, sm3(content)))


@case
def swa_contents_elsewhere(world):
    """The ByteRange leaves out a decoy; the real /Contents is another object, covered by nothing that matters."""
    genuine = _signed(world).data
    start, end = contents_of(genuine)
    decoy = replace_once(signature_value(), b"/Contents<", b"/Kontents<")
    pdf = draft({SIGNATURE: decoy[:-2] + b"/Contents 20 0 R>>", 20: genuine[start:end]})
    blank = pdf.data.index(b"/ByteRange[")
    start = pdf.data.index(b"/Kontents<", blank) + 9
    end = pdf.data.index(b">", start) + 1
    return _with_ranges(pdf.data, None, _ranges(start, end, len(pdf.data) - end))


@case
def swa_contents_padding_used(world):
    """Forged objects as digits in the padding of the contents."""
    payload = b"4 0 obj (forged) endobj"
    pdf = draft()
    return fill(pdf.data, lambda content: cms.pades(world.signer, sm3(content)) + bytes(8) + payload)


@case
def swa_contents_broken_by_spaces(world):
    """White space is allowed in a hexadecimal string (7.3.4.3), but nobody can say which bytes are left out."""
    data = _signed(world).data
    _, end = contents_of(data)
    return data[: end - 9] + b" \n\t   " + data[end - 3 :]


@case
def swa_contents_as_literal_string(world):
    """The same CMS as a literal string: the gap is not the hexadecimal string that 12.8.1 asks for."""
    pdf = draft()
    start, end = gap_of(pdf.data)
    data = _with_ranges(pdf.data, None, _ranges(start, end, len(pdf.data) - end))
    value = cms.pades(world.signer, sm3(covered(data, (start, end))))
    literal = b"(" + b"".join(b"\\%03o" % octet for octet in value)
    return data[:start] + literal.ljust(end - start - 1) + b")" + data[end:]


@case
def swa_object_defined_twice(world):
    """A second definition of the page's content behind the first one, both covered, the table names the first."""
    pdf = draft()
    at = offset_of_xref(pdf.data)
    second = b"4 0 obj\n%b\nendobj\n" % forged_content()
    tail = pdf.data[at:].replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(second)))
    return fill(pdf.data[:at] + second + tail, signature_of(world.signer))


@case
def swa_byte_range_indirect(world):
    """The ByteRange must be a direct object (12.8.1): an indirect one can be replaced by an update."""
    value = signature_value()
    blank = value.index(b"/ByteRange[")
    stop = value.index(b"]", blank) + 1
    moved = value[:blank] + b"/ByteRange 20 0 R".ljust(stop - blank) + value[stop:]
    rough = draft({SIGNATURE: moved, 20: b"[0 %09d %09d %09d]" % (0, 0, 0)}).data
    start = rough.index(b"/Contents<") + 9
    end = rough.index(b">", start) + 1
    numbers = b"[0 %09d %09d %09d]" % (start, end, len(rough) - end)
    rough = rough.replace(b"[0 %09d %09d %09d]" % (0, 0, 0), numbers)
    return put(rough, (start, end), cms.pades(world.signer, sm3(covered(rough, (start, end)))))


@case
def swa_contents_in_lower_and_upper_case(world):
    """Control: the case of hexadecimal digits is free (7.3.4.3) and not covered."""
    data = _signed(world).data
    start, end = contents_of(data)
    return data[:start] + data[start:end].upper() + data[end:]
