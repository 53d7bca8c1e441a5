"""Reads QR codes from photos, screenshots, scans and PDFs. Bounded in bytes, pixels, pages and time."""

import struct
import time
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from gateway.errors import UnreadableInputError
from gateway.imaging.pdf_pages import PdfUnreadableError, rendered_pages

MAX_BYTES = 20 * 1024 * 1024
MAX_SECONDS = 4.0
"""After this no further attempt is begun; a PDF that takes longer to render is refused."""

_MIN_SIDE, _SMALL, _LARGE = 8, 700, 1600
_WORKING_SIDE = 2400
"""Longer side, in pixels, above which only the first attempt sees every pixel; the retries cost too much there."""

_QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_DAMAGED = (
    # What Pillow's readers raise on damaged files; OSError includes "cannot identify".
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, OverflowError, MemoryError),
    *(struct.error, zlib.error),
)


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
    if max(picture.size) > _WORKING_SIDE:
        picture = ImageOps.contain(picture, (_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.BOX)
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
    if b"%PDF-" in data[:1024]:
        yield from _pdf_pages(data)
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
            raise _too_many_pixels(max_pixels)
        if min(width, height) < _MIN_SIDE:
            raise UnreadableInputError("图片太小。The picture is too small.")
        return _grey(picture)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(max_pixels) from error
    except _DAMAGED as error:
        raise UnreadableInputError(
            "不是可以读取的图片。The file is no picture that can be read.",
            hint="Send a PNG, JPEG, WebP or PDF.",
        ) from error


def _too_many_pixels(max_pixels: int) -> UnreadableInputError:
    return UnreadableInputError(
        f"图片超过 {max_pixels} 像素。The picture has more than {max_pixels} pixels.",
        hint="Send a smaller picture; the code alone is enough.",
    )


def _grey(picture: Image.Image) -> Image.Image:
    """Eight bits a pixel. It may stay turned, as EXIF says: a QR code reads from every side."""
    if picture.mode[0] in "IF":
        # Sixteen bits or more, as scanners give: Pillow would clip them to white.
        values = np.asarray(picture, dtype=np.float64)
        return Image.fromarray((np.clip(values / max(values.max(), 1), 0, 1) * 255).astype(np.uint8))
    if picture.has_transparency_data:
        # Transparent pixels are paper: white.
        flat = Image.new("RGBA", picture.size, "white")
        flat.alpha_composite(picture.convert("RGBA"))
        return flat.convert("L")
    return picture.convert("L")


def _pdf_pages(data: bytes) -> Iterator[Image.Image]:
    try:
        pages = rendered_pages(data)
    except PdfUnreadableError as error:
        raise UnreadableInputError(
            "PDF 无法读取。The PDF cannot be read.",
            hint="It may be damaged, encrypted or too complex; send a picture of the code.",
        ) from error
    for page in pages:
        yield Image.frombytes("L", (page.width, page.height), page.grey)
