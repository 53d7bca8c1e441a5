"""What may follow a signature: each kind of change by the policy, and the attacks that pass themselves off as one."""

import pytest

from signing.pdf.reading import read_structure
from signing.validation.policy import DEFAULT_PERMITTED_CHANGES, Limits, PermittedChange
from signing.validation.report import Changes
from tests.hostile_pdfs import stream
from tests.pki import make_pki
from tests.unit.signing.pki import plain_pdf
from tests.unit.signing.revisions import CONTENT, FIELDS, FONT, long_lived, signed_again, signed_form, updated

ALL = frozenset(PermittedChange)
FORMS = DEFAULT_PERMITTED_CHANGES | {PermittedChange.FORM_FILLING}
NOTES = DEFAULT_PERMITTED_CHANGES | {PermittedChange.ANNOTATIONS}
COUNTERSIGNED = DEFAULT_PERMITTED_CHANGES | {PermittedChange.SIGNATURES_IN_EXISTING_FIELDS}
CATALOG = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R 6 0 R 7 0 R]/SigFlags 3>>%b>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents %b/Resources<</Font<</F 10 0 R>>>>"
PAGE += b"/Annots[4 0 R 6 0 R 7 0 R%b]>>"
STORE = {1: CATALOG % b"/DSS 30 0 R", 30: b"<</Certs[31 0 R]/CRLs 32 0 R>>", 31: stream(b"", b"x"), 32: b"[33 0 R]"}
STORE[33] = stream(b"", b"y")
NOTE = b"<</Type/Annot/Subtype/Text/Rect[9 9 19 19]/Contents(mine)>>"
FILLED = FIELDS[2].replace(b"(old)", b"(new)")


@pytest.fixture(scope="module")
def pki():
    return make_pki()


@pytest.fixture(scope="module")
def key(pki):
    return pki.leaf()


def judged(data, permitted=DEFAULT_PERMITTED_CHANGES, index=0):
    field = read_structure(data, Limits(), permitted).fields[index]
    assert (field.changes is Changes.FORBIDDEN) == bool(field.changed_objects)
    return field


def named(data, permitted=DEFAULT_PERMITTED_CHANGES):
    field = judged(data, permitted)
    assert field.changes is Changes.FORBIDDEN
    return {(changed.reference, changed.kind, changed.what, changed.pages) for changed in field.changed_objects}


def test_nothing_after_the_signature(key):
    assert judged(signed_form(key)).changes is Changes.NONE


@pytest.mark.parametrize("level", [None, 1, 2, 3])
def test_validation_data_is_permitted(key, level):
    catalog = CATALOG % (b"%b/DSS 30 0 R" % (b"" if level is None else b"/Perms<</DocMDP 5 0 R>>"))
    data = updated(signed_form(key, level=level), STORE | {1: catalog})
    assert judged(data).changes is Changes.PERMITTED
    assert judged(data, frozenset()).changes is Changes.FORBIDDEN
    assert judged(data).validation_data.certificates == ()
    assert read_structure(data, Limits()).validation_data.crls == (b"y",)


def test_an_update_may_note_when_it_was_written_and_nothing_else(key):
    trailer = b"/Root 1 0 R/Info 40 0 R"
    for body, changes in (
        (b"<</ModDate(D:2026)/Producer(x)>>", Changes.PERMITTED),
        (b"<</Title(x)>>", Changes.FORBIDDEN),
    ):
        assert judged(updated(signed_form(key), STORE | {40: body}, trailer=trailer)).changes is changes


@pytest.mark.parametrize("archive", [False, True])
def test_the_long_term_levels_of_stock_pyhanko_are_permitted(pki, archive):
    structure = read_structure(long_lived(plain_pdf(), pki, archive=archive), Limits())
    assert [field.changes for field in structure.fields] == [Changes.PERMITTED] * (1 + archive)
    assert len(structure.validation_data.crls) == 2
    assert [len(field.validation_data.crls) for field in structure.fields] == [0, 2][: 1 + archive]


def test_a_second_signature_in_its_prepared_field(key):
    data = signed_again(signed_form(key), key)
    assert judged(data, COUNTERSIGNED).changes is Changes.PERMITTED
    assert judged(data, COUNTERSIGNED, 1).changes is Changes.NONE
    assert ("20 0", "added", "signature", (1,)) in named(data)


@pytest.mark.parametrize(("level", "changes"), [(1, Changes.FORBIDDEN), (2, Changes.PERMITTED), (3, Changes.PERMITTED)])
def test_a_certification_narrows_what_the_policy_permits(key, level, changes):
    assert judged(signed_again(signed_form(key, level=level), key), COUNTERSIGNED).changes is changes


def test_a_second_signature_may_not_certify(key):
    reference = b"/Reference[<</TransformMethod/DocMDP/TransformParams<</P 3>>>>]"
    assert judged(signed_again(signed_form(key), key, reference=reference), ALL).changes is Changes.FORBIDDEN


def test_a_second_signature_may_not_move_its_field(key):
    moved = FIELDS[1].replace(b"100 0 150 50", b"0 0 200 200").replace(b">>", b"/V 20 0 R/AP<</N 21 0 R>>>>")
    assert judged(signed_again(signed_form(key), key, field=moved), ALL).changes is Changes.FORBIDDEN


def test_a_second_signature_may_not_bring_a_new_page_content(key):
    data = signed_again(signed_form(key), key, extra={8: stream(b"", b"BT (forged) Tj ET")})
    assert named(data, ALL) == {("8 0", "replaced", "page content", (1,))}


def test_a_form_field_is_filled_where_permitted(key):
    data = updated(signed_form(key), {7: FILLED, 9: stream(b"/Type/XObject/Subtype/Form/BBox[0 0 150 20]", b"q 1 g Q")})
    assert judged(data, FORMS).changes is Changes.PERMITTED
    assert {item[:3] for item in named(data)} == {("7 0", "replaced", "form field"), ("9 0", "replaced", "drawing")}


def test_a_value_without_its_appearance_and_an_appearance_without_its_value(key):
    assert named(updated(signed_form(key), {7: FILLED})) == {("7 0", "replaced", "form field", (1,))}
    drawing = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 150 20]", b"BT (forged) Tj ET")
    assert named(updated(signed_form(key), {9: drawing})) == {("9 0", "replaced", "drawing", (1,))}


def test_a_new_form_field_is_never_permitted(key):
    catalog = CATALOG.replace(b"7 0 R]", b"7 0 R 40 0 R]") % b""
    data = updated(signed_form(key), {1: catalog, 40: b"<</FT/Tx/T(new)/V(x)>>"})
    assert judged(data, ALL).changes is Changes.FORBIDDEN


def test_annotations_where_permitted(key):
    data = updated(signed_form(key), {3: PAGE % (b"8 0 R", b" 40 0 R"), 40: NOTE})
    assert judged(data, NOTES).changes is Changes.PERMITTED
    assert named(data) == {("3 0", "replaced", "page", (1,)), ("40 0", "added", "annotation", (1,))}


def test_an_annotation_with_a_script_or_a_field_is_none(key):
    for body in (NOTE.replace(b"/Text", b"/Widget"), NOTE.replace(b"/Rect", b"/AA<<>>/Rect")):
        data = updated(signed_form(key), {3: PAGE % (b"8 0 R", b" 40 0 R"), 40: body})
        assert judged(data, ALL).changes is Changes.FORBIDDEN


ATTACKS = {
    "content replaced": ({8: stream(b"", b"BT (forged) Tj ET")}, ("8 0", "replaced", "page content", (1,))),
    "font redefined": ({10: FONT.replace(b"Helvetica", b"Symbol")}, ("10 0", "replaced", "font", (1,))),
    "pages swapped": ({2: b"<</Type/Pages/Kids[40 0 R]/Count 1>>", 40: PAGE % (b"8 0 R", b"")}, None),
    "page resized": (
        {3: PAGE.replace(b"0 0 200 200", b"0 0 20 20") % (b"8 0 R", b"")},
        ("3 0", "replaced", "page", (1,)),
    ),
    "action on opening": ({1: CATALOG % b"/OpenAction[3 0 R/Fit]"}, ("1 0", "replaced", "catalog", ())),
    "names added": (
        {1: CATALOG % b"/Names<</JavaScript 40 0 R>>", 40: b"<</Names[]>>"},
        ("1 0", "replaced", "catalog", ()),
    ),
    "layers added": ({1: CATALOG % b"/OCProperties<</OCGs[]/D<<>>>>"}, ("1 0", "replaced", "catalog", ())),
    "an object that hangs nowhere": ({40: stream(b"", b"forged")}, ("40 0", "added", "object", ())),
    "signature dropped from the form": ({1: CATALOG.replace(b"4 0 R ", b"") % b""}, ("1 0", "replaced", "catalog", ())),
    "store with something else in it": (STORE | {30: b"<</Certs[31 0 R]/X 3 0 R>>"}, None),
    "store with a dictionary for a certificate": (STORE | {31: b"<</Type/Page>>"}, None),
    "store that takes the content for a certificate": (
        STORE | {30: b"<</Certs[8 0 R]>>", 8: stream(b"", b"forged")},
        None,
    ),
    "visible time-stamp": (
        {
            1: CATALOG.replace(b"7 0 R]", b"7 0 R 40 0 R]") % b"",
            3: PAGE % (b"8 0 R", b" 40 0 R"),
            40: b"<</Type/Annot/Subtype/Widget/FT/Sig/T(s)/V 41 0 R/Rect[0 0 200 200]/AP<</N 9 0 R>>>>",
            41: b"<</Type/DocTimeStamp/SubFilter/ETSI.RFC3161/ByteRange[0 1 999999 9]/Contents<00>>>",
        },
        None,
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_found_and_named(key, attack):
    objects, expected = ATTACKS[attack]
    found = named(updated(signed_form(key), objects))
    assert expected is None or expected in found
    assert judged(updated(signed_form(key), objects), ALL).changes is Changes.FORBIDDEN


def test_a_certificate_that_a_page_was_waiting_for(key):
    """Shadow attack: the signed page names a content that is not there yet; the security store brings it."""
    signed = signed_form(key, contents=b"[8 0 R 31 0 R]")
    assert ("31 0", "added", "page content", (1,)) in named(updated(signed, STORE))


def test_a_certificate_that_the_catalog_was_waiting_for(key):
    """The same with a store that is written out in the catalog: its key is another one."""
    store = {1: CATALOG % b"/Metadata 31 0 R/DSS<</VRI<</A<</Cert[31 0 R]>>>>>>", 31: stream(b"", b"forged")}
    signed = signed_form(key, catalog=b"/Metadata 31 0 R")
    assert ("31 0", "added", "metadata", ()) in named(updated(signed, store))
    honest = {1: CATALOG % b"/DSS<</VRI<</A<</Cert[31 0 R]/TS 31 0 R>>>>>>", 31: stream(b"", b"x")}
    assert judged(updated(signed_form(key), honest)).changes is Changes.PERMITTED


def test_an_array_that_is_both_the_annotations_and_the_pages(key):
    stamp = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(s)/V 41 0 R/Rect[0 0 0 0]>>"
    value = b"<</Type/DocTimeStamp/SubFilter/ETSI.RFC3161/ByteRange[0 1 999999 9]/Contents<00>>>"
    catalog = CATALOG.replace(b"[4 0 R 6 0 R 7 0 R]", b" 11 0 R") % b""
    form = signed_form(key, extra=(b"[4 0 R 6 0 R 7 0 R]",), page=b"/B 11 0 R")
    data = updated(form, {1: catalog, 11: b"[4 0 R 6 0 R 7 0 R 40 0 R]", 40: stamp, 41: value})
    assert "11 0" in {item[0] for item in named(data)}


def test_an_overlay_that_was_signed_is_taken_away(key):
    """Hide: two contents were signed, the second covers the first, and is then left out."""
    signed = signed_form(key, contents=b"[8 0 R 11 0 R]", extra=(stream(b"", b"0 0 200 200 re f"),))
    assert named(updated(signed, {3: PAGE % (b"8 0 R", b"")})) == {("3 0", "replaced", "page", (1,))}
    assert ("11 0", "removed", "page content", (1,)) in named(updated(signed, {}, free=(11,)))


def test_an_older_object_in_the_signed_bytes_is_brought_to_light(key):
    """Hide and replace: the forged content lies in the signed bytes, and a later cross-reference points to it."""
    forged = b"8 0 obj\n" + stream(b"", b"BT (forged) Tj ET") + b"\nendobj\n"
    holder = stream(b"/Type/EmbeddedFile", forged)
    signed = signed_form(key, extra=(holder,))
    place = signed.index(forged)
    data = updated(signed, {})
    line = b"xref\n8 1\n%010d 00000 n \ntrailer" % place
    data = data[: data.rindex(b"xref\ntrailer")] + data[data.rindex(b"xref\ntrailer") :].replace(
        b"xref\ntrailer", line, 1
    )
    assert ("8 0", "replaced", "page content", (1,)) in named(data)


def test_another_catalog(key):
    data = updated(signed_form(key), {40: CATALOG % b""}, trailer=b"/Root 40 0 R")
    assert ("trailer", "replaced", "trailer", ()) in named(data)


@pytest.mark.parametrize("junk", [b"x", b"% a comment", b"\n40 0 obj\n<<>>\nendobj\n", bytes(3) + b"%%EOF"])
def test_bytes_that_belong_to_nothing(key, junk):
    expected = ("", "added", "bytes outside of every object", ())
    assert expected in named(updated(signed_form(key), STORE) + junk)
    if b"%" not in junk:
        assert expected in named(updated(signed_form(key), STORE, between=junk + b"\n"))


def test_an_update_that_says_the_same_again_changes_nothing(key):
    assert judged(updated(signed_form(key), {8: stream(b"", CONTENT), 10: FONT})).changes is Changes.PERMITTED


def test_a_security_store_may_not_shrink(key):
    grown = updated(signed_form(key), STORE)
    assert judged(updated(grown, {30: b"<</Certs[31 0 R]/CRLs 32 0 R/OCSPs[]>>"})).changes is Changes.PERMITTED
    first = read_structure(grown, Limits())
    assert first.validation_data.certificates == (b"x",)


def test_a_store_may_be_written_anew_and_leave_the_old_one_behind(key):
    anew = {1: CATALOG % b"/DSS 60 0 R", 60: b"<</Certs[61 0 R 63 0 R]/CRLs[62 0 R]>>", 61: STORE[31], 62: STORE[33]}
    anew[63] = stream(b"", b"z")
    assert judged(updated(updated(signed_form(key), STORE), anew)).changes is Changes.PERMITTED
    lost = anew | {60: b"<</Certs[63 0 R]/CRLs[62 0 R]>>"}
    assert judged(updated(updated(signed_form(key), STORE), lost)).changes is Changes.FORBIDDEN


def test_a_change_that_is_taken_back_is_found(key):
    there = updated(signed_form(key), {8: stream(b"", b"BT (forged) Tj ET")})
    assert named(updated(there, {8: stream(b"", CONTENT)})) == {("8 0", "replaced", "page content", (1,))}


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    b"<xmp:ModifyDate>%b</xmp:ModifyDate><dc:title>%b</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)


@pytest.mark.parametrize(
    ("packet", "changes"),
    [
        (XMP % (b"2026", b"licence"), Changes.PERMITTED),
        (XMP % (b"2026", b"forged"), Changes.FORBIDDEN),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + XMP % (b"2026", b"licence"), Changes.FORBIDDEN),
        (b"no xml", Changes.FORBIDDEN),
    ],
)
def test_metadata_may_note_when_the_file_was_written(key, packet, changes):
    kind = b"/Type/Metadata/Subtype/XML"
    signed = signed_form(key, catalog=b"/Metadata 11 0 R", extra=(stream(kind, XMP % (b"2025", b"licence")),))
    assert judged(updated(signed, {11: stream(kind, packet)})).changes is changes


def test_a_locked_field_stays_as_it_is(key):
    lock = b"/Reference[<</TransformMethod/FieldMDP/TransformParams<</Action/Include/Fields[(remark)]>>>>]"
    twice = signed_again(signed_form(key), key, reference=lock)
    data = updated(twice, {7: FILLED})
    assert judged(data, ALL, 0).changes is Changes.PERMITTED
    assert judged(data, ALL, 1).changes is Changes.FORBIDDEN
