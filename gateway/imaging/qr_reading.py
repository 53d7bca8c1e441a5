"""Reads QR codes from photos, screenshots, scans and PDFs. Bounded in bytes, pixels, pages and time.

Readers of pictures are large C and C++ programs: they run in worker processes that can neither call out nor write, and are
ended when they take too long (``signing.workers``).
"""

from dataclasses import dataclass

from gateway.errors import BusyError, OverLimitError, UnreadableInputError
from gateway.imaging.pdf_pages import PdfUnreadableError, rendered_pages
from gateway.imaging.qr_decoding import NO_PICTURE, TOO_MANY_PIXELS, TOO_SMALL, read_pages, read_picture
from signing.errors import ResourceLimitError, SigningError, WorkersBusyError
from signing.workers import WorkerLimits, WorkerPool, shared_pool

MAX_BYTES = 20 * 1024 * 1024
MAX_SECONDS = 4.0
"""After this no further attempt is begun; a PDF that takes longer to render is refused."""

_LIMITS = WorkerLimits(memory_bytes=3 << 30, seconds=2 * MAX_SECONDS, output_bytes=1 << 20, recycled_after=200)
_PRELOAD = ("gateway.imaging.reader_process", "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "PIL.WebPImagePlugin")


@dataclass(frozen=True)
class FoundCodes:
    """What a picture or PDF holds."""

    texts: tuple[str, ...]
    """Of the codes that were read, without repeats."""
    has_unread: bool
    """Whether something that looks like a code was seen and not read."""


def read_codes(data: bytes, *, max_pixels: int) -> FoundCodes:
    """The QR codes in a picture or PDF.

    UnreadableInputError when the data are no picture or over a limit; BusyError when too many wait to be read.
    ``max_pixels`` is checked before decoding.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableInputError(f"图片超过 {MAX_BYTES} 字节。The picture is larger than {MAX_BYTES} bytes.")
    try:
        if b"%PDF-" in data[:1024]:
            pages = [(page.width, page.height, page.grey) for page in rendered_pages(data)]
            texts, has_unread = _readers().run(read_pages, pages, seconds=MAX_SECONDS)
            return FoundCodes(tuple(texts), has_unread)
        fault, texts, has_unread = _readers().run(read_picture, data, max_pixels=max_pixels, seconds=MAX_SECONDS)
    except PdfUnreadableError as error:
        raise UnreadableInputError(
            "PDF 无法读取。The PDF cannot be read.",
            hint="It may be damaged, encrypted or too complex; send a picture of the code.",
        ) from error
    except WorkersBusyError as error:
        raise BusyError("稍后再试。Too many files wait to be read.", hint="Try again in a moment.") from error
    except ResourceLimitError as error:
        raise OverLimitError("图片过于复杂。The picture is too complex to be read.", hint=_HINTS[NO_PICTURE]) from error
    except SigningError as error:
        raise UnreadableInputError(_SENTENCES[NO_PICTURE], hint=_HINTS[NO_PICTURE]) from error
    if fault:
        raise UnreadableInputError(_SENTENCES[fault].format(max_pixels=max_pixels), hint=_HINTS[fault])
    return FoundCodes(tuple(texts), has_unread)


_SENTENCES = {
    TOO_MANY_PIXELS: "图片超过 {max_pixels} 像素。The picture has more than {max_pixels} pixels.",
    TOO_SMALL: "图片太小。The picture is too small.",
    NO_PICTURE: "不是可以读取的图片。The file is no picture that can be read.",
}
_HINTS = {
    TOO_MANY_PIXELS: "Send a smaller picture; the code alone is enough.",
    TOO_SMALL: "Take the picture closer.",
    NO_PICTURE: "Send a PNG, JPEG, WebP or PDF.",
}


def _readers() -> WorkerPool:
    return shared_pool(_LIMITS, size=1, waiting=16, preload=_PRELOAD)
