"""Signatures into documents of any maker: fields, seals at their size, certification, and what is refused."""

import re
import subprocess
from dataclasses import replace
from functools import cache
from io import BytesIO

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.augmentation import Level, Sources, add_document_timestamp, sign_document
from signing.errors import MalformedDataError, SigningError, SigningNotPermittedError, UnsupportedFormatError
from signing.pades import sign_prepared
from signing.pyhanko_adapter import validate_with_pyhanko
from signing.pyhanko_writing import append_evidence, prepare_document_timestamp, prepare_signature
from signing.signature_spec import DocMdp, SealAppearance, SignatureSpec
from signing.validation.evidence import ValidationData
from tests.unit.signing.pki import NOW, pki, plain_pdf
from tests.unit.signing.western_pki import western_pki

MM = 72 / 25.4
SPEC = SignatureSpec(claimed_at=NOW)


@cache
def png(colour=(200, 0, 0, 255)):
    """A red square, opaque, with a blue upper left corner."""
    picture = Image.new("RGBA", (80, 80), colour)
    picture.paste((0, 0, 200, 255), (0, 0, 40, 40))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def seal(**changes):
    values = {"png": png(), "width_mm": 20.0, "height_mm": 20.0, "left_mm": 15.0, "bottom_mm": 10.0}
    return SealAppearance(**values | changes)


def made(*, rotate=0, pages=1, box=(0, 0, 400, 300), stream_xref=False, **save):
    """A document of another maker (pikepdf)."""
    pdf = pikepdf.new()
    for _ in range(pages):
        page = pdf.add_blank_page(page_size=(400, 300)).obj
        page.MediaBox = list(box)
        page.Rotate = rotate
    buffer = BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if stream_xref else pikepdf.ObjectStreamMode.disable
    pdf.save(buffer, object_stream_mode=mode, **save)
    return buffer.getvalue()


def sign(document, spec=SPEC, key=None):
    return sign_prepared(prepare_signature(document, spec), key or pki().seal)


def judged(document):
    roots = [pki().root.certificate, western_pki().root]
    return validate_with_pyhanko(document, trust_anchors=roots, crls=(*pki().crls(), western_pki().crl))


@pytest.mark.parametrize("stream_xref", [False, True], ids=["table", "stream"])
@pytest.mark.parametrize("certify", [None, *DocMdp])
def test_documents_of_others_are_signed(stream_xref, certify):
    document = made(stream_xref=stream_xref)
    signed = sign(document, replace(SPEC, certify=certify, seal=seal()))
    assert signed.startswith(document)
    [status] = judged(signed)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    with pikepdf.open(BytesIO(signed)) as pdf:
        assert ("/Perms" in pdf.Root) == (certify is not None)
        [field] = pdf.Root.AcroForm.Fields
        if certify is not None:
            assert certify == field.V.Reference[0].TransformParams.P


def test_a_signature_says_who_where_and_why():
    spec = replace(SPEC, signer_name="江城区市场监督管理局", reason="签发", location="阳江", field_name="Office")
    with pikepdf.open(BytesIO(sign(plain_pdf(), spec))) as pdf:
        [field] = pdf.Root.AcroForm.Fields
        assert str(field.T) == "Office"
        assert (str(field.V.Name), str(field.V.Reason), str(field.V.Location)) == (
            "江城区市场监督管理局",
            "签发",
            "阳江",
        )
        assert [float(edge) for edge in field.Rect] == [0, 0, 0, 0]


def rendered(document, page=0, scale=4):
    pdf = pypdfium2.PdfDocument(document)
    pdf.init_forms()
    return pdf[page].render(scale=scale).to_pil().convert("RGB"), scale


def extent(picture, scale, wanted):
    """(left, bottom, right, top) of a colour as the reader sees it, in millimetres."""
    red, green, blue = (np.asarray(channel).astype(int) for channel in picture.split())
    rows, columns = np.nonzero(wanted(red, green, blue))
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    height = picture.height
    return [value / scale / MM for value in (left, height - bottom, right, height - top)]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("box", [(0, 0, 400, 300), (-50, 20, 350, 320)], ids=["origin", "shifted"])
def test_the_seal_stands_upright_at_its_real_size_and_place(rotate, box):
    signed = sign(made(rotate=rotate, box=box), replace(SPEC, seal=seal()))
    picture, scale = rendered(signed)
    whole = extent(picture, scale, lambda r, g, b: (r + b > 150) & (g < 80))
    assert whole == pytest.approx([15, 10, 35, 30], abs=0.2)
    corner = extent(picture, scale, lambda r, g, b: (b > 150) & (r < 80))
    assert corner == pytest.approx([15, 20, 25, 30], abs=0.3)


def test_the_seal_goes_to_the_page_that_was_asked_for():
    signed = sign(made(pages=3), replace(SPEC, seal=seal(page=2)))
    colours = [rendered(signed, number)[0].getcolors(100_000) for number in range(3)]
    assert [len(found) > 1 for found in colours] == [False, True, False]


@pytest.mark.parametrize(
    "changes",
    [{"left_mm": 130.0}, {"bottom_mm": -1.0}, {"width_mm": 0.0}, {"height_mm": 200.0}],
)
def test_a_seal_off_the_page_is_refused(changes):
    with pytest.raises(SigningError, match="page"):
        prepare_signature(made(), replace(SPEC, seal=seal(**changes)))


def test_a_picture_that_is_none_is_refused():
    with pytest.raises(SigningError):
        prepare_signature(made(), replace(SPEC, seal=seal(png=b"no picture")))


def test_a_page_that_is_not_there_is_refused():
    with pytest.raises(SigningError):
        prepare_signature(made(), replace(SPEC, seal=seal(page=2)))


def test_two_offices_sign_one_after_the_other():
    once = sign(made(), replace(SPEC, field_name="First", seal=seal()))
    twice = sign(once, replace(SPEC, field_name="Second", seal=seal(left_mm=60.0)), western_pki().seal)
    assert [status.valid and status.intact for status in judged(twice)] == [True, True]


def certified(level):
    return sign(made(), replace(SPEC, field_name="First", certify=level))


def test_a_certification_without_changes_forbids_every_signature():
    with pytest.raises(SigningNotPermittedError):
        prepare_signature(certified(DocMdp.NO_CHANGES), replace(SPEC, field_name="Second"))


@pytest.mark.parametrize("level", [DocMdp.SIGN_AND_FILL_FORMS, DocMdp.ANNOTATE])
def test_a_looser_certification_permits_an_invisible_signature_only(level):
    document = certified(level)
    signed = sign(document, replace(SPEC, field_name="Second"))
    assert [status.bottom_line for status in judged(signed)] == [True, True]
    with pytest.raises(SigningNotPermittedError, match="visible"):
        prepare_signature(document, replace(SPEC, field_name="Second", seal=seal()))


def test_a_document_is_certified_once_and_first():
    for document in (certified(DocMdp.ANNOTATE), sign(made(), replace(SPEC, field_name="First"))):
        with pytest.raises(SigningNotPermittedError, match="certified"):
            prepare_signature(document, replace(SPEC, field_name="Second", certify=DocMdp.ANNOTATE))


def test_a_field_is_filled_once():
    with pytest.raises(SigningNotPermittedError, match="signed already"):
        prepare_signature(sign(made()), SPEC)


def with_field(rect, lock=None):
    """A document whose maker left an empty signature field."""
    with pikepdf.open(BytesIO(made())) as pdf:
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Sig,
                T="Signature",
                F=132,
                Rect=list(rect),
                P=pdf.pages[0].obj,
            )
        )
        if lock:
            field.Lock = pikepdf.Dictionary(Type=pikepdf.Name.SigFieldLock, Action=pikepdf.Name.All, P=lock)
        pdf.pages[0].obj.Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[field], SigFlags=1)
        buffer = BytesIO()
        pdf.save(buffer)
        return buffer.getvalue()


def test_a_seal_stands_in_the_middle_of_a_field_that_was_there():
    document = with_field((100, 100, 300, 200))
    signed = sign(document, replace(SPEC, seal=seal()))
    picture, scale = rendered(signed)
    middle = (200 / MM, 150 / MM)
    expected = [middle[0] - 10, middle[1] - 10, middle[0] + 10, middle[1] + 10]
    assert extent(picture, scale, lambda r, g, b: (r + b > 150) & (g < 80)) == pytest.approx(expected, abs=0.2)
    with pytest.raises(SigningError, match="larger"):
        prepare_signature(with_field((100, 100, 120, 120)), replace(SPEC, seal=seal()))


def test_the_lock_of_a_field_becomes_that_of_its_signature():
    signed = sign(with_field((0, 0, 0, 0), lock=1))
    with pytest.raises(SigningNotPermittedError, match="no further"):
        prepare_signature(signed, replace(SPEC, field_name="Second"))
    [status] = judged(signed)
    assert status.bottom_line


def test_time_stamps_and_evidence_are_never_forbidden():
    document = certified(DocMdp.NO_CHANGES)
    stamped = add_document_timestamp(document, pki().unit)
    extended = append_evidence(stamped, ValidationData((pki().root.certificate,), pki().crls()))
    assert extended.startswith(stamped)
    assert extended != stamped
    [status] = judged(extended)
    assert status.bottom_line


def test_document_time_stamps_get_fields_of_their_own():
    document = made()
    for number in (1, 2, 3):
        document = add_document_timestamp(document, pki().unit)
        with pikepdf.open(BytesIO(document)) as pdf:
            assert [str(field.T) for field in pdf.Root.AcroForm.Fields][-1] == f"DocumentTimestamp{number}"


def test_evidence_may_come_in_the_same_revision():
    evidence = ValidationData((pki().root.certificate,), pki().crls())
    signed = sign_prepared(prepare_signature(made(), SPEC, evidence=evidence), pki().seal)
    [status] = judged(signed)
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    with pikepdf.open(BytesIO(signed)) as pdf:
        assert len(pdf.Root.DSS.CRLs) == 2


def test_metadata_are_left_alone():
    document = sign(made())
    assert b"/Info" not in document[len(made()) :]
    assert b"pyHanko" not in document


def test_an_encrypted_document_is_refused():
    encrypted = made(encryption=pikepdf.Encryption(owner="secret", user=""))
    for prepare in (lambda: prepare_signature(encrypted, SPEC), lambda: prepare_document_timestamp(encrypted)):
        with pytest.raises(UnsupportedFormatError):
            prepare()


@pytest.mark.parametrize("document", [b"", b"%PDF-1.7\n", plain_pdf()[:200], b"\0" * 5000], ids=range(4))
def test_what_is_no_pdf_is_refused(document):
    for prepare in (prepare_signature, lambda data, _: append_evidence(data, ValidationData())):
        with pytest.raises(MalformedDataError):
            prepare(document, SPEC)


def test_qpdf_finds_nothing_wrong(tmp_path):
    for number, stream_xref in enumerate((False, True)):
        signed = sign_document(
            made(stream_xref=stream_xref), pki().seal, replace(SPEC, seal=seal()), Level.B_T, Sources(pki().unit)
        )
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(add_document_timestamp(signed, pki().unit))
        checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout
        assert not re.search("WARNING", checked.stdout + checked.stderr)
