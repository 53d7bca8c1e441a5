"""Files that are broken, hostile or no PDF at all; and odd but lawful structures (ISO 32000-2, 7.5 and 12.7)."""

import io
import zipfile
import zlib

import pikepdf

from tests.corpus.case import case
from tests.corpus.documents import (
    catalog,
    countersigned,
    draft,
    objects,
    page,
    signature_of,
    signed,
    unsigned_licence,
    widget,
)
from tests.corpus.makers.pdf import (
    CATALOG,
    HEADER,
    PAGE,
    PAGES,
    SIGNATURE,
    WIDGET,
    Pdf,
    body,
    contents_of,
    fill,
    new,
    offset_of_xref,
    replace_once,
    stream,
)


@case
def no_signature(world):
    return unsigned_licence().data


@case
def no_signature_but_an_empty_field(world):
    return draft({WIDGET: widget().replace(b"/V 7 0 R", b""), SIGNATURE: b"null"}, certify=None).data


@case
def signature_outside_the_form(world):
    """A widget with a signature on the page that no form field tree knows: no viewer shows it as a signature."""
    return signed(world.signer, {CATALOG: b"<</Type/Catalog/Pages 2 0 R>>"}).data


@case
def not_a_pdf_empty(world):
    return b""


@case
def not_a_pdf_text(world):
    return "这不是 PDF".encode()


@case
def not_a_pdf_zip(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("OFD.xml", "<OFD/>")
    return buffer.getvalue()


@case
def not_a_pdf_picture(world):
    return b"\x89PNG\r\n\x1a\n" + bytes(64)


@case
def pdf_header_only(world):
    return HEADER


@case
def pdf_header_and_eof(world):
    return HEADER + b"%%EOF\n"


@case
def pdf_header_late(world):
    """The header stands behind a kilobyte of something else."""
    return bytes(2000) + signed(world.signer).data


@case
def encrypted(world):
    """Encrypted with a user password; what it says cannot be known."""
    with pikepdf.open(io.BytesIO(unsigned_licence().data)) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u", R=6))
    return out.getvalue()


@case
def encrypted_without_password(world):
    """Encrypted with an empty user password, as files that forbid printing are."""
    with pikepdf.open(io.BytesIO(unsigned_licence().data)) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="", R=6))
    return out.getvalue()


# Truncated


def _cut(world, share):
    data = signed(world.signer).data
    return data[: int(len(data) * share)]


@case
def truncated_in_the_header(world):
    return signed(world.signer).data[:6]


@case
def truncated_at_a_tenth(world):
    return _cut(world, 0.1)


@case
def truncated_in_the_contents(world):
    data = signed(world.signer).data
    return data[: contents_of(data)[0] + 1001]


@case
def truncated_behind_the_contents(world):
    data = signed(world.signer).data
    return data[: contents_of(data)[1]]


@case
def truncated_before_the_xref(world):
    data = signed(world.signer).data
    return data[: offset_of_xref(data)]


@case
def truncated_in_the_xref(world):
    data = signed(world.signer).data
    return data[: offset_of_xref(data) + 50]


@case
def truncated_before_startxref(world):
    data = signed(world.signer).data
    return data[: data.rindex(b"startxref")]


@case
def truncated_before_eof(world):
    data = signed(world.signer).data
    return data[: data.rindex(b"%%EOF")]


@case
def middle_missing(world):
    data = signed(world.signer).data
    return data[:900] + data[1100:]


# Lawful, if unusual


@case
def good_field_below_a_parent(world):
    """The signature field is a kid of another field (12.7.4.2)."""
    changed = {
        CATALOG: catalog(b"20 0 R"),
        WIDGET: widget(field=b"seal").replace(b"/FT/Sig", b"/Parent 20 0 R/FT/Sig"),
        20: b"<</T(authority)/Kids[6 0 R]>>",
    }
    return signed(world.signer, changed).data


@case
def good_field_apart_from_its_widget(world):
    """Field and widget are two objects."""
    changed = {
        CATALOG: catalog(b"20 0 R"),
        WIDGET: b"<</Type/Annot/Subtype/Widget/Parent 20 0 R/P 3 0 R/Rect[380 80 500 200]/F 132/AP<</N 8 0 R>>>>",
        20: b"<</FT/Sig/T(Signature1)/V 7 0 R/Kids[6 0 R]>>",
    }
    return signed(world.signer, changed).data


@case
def good_signature_inline(world):
    """The signature dictionary is a direct value of its field."""
    whole = objects()
    value = whole.pop(SIGNATURE)
    whole[WIDGET] = widget(value)
    whole[CATALOG] = catalog(certify=None)
    pdf = new(whole)
    return fill(pdf.data, signature_of(world.signer))


@case
def good_object_streams(world):
    """Cross-reference stream and object streams (7.5.7), the form that most software writes today."""
    whole = objects()
    packed_numbers = [CATALOG, PAGES, PAGE, WIDGET]
    loose = {n: b for n, b in whole.items() if n not in packed_numbers}
    written, offsets = body(Pdf(HEADER), loose)
    head, joined = b"", b""
    for number in packed_numbers:
        head += b"%d %d " % (number, len(joined))
        joined += whole[number] + b" "
    packed = stream(
        zlib.compress(head + joined),
        b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(packed_numbers), len(head)),
    )
    offsets[30] = len(HEADER) + len(written)
    written += b"30 0 obj\n%b\nendobj\n" % packed
    xref_at = len(HEADER) + len(written)
    offsets[31] = xref_at
    rows = b""
    for number in range(32):
        if number in packed_numbers:
            rows += b"\x02" + (30).to_bytes(4) + packed_numbers.index(number).to_bytes(2)
        elif number in offsets:
            rows += b"\x01" + offsets[number].to_bytes(4) + b"\x00\x00"
        else:
            rows += b"\x00" + bytes(4) + b"\xff\xff"
    table = stream(zlib.compress(rows), b"/Type/XRef/W[1 4 2]/Size 32/Root 1 0 R/Filter/FlateDecode")
    data = HEADER + written + b"31 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, xref_at)
    return fill(data, signature_of(world.signer))


@case
def good_carriage_returns(world):
    """Lines that end in CR LF and a date in another zone."""
    pdf = draft(pdf_date=None, extra=b"/M(D:20260601080000+08'00')")
    return fill(pdf.data.replace(b"%%EOF\n", b"%%EOF\r\n"), signature_of(world.signer))


# Loops and nonsense


@case
def loop_in_the_field_tree(world):
    changed = {
        CATALOG: catalog(b"6 0 R 20 0 R"),
        20: b"<</T(loop)/Kids[20 0 R 21 0 R]>>",
        21: b"<</T(l)/Parent 20 0 R/Kids[20 0 R]>>",
    }
    return signed(world.signer, changed).data


@case
def loop_in_the_page_tree(world):
    changed = {
        PAGES: b"<</Type/Pages/Kids[3 0 R 20 0 R]/Count 2>>",
        20: b"<</Type/Pages/Kids[2 0 R]/Parent 2 0 R/Count 1>>",
    }
    return signed(world.signer, changed).data


@case
def loop_in_the_xref(world):
    data = unsigned_licence().data
    at = offset_of_xref(data)
    return replace_once(data, b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % at)


@case
def loop_of_references(world):
    return draft({WIDGET: b"20 0 R", 20: b"21 0 R", 21: b"20 0 R"}).data


@case
def value_refers_to_its_field(world):
    return draft({WIDGET: widget(b"6 0 R")}).data


@case
def page_count_a_lie(world):
    """/Count says four thousand million pages."""
    return signed(world.signer, {PAGES: b"<</Type/Pages/Kids[3 0 R]/Count 4294967295>>"}).data


@case
def page_tree_missing(world):
    return signed(world.signer, {CATALOG: catalog().replace(b"/Pages 2 0 R", b"")}).data


@case
def pages_are_a_string(world):
    return signed(world.signer, {PAGES: b"(no pages)"}).data


@case
def form_is_a_number(world):
    return draft({CATALOG: b"<</Type/Catalog/Pages 2 0 R/AcroForm 7>>"}).data


@case
def fields_are_a_name(world):
    return draft({CATALOG: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields/None>>>>"}).data


@case
def date_is_nonsense(world):
    """A claim that cannot be read is no claim."""
    return signed(world.signer, pdf_date=None, extra=b"/M(yesterday)").data


@case
def date_is_a_number(world):
    return signed(world.signer, pdf_date=None, extra=b"/M 20260601").data


@case
def field_name_missing(world):
    return signed(world.signer, {WIDGET: widget().replace(b"/T(Signature1)", b"")}).data


@case
def field_names_twice(world):
    """Two fields of one name, one with a stranger's signature: neither may hide behind the other."""
    return countersigned(signed(world.signer, certify=None), world.stranger, field=b"Signature1").data


@case
def annotations_are_missing(world):
    """Control: the field has no widget on any page."""
    return signed(world.signer, {PAGE: page(b"")}).data


@case
def two_fields_one_value(world):
    """Two fields refer to one signature dictionary."""
    changed = {CATALOG: catalog(b"6 0 R 20 0 R"), 20: widget(field=b"Signature2", rectangle=b"0 0 0 0", appearance=b"")}
    return signed(world.signer, changed).data
