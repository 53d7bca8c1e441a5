"""The paper counterpart says the same as the electronic form, and leaves room for seal and serial number."""

import re
from io import BytesIO

import pikepdf
import pypdfium2

from gateway.documents.paper_page import render_paper
from tests.unit.documents.faces import AT, application_faces, electronic, fonts


def text_of(data):
    return re.sub(r"\s", "", pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded())


def paper(face):
    return render_paper(fonts(), face, created_at=AT)


def mask_of(data):
    with pikepdf.open(BytesIO(data)) as pdf:
        return pdf.pages[0].Resources.XObject.Q.read_bytes()


def test_both_forms_say_the_same():
    for face in application_faces()[::7]:
        electronic_text, paper_text = text_of(electronic(face).data), text_of(paper(face))
        for part in (face.title, face.licence_number, face.issuing_authority, *(i.value for i in face.lines())):
            assert re.sub(r"\s", "", part) in paper_text
            assert re.sub(r"\s", "", part) in electronic_text
        assert mask_of(paper(face)) == mask_of(electronic(face).data)


def test_the_paper_has_places_but_no_seal_and_no_signature():
    data = paper(application_faces()[0])
    assert "（正本）" in text_of(data)
    assert "印制编号：" in text_of(data)
    assert "盖章处" in text_of(data)
    assert b"/Sig" not in data
    with pikepdf.open(BytesIO(data)) as pdf:
        assert "/AcroForm" not in pdf.Root
        assert "/Annots" not in pdf.pages[0]
        assert list(pdf.pages[0].Resources.XObject.keys()) == ["/Q"]
