"""The electronic form: what is on it, in what order, what it is prepared for, and what it refuses."""

import re
from datetime import date
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from pikepdf import Name

from gateway.documents.face import FaceError, FaceItem, SealPicture
from gateway.documents.licence_page import QR_MM, SEAL_CENTRE, render_electronic
from signing.pades import CONTENTS_HEX_DIGITS, sign_prepared
from tests.pki import make_pki
from tests.unit.documents.faces import (
    AT,
    ATTACHMENT,
    PAYLOAD,
    application_faces,
    electronic,
    fonts,
    hard_faces,
    make_face,
    seal,
)

POINTS = 72 / 25.4


def text_of(data):
    text = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded()
    return re.sub(r"\s", "", text)


def without_spaces(text):
    return re.sub(r"\s", "", text)


def test_all_applications_can_be_set_and_read_back():
    for face in application_faces():
        text = text_of(electronic(face).data)
        expected = (face.title, face.licence_number, face.issuing_authority, face.licence_identifier)
        for part in (*expected, *(item.value for item in face.lines())):
            assert without_spaces(part) in text


@pytest.mark.parametrize("name", ["bare", "long", "many"])
def test_hard_faces_can_be_set_and_read_back(name):
    face = hard_faces()[name]
    text = text_of(electronic(face).data)
    for item in face.lines():
        assert without_spaces(item.value) in text
    assert (face.watermark is None) or without_spaces(face.watermark) in text


def test_dates_are_tabular_and_an_open_end_is_said_in_words():
    assert "2024年05月25日至2029年05月24日" in text_of(electronic().data)
    assert "2024年05月25日至长期" in text_of(electronic(valid_until=None).data)
    assert "2024年01月02日" in text_of(electronic(issued_on=date(2024, 1, 2)).data)


def test_the_gap_is_where_the_byte_range_says():
    prepared = electronic()
    data = prepared.data
    assert data[prepared.gap_start : prepared.gap_end] == b"<" + b"0" * CONTENTS_HEX_DIGITS + b">"
    stated = [int(number) for number in re.search(rb"/ByteRange\[([0-9 ]+)\]", data)[1].split()]
    assert stated == [0, prepared.gap_start, prepared.gap_end, len(data) - prepared.gap_end]


def test_the_signature_field_certifies_and_shows_the_seal_at_its_size():
    with pikepdf.open(BytesIO(electronic().data)) as pdf:
        form = pdf.Root.AcroForm
        assert form.SigFlags == 3
        field, acceptance = form.Fields
        value = field.V
        assert (field.T, field.FT, value.Filter) == ("IssuingAuthority", Name.Sig, Name("/Adobe.PPKLite"))
        assert value.SubFilter == Name("/ETSI.CAdES.detached")
        assert value.M == "D:20240525010203Z"
        assert value.Name == make_face().issuing_authority
        assert value.objgen == pdf.Root.Perms.DocMDP.objgen
        assert value.Reference[0].TransformMethod == Name.DocMDP
        # Level 2: the empty field may be signed, and there is no other; its signature is the last change.
        assert value.Reference[0].TransformParams.P == 2
        assert (acceptance.T, acceptance.FT, "/V" in acceptance) == ("HolderAcceptance", Name.Sig, False)
        assert (acceptance.Lock.Action, acceptance.Lock.P) == (Name.All, 1)
        left, bottom, right, top = (float(number) / POINTS for number in field.Rect)
        assert (right - left, top - bottom) == pytest.approx((42, 42), abs=0.01)
        assert ((left + right) / 2, (bottom + top) / 2) == pytest.approx(SEAL_CENTRE, abs=0.01)


def test_the_attachment_is_an_associated_file():
    with pikepdf.open(BytesIO(electronic().data)) as pdf:
        [file] = pdf.Root.AF
        assert file.objgen == pdf.Root.Names.EmbeddedFiles.Names[1].objgen
        assert (file.UF, file.AFRelationship) == ("licence.json", Name.Data)
        assert file.EF.F.Subtype == Name("/application/json")
        assert file.EF.F.read_bytes() == ATTACHMENT
        assert file.EF.F.Params.Size == len(ATTACHMENT)
        assert pdf.Root.Lang == "zh-CN"


def test_the_qr_code_is_drawn_at_its_size():
    with pikepdf.open(BytesIO(electronic().data)) as pdf:
        instructions = [
            (str(op), [str(o) for o in operands]) for operands, op in pikepdf.parse_content_stream(pdf.pages[0])
        ]
        at = instructions.index(("Do", ["/Q"]))
        matrix = [float(number) for number in instructions[at - 1][1]]
        assert matrix[:4] == pytest.approx([QR_MM * POINTS, 0, 0, QR_MM * POINTS], abs=0.01)


def test_signing_changes_only_the_gap():
    prepared = electronic()
    signed = sign_prepared(prepared, make_pki().leaf())
    assert len(signed) == len(prepared.data)
    assert signed[: prepared.gap_start] == prepared.data[: prepared.gap_start]
    assert signed[prepared.gap_end :] == prepared.data[prepared.gap_end :]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"title": "许可证" * 20}, "证照名称"),
        ({"licence_number": "粤" * 200}, "证照编号"),
        ({"issuing_authority": "阳江市市场监督管理局" * 6}, "名称|发证机关"),
        ({"verify_url": "https://" + "a" * 300}, "核验网址"),
        ({"items": (FaceItem("许可范围", "制售；" * 1000),)}, "许可范围"),
        ({"holder_name": "甲\U0001f600"}, "U\\+1F600"),
        ({"holder_name": "甲\u202e乙"}, "U\\+202E"),
        ({"qr_text": PAYLOAD * 2}, "version"),
    ],
)
def test_what_cannot_be_set_is_refused_by_name(changes, named):
    with pytest.raises(FaceError, match=named):
        render_electronic(fonts(), make_face(**changes), seal(), attachment=b"{}", created_at=AT)


@pytest.mark.parametrize(
    "picture",
    [
        SealPicture(seal().png, 42, 90),
        SealPicture(seal().png, 0, 0),
        SealPicture(b"\x89PNG no picture", 42, 42),
        SealPicture(seal().png[:200], 42, 42),
    ],
)
def test_an_unusable_seal_is_refused(picture):
    with pytest.raises(FaceError, match=r"seal|picture"):
        render_electronic(fonts(), make_face(), picture, attachment=b"{}", created_at=AT)
