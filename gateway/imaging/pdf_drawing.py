"""Draws pages of a PDF with pdfium. Runs only inside a worker process (``gateway.imaging.pdf_pages``)."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

_POINTS_PER_INCH = 72


def draw_grey(data: bytes, *, pages: int, dpi: int, max_pixels: int) -> list[tuple[int, int, bytes]]:
    """(width, height, rows of grey octets) of the first pages. Any exception of pdfium's passes through."""
    document = _opened(data)
    return [
        (bitmap.width, bitmap.height, _rows(bitmap))
        for bitmap in _bitmaps(document, range(min(len(document), pages)), dpi, max_pixels, grey=True)
    ]


def draw_png(data: bytes, *, pages: tuple[int, ...], dpi: int, max_pixels: int) -> list[bytes | None]:
    """PNG pictures of the pages with these numbers, from 1; None for a page that there is not."""
    document = _opened(data)
    there = [number - 1 for number in pages if 0 < number <= len(document)]
    drawn = dict(zip(there, _bitmaps(document, there, dpi, max_pixels, grey=False), strict=True))
    return [_png(drawn[number - 1]) if number - 1 in drawn else None for number in pages]


def _opened(data: bytes) -> Any:
    import pypdfium2  # noqa: PLC0415 - the parent, which names these functions, never loads pdfium

    document = pypdfium2.PdfDocument(data)
    document.init_forms()  # annotations and fields are part of what a reader sees
    return document


def _bitmaps(document: Any, indices: range | list[int], dpi: int, max_pixels: int, *, grey: bool) -> Iterator[Any]:
    for index in indices:
        page = document[index]
        width, height = page.get_size()
        scale = min(dpi / _POINTS_PER_INCH, (max_pixels / max(width * height, 1)) ** 0.5)
        yield page.render(scale=scale, grayscale=grey, may_draw_forms=True)


def _rows(bitmap: Any) -> bytes:
    """The picture without the padding of its rows."""
    octets = memoryview(bitmap.buffer).cast("B")
    starts = range(0, bitmap.height * bitmap.stride, bitmap.stride)
    return b"".join(octets[start : start + bitmap.width] for start in starts)


def _png(bitmap: Any) -> bytes:
    stream = BytesIO()
    bitmap.to_pil().convert("RGB").quantize(128).save(stream, "PNG", optimize=True)
    return stream.getvalue()
