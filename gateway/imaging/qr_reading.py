"""Reads QR codes from photos, screenshots, scans and PDFs. Bounded in bytes, pixels, pages and time."""

import time
import warnings
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pypdfium2 as pdfium
import zxingcpp
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from gateway.errors import UnreadableInputError

MAX_BYTES = 20 * 1024 * 1024
MAX_SECONDS = 5.0
"""After this no further attempt is begun."""

MAX_PDF_PAGES = 3
_PDF_DPI = 200
"""96 dpi decodes none of the codes on A4 pages."""

_MIN_SIDE, _SMALL, _LARGE = 8, 700, 1600
_QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")


def read_codes(data: bytes, *, max_pixels: int) -> list[str]:
    """Texts of the QR codes in a picture or PDF, without repeats; empty when none can be read.

    UnreadableInputError when the data are no picture or over a limit. ``max_pixels`` is checked before decoding.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableInputError(f"图片超过 {MAX_BYTES} 字节。The picture is larger than {MAX_BYTES} bytes.")
    deadline = time.monotonic() + MAX_SECONDS
    found: dict[str, None] = {}
    for picture in _pictures(data, max_pixels):
        for attempt in _attempts(picture):
            texts = _decode(attempt)
            found.update(dict.fromkeys(texts))
            if texts or time.monotonic() > deadline:
                break
    return list(found)


def _decode(picture: Image.Image) -> list[str]:
    results = zxingcpp.read_barcodes(
        np.asarray(picture),
        formats=_QR_ONLY,
        try_rotate=True,
        try_downscale=True,
        try_invert=True,
    )
    return [result.text for result in results if result.valid and result.text]


def _attempts(picture: Image.Image) -> Iterator[Image.Image]:
    """The picture as it is, then with what helps most often, cheapest first."""
    yield picture
    framed = ImageOps.expand(picture, border=max(16, min(picture.size) // 8), fill=255)
    yield framed
    stretched = ImageOps.autocontrast(framed, cutoff=2)
    yield stretched
    longest = max(framed.size)
    if longest < _LARGE:
        yield framed.resize((framed.width * 2, framed.height * 2), Image.Resampling.BICUBIC)
    if longest > _SMALL:
        yield stretched.resize((framed.width // 2, framed.height // 2), Image.Resampling.BOX)
    yield stretched.filter(ImageFilter.UnsharpMask(radius=3, percent=250, threshold=0))
    if longest < _LARGE:
        doubled = stretched.resize((framed.width * 2, framed.height * 2), Image.Resampling.BICUBIC)
        yield doubled.filter(ImageFilter.UnsharpMask(radius=6, percent=300, threshold=0))
    yield ImageOps.equalize(framed)
    for angle in (15, -15, 30, 45):
        yield stretched.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _pictures(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    if data[:1024].lstrip().startswith(b"%PDF-"):
        yield from _pdf_pages(data, max_pixels)
    else:
        yield _open_picture(data, max_pixels)


def _open_picture(data: bytes, max_pixels: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Our own limit below is tighter than Pillow's warning.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=_FORMATS)
        width, height = picture.size
        if width * height > max_pixels:
            raise UnreadableInputError(
                f"图片超过 {max_pixels} 像素。The picture has more than {max_pixels} pixels.",
                hint="Send a smaller picture; the code alone is enough.",
            )
        if min(width, height) < _MIN_SIDE:
            raise UnreadableInputError("图片太小。The picture is too small.")
        upright = ImageOps.exif_transpose(picture)
        # Transparent pixels are paper: white.
        flat = Image.new("RGBA", upright.size, "white")
        flat.alpha_composite(upright.convert("RGBA"))
        return flat.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableInputError(
            "不是可以读取的图片。The file is no picture that can be read.",
            hint="Send a PNG, JPEG, WebP or PDF.",
        ) from error


def _pdf_pages(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise UnreadableInputError("PDF 无法打开。The PDF cannot be opened.") from error
    try:
        for index in range(min(len(document), MAX_PDF_PAGES)):
            page = document[index]
            scale = _PDF_DPI / 72
            width, height = page.get_size()
            if width * height * scale * scale > max_pixels:
                raise UnreadableInputError("PDF 页面过大。A page of the PDF is too large.")
            yield page.render(scale=scale, grayscale=True, may_draw_forms=True).to_pil().convert("L")
    except pdfium.PdfiumError as error:
        raise UnreadableInputError("PDF 无法打开。The PDF cannot be rendered.") from error
    finally:
        document.close()
