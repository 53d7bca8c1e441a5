import io
import json
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from gateway.errors import UnreadableInputError
from gateway.imaging import pdf_pages, qr_decoding
from gateway.imaging.pdf_pages import MAX_PAGES, PdfUnreadableError, rendered_pages
from gateway.imaging.qr_decoding import read_picture
from gateway.imaging.qr_reading import MAX_BYTES, MAX_SECONDS, read_codes
from tests.conftest import VECTORS

QR = VECTORS / "qr"
EXPECTED = json.loads((QR / "expected.json").read_text())
TEXT = EXPECTED["plain"]["text"]
PLAIN = Image.open(QR / "plain.png").convert("L")
MAX_PIXELS = 40_000_000


def encoded(picture, form="PNG", **options):
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def texts_of(data, max_pixels=MAX_PIXELS):
    return list(read_codes(data, max_pixels=max_pixels).texts)


def read(picture, form="PNG", **options):
    return texts_of(encoded(picture, form, **options))


def pdf(content, pages=1):
    """A PDF by hand: ``pages`` A4 pages that share one content stream."""
    kids = b" ".join(b"%d 0 R" % (4 + i) for i in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        *[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R>>"] * pages,
    ]
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def drawn_code(text, module_points=2):
    """PDF operators that draw ``text`` as a QR code of squares."""
    rows = segno.make_qr(text, error="m").matrix
    squares = [
        b"%d %d %d %d re f" % (60 + x * module_points, 700 - y * module_points, module_points, module_points)
        for y, row in enumerate(rows)
        for x, module in enumerate(row)
        if module
    ]
    return b"\n".join(squares)


@pytest.mark.parametrize("name", EXPECTED)
def test_sample_pictures_are_read(name):
    assert texts_of((QR / f"{name}.png").read_bytes()) == [EXPECTED[name]["text"]]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.rotate(33, expand=True, fillcolor=255),
        lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda p: p.point(lambda v: 255 - v),
        lambda p: p.point(lambda v: 120 + v // 16),
        lambda p: p.filter(ImageFilter.GaussianBlur(2)),
        lambda p: p.crop(p.point(lambda v: 255 - v).getbbox()),
        lambda p: p.resize((p.width // 3, p.height // 3), Image.Resampling.BOX),
        lambda p: p.resize((p.width * 9, p.height * 9)),
    ],
    ids=["turned", "mirrored", "inverted", "pale", "blurred", "no_quiet_zone", "small", "large"],
)
def test_pictures_as_people_send_them(change):
    assert read(change(PLAIN)) == [TEXT]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_usual_formats(form):
    assert read(PLAIN, form) == [TEXT]


def test_transparent_paper_is_white():
    drawing = Image.new("RGBA", PLAIN.size, (0, 0, 0, 0))
    drawing.paste((0, 0, 0, 255), mask=PLAIN.point(lambda v: 255 - v))
    assert read(drawing) == [TEXT]


@pytest.mark.parametrize("full_scale", [65535, 4095])
def test_sixteen_bits_a_pixel_as_scanners_give(full_scale):
    values = (np.asarray(PLAIN, dtype=np.uint32) * full_scale // 255).astype(np.uint16)
    assert read(Image.fromarray(values)) == [TEXT]


def test_two_codes_in_one_picture_are_both_given():
    other = Image.open(QR / "plain_code.png").convert("L")
    sheet = Image.new("L", (PLAIN.width + other.width + 80, max(PLAIN.height, other.height) + 40), 255)
    sheet.paste(PLAIN, (10, 20))
    sheet.paste(other, (PLAIN.width + 70, 20))
    assert sorted(read(sheet)) == sorted([TEXT, EXPECTED["plain_code"]["text"]])


def test_a_picture_without_a_code_gives_none():
    assert read(Image.new("L", (300, 300), 200)) == []


def test_codes_in_a_pdf_are_read():
    assert texts_of(pdf(drawn_code(TEXT))) == [TEXT]


def test_only_the_first_pages_of_a_pdf_are_looked_at():
    pages = rendered_pages(pdf(b"0 0 100 100 re f", pages=MAX_PAGES + 2))
    assert len(pages) == MAX_PAGES
    assert {(page.width, page.height) for page in pages} == {(1653, 2339)}
    assert all(page.grey[-page.width] == 0 and page.grey[0] == 255 for page in pages)


def test_a_pdf_that_keeps_the_renderer_busy_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf_pages, "_LIMITS", replace(pdf_pages._LIMITS, seconds=0.5))
    busy = pdf(b"0 0 m 100 700 300 90 595 842 c S\n" * 300_000)
    started = time.monotonic()
    with pytest.raises(PdfUnreadableError):
        rendered_pages(busy)
    assert time.monotonic() - started < 2 * MAX_SECONDS


def test_a_huge_page_is_rendered_coarsely():
    huge = pdf(b"0 0 100 100 re f").replace(b"[0 0 595 842]", b"[0 0 9e4 9e4]")
    (page,) = rendered_pages(huge)
    assert page.width * page.height <= 12_100_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"%PDF-1.7 broken",
        (QR / "plain.png").read_bytes()[:100],
        b"GIF89a" + bytes(50),
        b"II*\0" + bytes(9),
    ],
    ids=["empty", "text", "broken_pdf", "cut_png", "empty_gif", "empty_tiff"],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(UnreadableInputError):
        read_codes(data, max_pixels=MAX_PIXELS)


def test_a_picture_is_measured_before_it_is_decoded(monkeypatch):
    header = b"\x00\x00\xff\xff\x00\x00\xff\xff\x08\x00\x00\x00\x00"
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4) for kind, body in chunks
    )
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(UnreadableInputError, match="pixels"):
        read_codes(bomb, max_pixels=MAX_PIXELS)


def test_limits_of_bytes_and_pixels():
    with pytest.raises(UnreadableInputError, match=str(MAX_BYTES)):
        read_codes(bytes(MAX_BYTES + 1), max_pixels=MAX_PIXELS)
    with pytest.raises(UnreadableInputError, match="pixels"):
        read_codes(encoded(PLAIN), max_pixels=PLAIN.width * PLAIN.height - 1)
    assert texts_of(encoded(PLAIN), PLAIN.width * PLAIN.height) == [TEXT]
    with pytest.raises(UnreadableInputError, match="small"):
        read(Image.new("L", (4, 400)))


def test_no_attempt_is_begun_after_the_time(monkeypatch):
    attempts = []
    monkeypatch.setattr(qr_decoding, "_look", lambda attempt, found: attempts.append(attempt))
    empty = encoded(Image.new("L", (300, 300), 200))
    assert read_picture(empty, max_pixels=MAX_PIXELS, seconds=0.0) == ("", [], False)
    assert len(attempts) == 1


def test_what_was_seen_and_not_read_is_told():
    other = Image.open(QR / "plain_code.png").convert("L")
    # Its finder patterns stay, and what is between them is gone.
    spoilt = other.copy()
    box = other.point(lambda v: 255 - v).getbbox()
    side = box[2] - box[0]
    spoilt.paste(255, tuple(box[corner % 2] + side * tenths // 10 for corner, tenths in enumerate((4, 4, 9, 9))))
    sheet = Image.new("L", (PLAIN.width + other.width + 120, max(PLAIN.height, other.height) + 40), 255)
    sheet.paste(PLAIN, (10, 20))
    assert not read_codes(encoded(sheet), max_pixels=MAX_PIXELS).has_unread
    sheet.paste(spoilt, (PLAIN.width + 110, 20))
    found = read_codes(encoded(sheet), max_pixels=MAX_PIXELS)
    assert (found.texts, found.has_unread) == ((TEXT,), True)


SOUND = [encoded(PLAIN.resize((90, 90)), form) for form in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SOUND), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=12))
def test_damaged_pictures_are_read_or_refused(data, changes):
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        codes = texts_of(bytes(damaged), 1_000_000)
    except UnreadableInputError:
        codes = []
    assert set(codes) <= {TEXT}
