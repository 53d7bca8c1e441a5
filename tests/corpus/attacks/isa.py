"""Incremental saving: what is appended to a signed file is outside its signature."""

from tests.corpus.case import case
from tests.corpus.documents import catalog, forged_content, page, signed
from tests.corpus.makers.pdf import (
    CATALOG,
    CONTENT,
    FONT,
    INFO,
    PAGE,
    PAGES,
    SIGNATURE,
    WIDGET,
    body,
    offset_of_xref,
    stream,
    table,
    update,
    update_with_stream,
)


def _signed(world):
    return signed(world.signer)


@case
def isa_content_replaced(world):
    return update(_signed(world), {CONTENT: forged_content()}).data


@case
def isa_content_replaced_by_xref_stream(world):
    return update_with_stream(_signed(world), {CONTENT: forged_content()}).data


@case
def isa_objects_without_xref(world):
    pdf = _signed(world)
    written, _ = body(pdf, {CONTENT: forged_content()})
    return pdf.data + written + b"startxref\n%d\n%%%%EOF\n" % offset_of_xref(pdf.data)


@case
def isa_objects_without_xref_and_trailer(world):
    pdf = _signed(world)
    return pdf.data + body(pdf, {CONTENT: forged_content()})[0]


@case
def isa_objects_with_eof_only(world):
    pdf = _signed(world)
    return pdf.data + body(pdf, {CONTENT: forged_content()})[0] + b"%%EOF\n"


@case
def isa_xref_without_trailer(world):
    pdf = _signed(world)
    written, offsets = body(pdf, {CONTENT: forged_content()})
    at = len(pdf.data) + len(written)
    return pdf.data + written + table(offsets, with_zero=False) + b"startxref\n%d\n%%%%EOF\n" % at


@case
def isa_trailer_without_xref(world):
    pdf = _signed(world)
    written, _ = body(pdf, {CONTENT: forged_content()})
    trailer = b"trailer\n<</Size 20/Root 1 0 R/Prev %d>>\n" % offset_of_xref(pdf.data)
    return pdf.data + written + trailer + b"startxref\n%d\n%%%%EOF\n" % offset_of_xref(pdf.data)


@case
def isa_xref_copied_from_the_original(world):
    """Mladenov's variant: the old table again, so that the update looks like a faithful one."""
    pdf = _signed(world)
    written, _ = body(pdf, {CONTENT: forged_content()})
    old = pdf.data[offset_of_xref(pdf.data) : pdf.data.rindex(b"startxref")]
    return pdf.data + written + old + b"startxref\n%d\n%%%%EOF\n" % (len(pdf.data) + len(written))


@case
def isa_pages_swapped(world):
    return update(
        _signed(world),
        {
            PAGES: b"<</Type/Pages/Kids[20 0 R]/Count 1>>",
            20: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 21 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            21: forged_content(),
        },
    ).data


@case
def isa_catalog_swapped(world):
    return update(
        _signed(world),
        {
            20: catalog().replace(b"/Pages 2 0 R", b"/Pages 21 0 R"),
            21: b"<</Type/Pages/Kids[22 0 R]/Count 1>>",
            22: b"<</Type/Page/Parent 21 0 R/MediaBox[0 0 595 842]/Contents 23 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            23: forged_content(),
        },
        root=20,
    ).data


@case
def isa_page_added(world):
    return update(
        _signed(world),
        {
            PAGES: b"<</Type/Pages/Kids[3 0 R 20 0 R]/Count 2>>",
            20: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 21 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            21: forged_content(),
        },
    ).data


@case
def isa_page_removed(world):
    """The second page of a signed file, with its conditions, disappears."""
    second = {
        PAGES: b"<</Type/Pages/Kids[3 0 R 20 0 R]/Count 2>>",
        20: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
    }
    pdf = signed(world.signer, second)
    return update(pdf, {PAGES: b"<</Type/Pages/Kids[3 0 R]/Count 1>>"}).data


@case
def isa_media_box_cropped(world):
    return update(_signed(world), {PAGE: page(extra=b"/CropBox[0 700 595 842]")}).data


@case
def isa_unused_object_added(world):
    return update(_signed(world), {20: b"(nobody refers to this)"}).data


@case
def isa_metadata_changed(world):
    return update(_signed(world), {INFO: b"<</Title(Permit to sell fireworks)>>"}).data


@case
def isa_xmp_added(world):
    metadata = stream(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", b"/Type/Metadata/Subtype/XML")
    return update(_signed(world), {CATALOG: catalog(extra=b"/Metadata 20 0 R"), 20: metadata}).data


@case
def isa_empty_update(world):
    return update(_signed(world), {}).data


@case
def isa_same_object_again(world):
    pdf = _signed(world)
    return update(pdf, {FONT: pdf.objects[FONT]}).data


@case
def isa_object_freed(world):
    return update(_signed(world), {}, freed=(FONT,)).data


@case
def isa_previous_skips_the_signed_revision(world):
    """The last table stands alone: every object is written anew and the signed revision is no longer linked."""
    pdf = _signed(world)
    rewritten = {**pdf.objects, CONTENT: forged_content()}
    rewritten[SIGNATURE] = _value_in(pdf.data)
    done = update(pdf, rewritten)
    return done.data.replace(b"/Prev %d" % offset_of_xref(pdf.data), b"/Prex %d" % offset_of_xref(pdf.data))


def _value_in(data):
    """The filled signature dictionary as it stands in the file."""
    start = data.index(b"7 0 obj\n") + 8
    return data[start : data.index(b"\nendobj", start)]


@case
def isa_signature_removed(world):
    return update(
        _signed(world), {CATALOG: b"<</Type/Catalog/Pages 2 0 R>>", PAGE: page(b""), CONTENT: forged_content()}
    ).data


@case
def isa_signature_field_emptied(world):
    empty = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/P 3 0 R/Rect[0 0 0 0]/F 132>>"
    return update(_signed(world), {WIDGET: empty, CONTENT: forged_content()}).data


@case
def isa_junk_after_eof(world):
    return _signed(world).data + b"junk\n"


@case
def isa_comment_after_eof(world):
    return _signed(world).data + b"% only a comment\n"


@case
def isa_zero_bytes_after_eof(world):
    return _signed(world).data + bytes(512)


@case
def isa_line_feed_after_eof(world):
    return _signed(world).data + b"\n"


@case
def isa_second_eof(world):
    return _signed(world).data + b"%%EOF\n"


@case
def isa_second_file_appended(world):
    from tests.corpus.documents import unsigned_licence

    return _signed(world).data + unsigned_licence().data


@case
def isa_junk_before_the_header(world):
    return b"MZ junk\n" + _signed(world).data


@case
def isa_byte_changed_on_the_page(world):
    pdf = _signed(world)
    place = pdf.data.index(b"/MediaBox[0 0 595 842]") + 14
    return pdf.data[:place] + b"6" + pdf.data[place + 1 :]


@case
def isa_last_byte_missing(world):
    return _signed(world).data[:-1]
