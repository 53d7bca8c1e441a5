"""Both forms keep the rules of PDF/A-3b, and the rules notice when a file does not."""

import re
from datetime import timedelta, timezone
from io import BytesIO

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String

from gateway.documents.paper_page import render_paper
from gateway.documents.pdfa import srgb_profile, xmp
from signing.appending import prepare_second
from signing.augmentation import Level, Sources, archive, sign_document
from signing.evidence_gathering import EvidenceAtHand
from signing.keys import SignatureAlgorithm
from signing.pades import sign_prepared
from signing.signature_spec import DocMdp, SealAppearance, SignatureSpec
from tests.pki import make_pki
from tests.unit.documents.faces import AT, electronic, fonts, hard_faces, make_face, seal
from tests.unit.documents.pdfa_rules import violations


@pytest.mark.parametrize("name", ["bare", "long", "many"])
def test_both_forms_conform(name):
    face = hard_faces()[name]
    assert violations(electronic(face).data) == []
    assert violations(render_paper(fonts(), face, created_at=AT)) == []


def test_the_signed_form_conforms():
    assert violations(sign_prepared(electronic(), make_pki().leaf())) == []


def test_the_form_for_two_signatures_conforms_with_one_and_with_both():
    prepared = electronic(has_second_signature=True)
    once = sign_prepared(prepared, make_pki().leaf())
    following = prepare_second(once, prepared.empty_field, claimed_at=AT, signer_name="局")
    key = make_pki().leaf(algorithm=SignatureAlgorithm.ECDSA_WITH_SHA256)
    assert violations(prepared.data) == []
    assert violations(once) == []
    assert violations(sign_prepared(following, key)) == []


def test_what_is_added_later_conforms_too():
    """Evidence, time-stamps, and a visible seal on a form that was set without one."""
    house = make_pki()
    sources = Sources(house.unit(), EvidenceAtHand((house.root.certificate, house.issuing.certificate), house.crls()))
    licence = sign_prepared(electronic(), house.leaf(), timestamps=sources.timestamps)
    assert violations(archive(licence, sources.evidence, sources.timestamps)) == []
    picture = seal()
    spec = SignatureSpec(
        claimed_at=AT,
        seal=SealAppearance(picture.png, picture.width_mm, picture.height_mm, left_mm=200, bottom_mm=30),
        certify=DocMdp.NO_CHANGES,
    )
    paper = render_paper(fonts(), make_face(), created_at=AT)
    assert violations(sign_document(paper, house.leaf(), spec, Level.B_LTA, sources)) == []


def damaged(change):
    with pikepdf.open(BytesIO(electronic().data)) as pdf:
        change(pdf)
        buffer = BytesIO()
        pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, fix_metadata_version=False)
        return buffer.getvalue()


def font_of(pdf):
    return pdf.pages[0].Resources.Font["/F0"]


def widget_of(pdf):
    return pdf.pages[0].Annots[0]


def change_metadata(pdf):
    packet = pdf.Root.Metadata.read_bytes()
    pdf.Root.Metadata.write(packet.replace(b"<pdfaid:part>3", b"<pdfaid:part>2"))


def state_the_encoding(pdf):
    packet = pdf.Root.Metadata.read_bytes()
    pdf.Root.Metadata.write(packet.replace(b"?>", b' encoding="UTF-8"?>', 1))


def show_an_unknown_glyph(pdf):
    pdf.pages[0].contents_add(Stream(pdf, b"BT /F0 9 Tf <0000> Tj ET"))


def change_a_width(pdf):
    font_of(pdf).DescendantFonts[0].W[1] = Array([1])


def drop_a_meaning(pdf):
    stream = font_of(pdf).ToUnicode
    stream.write(re.sub(rb"<0001> <[0-9A-F]+>", b"", stream.read_bytes()))


def empty_the_font(pdf):
    del font_of(pdf).DescendantFonts[0].FontDescriptor.FontFile2


def add_action(pdf):
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


DEFECTS = {
    "6.6.4": change_metadata,
    "6.6.2.1": state_the_encoding,
    "6.2.3": lambda pdf: pdf.Root.OutputIntents.__delitem__(0),
    "6.2.4.3": lambda pdf: pdf.Root.OutputIntents[0].DestOutputProfile.__setitem__("/N", 4),
    "6.2.11.4.1": empty_the_font,
    "6.2.11.5": change_a_width,
    "6.2.11.7.2": drop_a_meaning,
    "6.2.11.8": show_an_unknown_glyph,
    "6.2.8": lambda pdf: pdf.pages[0].Resources.XObject.Q.__setitem__("/Interpolate", True),
    "6.2.2": lambda pdf: pdf.pages[0].contents_add(Stream(pdf, b"foo")),
    "6.1.13": lambda pdf: pdf.pages[0].contents_add(Stream(pdf, b"q")),
    "6.3.2": lambda pdf: widget_of(pdf).__setitem__("/F", 2),
    "6.3.3": lambda pdf: widget_of(pdf).AP.__setitem__("/D", widget_of(pdf).AP.N),
    "6.4.1": lambda pdf: pdf.Root.AcroForm.__setitem__("/NeedAppearances", True),
    "6.5.1": add_action,
    "6.8": lambda pdf: pdf.Root.__delitem__("/AF"),
    "6.1.12": lambda pdf: pdf.Root.Perms.DocMDP.Reference[0].__setitem__("/DigestValue", String("x")),
}


@pytest.mark.parametrize("clause", DEFECTS)
def test_a_defect_is_noticed(clause):
    before = {text.split()[0] for text in violations(damaged(lambda _: None))}
    after = {text.split()[0] for text in violations(damaged(DEFECTS[clause]))}
    assert clause in after - before


def test_the_profile_is_the_same_on_every_run():
    srgb_profile.cache_clear()
    first = srgb_profile()
    srgb_profile.cache_clear()
    assert srgb_profile() == first
    assert first[36:40] == b"acsp"


def test_metadata_escapes_and_speaks_utc():
    local = AT.astimezone(timezone(timedelta(hours=8)))
    packet = xmp("甲 & <乙>", "1.2.3", local)
    assert "甲 &amp; &lt;乙&gt;".encode() in packet
    assert b"<xmp:CreateDate>2024-05-25T01:02:03Z<" in packet


def test_equal_input_gives_equal_bytes_and_another_licence_another_identifier():
    assert electronic().data == electronic().data
    with (
        pikepdf.open(BytesIO(electronic().data)) as one,
        pikepdf.open(BytesIO(electronic(make_face(licence_number="JY2")).data)) as other,
    ):
        assert bytes(one.trailer.ID[0]) != bytes(other.trailer.ID[0])
