"""Files that attack memory or time: each is judged in a process with limits, and must cost little."""

import zlib
from functools import cache

from tests.corpus.case import case
from tests.corpus.documents import catalog, objects, signature_of, signed, sm3, unsigned_licence, with_evidence
from tests.corpus.makers import cms
from tests.corpus.makers.pdf import (
    CATALOG,
    CONTENT,
    FIRST_FREE,
    HEADER,
    PAGES,
    Pdf,
    body,
    contents_of,
    fill,
    stream,
    update,
)

MILLION = 1_000_000


@cache
def _deflated(megabytes, pattern=b"\0"):
    squeeze = zlib.compressobj(9)
    block = pattern * (MILLION // len(pattern))
    return b"".join(squeeze.compress(block) for _ in range(megabytes)) + squeeze.flush()


def _xref_bomb(packed, extra=b"/W[1 2 1]/Size 50000000"):
    table = stream(packed, b"/Type/XRef%b/Root 1 0 R/Filter/FlateDecode" % extra)
    return HEADER + b"1 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, len(HEADER))


@case
def bomb_xref_200_megabytes(world):
    """194 kB of cross-reference stream unfold to 200 MB of free entries: 228 s and 5.3 GB in stock pyHanko."""
    return _xref_bomb(_deflated(200))


@case
def bomb_xref_entries_in_use(world):
    """The same with entries that claim to be in use."""
    return _xref_bomb(_deflated(200, b"\x01\x00\x10\x00"))


@case
def bomb_xref_of_wide_fields(world):
    """Field widths of a thousand million octets."""
    return _xref_bomb(_deflated(1), b"/W[1000000000 1000000000 1000000000]/Size 5")


@case
def bomb_xref_size(world):
    return _xref_bomb(_deflated(1), b"/W[0 0 0]/Size 4294967295")


@case
def bomb_xref_table(world):
    """A classic table with a subsection of four thousand million entries."""
    return (
        HEADER
        + b"xref\n0 4294967295\n0000000000 65535 f \ntrailer\n<</Size 4294967295/Root 1 0 R>>\nstartxref\n15\n%%EOF\n"
    )


@case
def bomb_signed_xref(world):
    """A genuine licence with the bomb appended as an update."""
    pdf = signed(world.signer)
    at = len(pdf.data)
    extra = b"/Type/XRef/W[1 2 1]/Size 50000000/Root 1 0 R/Prev %d/Filter/FlateDecode" % pdf.data.rindex(b"xref\n0 ")
    return pdf.data + b"50 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(_deflated(200), extra), at)


@case
def bomb_object_stream(world):
    """An object stream of 200 MB holds the catalog."""
    packed = stream(_deflated(200, b" "), b"/Type/ObjStm/N 2/First 100000000/Filter/FlateDecode")
    written = b"2 0 obj\n%b\nendobj\n" % packed
    rows = (
        b"\x00" + bytes(6) + b"\x02" + (2).to_bytes(4) + b"\x00\x00" + b"\x01" + len(HEADER).to_bytes(4) + b"\x00\x00"
    )
    at = len(HEADER) + len(written)
    rows += b"\x01" + at.to_bytes(4) + b"\x00\x00"
    table = stream(rows, b"/Type/XRef/W[1 4 2]/Size 4/Root 1 0 R")
    return HEADER + written + b"3 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)


@case
def bomb_filters_in_a_row(world):
    """Deflated four times over: a few hundred bytes become 200 MB."""
    packed = _deflated(200)
    for _ in range(3):
        packed = zlib.compress(packed, 9)
    filters = b"/Filter[/FlateDecode/FlateDecode/FlateDecode/FlateDecode]"
    table = stream(packed, b"/Type/XRef/W[1 2 1]/Size 9/Root 1 0 R" + filters)
    return HEADER + b"1 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, len(HEADER))


@case
def bomb_page_content(world):
    """The page's content unfolds to 400 MB: nobody needs it to judge the signature."""
    content = stream(_deflated(400, b"q Q "), b"/Filter/FlateDecode")
    return signed(world.signer, {CONTENT: content}).data


@case
def bomb_evidence(world):
    """A revocation list of 300 MB in the DSS."""
    pdf = signed(world.signer)
    changed = {
        CATALOG: catalog(extra=b"/DSS 20 0 R"),
        20: b"<</Type/DSS/CRLs[21 0 R]>>",
        21: stream(_deflated(300), b"/Filter/FlateDecode"),
    }
    return update(pdf, changed).data


@case
def bomb_evidence_many(world):
    """Twenty thousand entries in the DSS, all the same list."""
    pdf = with_evidence(signed(world.signer), crls=(world.crl_of(world.ca),))
    many = b"<</Type/DSS/CRLs[%b]>>" % (b"%d 0 R " % (FIRST_FREE + 1) * 20_000)
    return update(pdf, {FIRST_FREE: many}).data


@case
def bomb_nested_arrays(world):
    return (
        HEADER
        + b"1 0 obj\n"
        + b"[" * 500_000
        + b"]" * 500_000
        + b"\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n15\n%%EOF\n"
    )


@case
def bomb_nested_dictionaries_in_the_catalog(world):
    deep = b"<</A " * 50_000 + b"null" + b">>" * 50_000
    return signed(world.signer, {CATALOG: catalog(extra=b"/Deep " + deep)}).data


@case
def bomb_nested_pages(world):
    """A page tree of ten thousand levels."""
    first, count = 100, 10_000
    chain = {
        n: b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R]/Count 1>>" % (n - 1, n + 1) for n in range(first, first + count)
    }
    chain[first + count] = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 9 9]>>" % (first + count - 1)
    return signed(world.signer, {PAGES: b"<</Type/Pages/Kids[3 0 R 100 0 R]/Count 2>>", **chain}).data


@case
def bomb_fields(world):
    """A hundred thousand form fields, one of them signed."""
    fields = b" ".join([b"6 0 R"] + [b"20 0 R"] * 100_000)
    return signed(world.signer, {CATALOG: catalog(fields), 20: b"<</FT/Tx/T(x)>>"}).data


@case
def bomb_signatures(world):
    """Two thousand fields that share one genuine signature."""
    fields = {n: b"<</FT/Sig/T(S%d)/V 7 0 R>>" % n for n in range(100, 2100)}
    names = b" ".join([b"6 0 R", *(b"%d 0 R" % n for n in fields)])
    return signed(world.signer, {CATALOG: catalog(names), **fields}).data


@case
def bomb_revisions(world):
    """Two thousand empty updates behind a genuine licence."""
    pdf = signed(world.signer)
    data, previous = pdf.data, pdf.data.rindex(b"xref\n0 ")
    for _ in range(2000):
        at = len(data)
        data += b"xref\n0 0\ntrailer\n<</Size 10/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (previous, at)
        previous = at
    return data


@case
def bomb_objects(world):
    """Three hundred thousand small objects."""
    many = dict.fromkeys(range(100, 300100), b"null")
    whole = {**objects(), **many}
    written, offsets = body(Pdf(HEADER), whole)
    rows = b"".join(b"%d 1\n%010d 00000 n \n" % (n, offsets[n]) for n in whole)
    at = len(HEADER) + len(written)
    end = b"xref\n0 1\n0000000000 65535 f \n%btrailer\n<</Size 300100/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        rows,
        at,
    )
    return fill(HEADER + written + end, signature_of(world.signer))


@case
def bomb_eof_marks(world):
    """A million end marks behind a genuine licence."""
    return signed(world.signer).data + b"%%EOF\n" * MILLION


@case
def bomb_zeros(world):
    return signed(world.signer).data + bytes(40 * MILLION)


@case
def bomb_startxref_marks(world):
    """Two hundred thousand pointers to tables, each to the same."""
    data = unsigned_licence().data
    return data + b"startxref\n%d\n%%%%EOF\n" % data.rindex(b"xref\n0 ") * 200_000


@case
def bomb_big_number(world):
    """A number of two million digits where an object number belongs."""
    return signed(world.signer, {PAGES: b"<</Type/Pages/Kids[3 0 R]/Count %b>>" % (b"9" * 2 * MILLION)}).data


@case
def bomb_cms_of_many_certificates(world):
    """Three thousand certificates of strangers in the CMS."""
    extra = [world.stranger.certificate] * 3000
    embedded = (world.signer.certificate, *world.signer.chain, *extra)
    return signed(
        world.signer,
        make=lambda content: cms.pades(world.signer, sm3(content), certificates=embedded),
        digits=2 * 2 * MILLION,
    ).data


@case
def bomb_over_the_size(world):
    """Larger than any file that is taken."""
    data = signed(world.signer).data
    return data + bytes(70 * MILLION)


@case
def bomb_cms_nested(world):
    """A million nested SEQUENCEs of indefinite length in the contents."""
    genuine = signed(world.signer, digits=4 * MILLION).data
    start, end = contents_of(genuine)
    return genuine[: start + 1] + b"3080" * ((end - start - 2) // 4) + genuine[end - 1 :]
