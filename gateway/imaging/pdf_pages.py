"""Pictures of the pages of a PDF: grey ones to read codes from, coloured ones of what was changed after signing.

pdfium is a large C++ parser that cannot be interrupted: a file of 20 MB keeps it busy for minutes. So it runs in worker
processes of its own, which read no signatures, and each of which draws one document and is then thrown away: a document
that took over its worker could otherwise choose the pictures of the next.
"""

from dataclasses import dataclass
from itertools import accumulate

from gateway.imaging.pdf_drawing import draw_grey, draw_png
from signing.errors import SigningError
from signing.validation.report import SignatureReport
from signing.workers import WorkerLimits, WorkerPool, shared_pool

MAX_PAGES = 3
SECONDS = 4.0
_DPI = 200
"""96 dpi decodes none of the codes on A4 pages."""

_MAX_PAGE_PIXELS = 12_000_000
"""A3 at 200 dpi has 7.7 million; larger pages are rendered more coarsely."""

MAX_CHANGED_PAGES = 4
MAX_SHOWN_PAGES, MAX_FURTHER_OCTETS = 5, 400_000
_SHOWN_DPI, _MAX_SHOWN_PIXELS = 80, 1_500_000
"""To be looked at on a page of a report."""

_LIMITS = WorkerLimits(
    memory_bytes=2 << 30,
    seconds=SECONDS,
    output_bytes=MAX_PAGES * _MAX_PAGE_PIXELS + (1 << 20),
    recycled_after=1,
)


class PdfUnreadableError(Exception):
    """The PDF cannot be opened or rendered within the limits."""


@dataclass(frozen=True)
class RenderedPage:
    """One page: ``width`` * ``height`` octets, 0 black to 255 white, row by row from the top."""

    width: int
    height: int
    grey: bytes


@dataclass(frozen=True)
class PagePictures:
    """A page as it was signed and as it is now."""

    page: int
    """From 1."""
    before: bytes | None
    """PNG; None when the signed revision has no such page, or could not be drawn."""
    after: bytes | None


def rendered_pages(data: bytes) -> list[RenderedPage]:
    """The first ``MAX_PAGES`` pages. PdfUnreadableError when it is no PDF, is encrypted, or takes longer than ``SECONDS``."""
    try:
        drawn = _renderers().run(draw_grey, data, pages=MAX_PAGES, dpi=_DPI, max_pixels=_MAX_PAGE_PIXELS)
    except SigningError as error:
        raise PdfUnreadableError(f"the PDF was not rendered: {error}") from error
    return [RenderedPage(*page) for page in drawn]


def page_pictures(data: bytes) -> list[bytes]:
    """PNGs of the first ``MAX_SHOWN_PAGES`` pages, each at most 1.5 million pixels.

    Those after the first have ``MAX_FURTHER_OCTETS`` together. Empty when nothing can be drawn within the limits; the
    first page alone when that can be drawn and all of them cannot.
    """
    drawn = [picture for picture in _drawn(data, tuple(range(1, MAX_SHOWN_PAGES + 1))) if picture]
    drawn = drawn or [picture for picture in _drawn(data, (1,)) if picture]
    sums = list(accumulate(map(len, drawn[1:])))
    return drawn[: 1 + sum(octets <= MAX_FURTHER_OCTETS for octets in sums)]


def changed_page_pictures(data: bytes, signature: SignatureReport) -> tuple[PagePictures, ...]:
    """The first pages that were changed after ``signature`` without permission, before and after.

    At most ``MAX_CHANGED_PAGES``, each at most 1.5 million pixels. A revision that cannot be drawn within the limits
    gives no pictures; nothing is raised.
    """
    numbers = sorted({page for changed in signature.changed_objects for page in changed.pages})[:MAX_CHANGED_PAGES]
    if not numbers or not 0 < signature.signed_end <= len(data):
        return ()
    pages = tuple(numbers)
    before, after = _drawn(data[: signature.signed_end], pages), _drawn(data, pages)
    return tuple(map(PagePictures, pages, before, after))


def _drawn(data: bytes, pages: tuple[int, ...]) -> list[bytes | None]:
    try:
        return _renderers().run(draw_png, data, pages=pages, dpi=_SHOWN_DPI, max_pixels=_MAX_SHOWN_PIXELS)
    except SigningError:
        return [None] * len(pages)


def _renderers() -> WorkerPool:
    return shared_pool(
        _LIMITS, size=1, waiting=8, preload=("gateway.imaging.pdf_drawing", "pypdfium2", "PIL.PngImagePlugin")
    )
