"""Both forms of a licence in qpdf, poppler and pdfium: they open, show, read and scan as they should."""

import re
import subprocess

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from gateway.documents.licence_page import QR_BOTTOM, QR_LEFT, QR_MM, SEAL_CENTRE
from gateway.documents.paper_page import render_paper
from signing.pades import sign_prepared
from tests.pki import make_pki
from tests.unit.documents.faces import AT, application_faces, electronic, fonts, hard_faces, make_face

pytestmark = pytest.mark.interop

DPI = 300
FACES = {"ordinary": make_face(), "application": application_faces()[1], **hard_faces()}
CASES = [(name, form) for name in FACES for form in ("electronic", "paper")]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def file(request, tmp_path_factory):
    """(face, path of one form of it); the electronic one signed."""
    name, form = request.param
    face = FACES[name]
    data = (
        sign_prepared(electronic(face), make_pki().leaf())
        if form == "electronic"
        else render_paper(fonts(), face, created_at=AT)
    )
    path = tmp_path_factory.mktemp("pdf") / f"{form}.pdf"
    path.write_bytes(data)
    return face, path


@pytest.fixture(scope="module")
def rendered(file):
    """The page at 300 dpi, as poppler draws it."""
    _, path = file
    drawn = run("pdftoppm", "-r", str(DPI), "-singlefile", str(path), str(path.with_suffix("")))
    assert (drawn.returncode, drawn.stderr) == (0, "")
    return Image.open(path.with_suffix(".ppm")).convert("RGB")


def cut(picture, left, bottom, width, height):
    """A part of the page, in millimetres from bottom left."""
    scale = DPI / 25.4
    return picture.crop(
        (
            round(left * scale),
            round((210 - bottom - height) * scale),
            round((left + width) * scale),
            round((210 - bottom) * scale),
        )
    )


def test_qpdf_finds_nothing_wrong(file):
    _, path = file
    checked = run("qpdf", "--check", str(path))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "No syntax or stream encoding errors found" in checked.stdout
    assert "WARNING" not in checked.stdout + checked.stderr


def test_every_font_is_embedded_and_a_subset(file):
    _, path = file
    listed = run("pdffonts", str(path)).stdout.splitlines()[2:]
    assert 3 <= len(listed) <= 4
    for line in listed:
        assert re.match(r"[A-Z]{6}\+Noto(Serif|Sans)SC-\w+ +CID TrueType +Identity-H +yes yes yes", line), line


def test_the_text_comes_back_in_reading_order(file):
    face, path = file
    text = re.sub(r"\s", "", run("pdftotext", "-layout", str(path), "-").stdout)
    raw = re.sub(r"\s", "", run("pdftotext", "-raw", str(path), "-").stdout)
    labelled = [f"{item.label}：{re.sub(chr(32), '', item.value)}" for item in face.lines()]
    expected = [face.title, face.licence_number, *labelled, face.issuing_authority]
    positions = [raw.find(part) for part in expected]
    assert -1 not in positions, expected[positions.index(-1)]
    assert positions == sorted(positions)
    assert face.title in text
    assert face.licence_number in text


def test_the_code_scans_from_a_print_at_its_size(file, rendered):
    face, _ = file
    quiet = 4
    part = cut(rendered, QR_LEFT - quiet, QR_BOTTOM - quiet, QR_MM + 2 * quiet, QR_MM + 2 * quiet)
    [found] = zxingcpp.read_barcodes(np.asarray(part.convert("L")))
    assert found.text == face.qr_text
    assert found.ec_level == "M"
    corners = found.position
    side = (corners.top_right.x - corners.top_left.x) / DPI * 25.4
    assert side == pytest.approx(QR_MM, abs=0.5)


def test_the_whole_page_scans_too(file, rendered):
    face, _ = file
    assert [code.text for code in zxingcpp.read_barcodes(np.asarray(rendered.convert("L")))] == [face.qr_text]


def test_the_quiet_zone_is_white(file, rendered):
    face, _ = file
    threshold = 200 if face.watermark else 250  # pale letters may pass; the reader above copes with them
    modules = 4 * QR_MM / 85
    for left, bottom, width, height in (
        (QR_LEFT - modules, QR_BOTTOM, modules - 0.15, QR_MM),
        (QR_LEFT + QR_MM + 0.15, QR_BOTTOM, modules - 0.15, QR_MM),
        (QR_LEFT, QR_BOTTOM - modules, QR_MM, modules - 0.15),
        (QR_LEFT, QR_BOTTOM + QR_MM + 0.15, QR_MM, modules - 0.15),
    ):
        assert np.asarray(cut(rendered, left, bottom, width, height)).min() > threshold


def test_the_seal_is_there_in_red_or_its_place_is_free(file, rendered):
    _, path = file
    x, y = SEAL_CENTRE
    part = np.asarray(cut(rendered, x - 21, y - 21, 42, 42)).astype(int)
    red = ((part[..., 0] - part[..., 1] > 90) & (part[..., 0] > 150)).mean()
    if path.stem == "electronic":
        assert 0.15 < red < 0.5
    else:
        assert red == 0


def test_pdfium_draws_the_same_page(file, rendered):
    """A second renderer, of another house, agrees within the differences of smoothing."""
    _, path = file
    document = pypdfium2.PdfDocument(path)
    document.init_forms()  # pdfium leaves out the appearance of a signature field otherwise
    other = document[0].render(scale=DPI / 72).to_pil().convert("L")
    assert other.size == rendered.size
    small = (other.width // 12, other.height // 12)
    one, two = (
        np.asarray(picture.resize(small, Image.Resampling.BOX)).astype(int)
        for picture in (rendered.convert("L"), other)
    )
    assert np.abs(one - two).mean() < 2.5
    assert np.abs(one - two).max() < 60
