"""Renders the first pages of a PDF as grey pictures, in a process of its own.

pdfium is a large C++ parser that cannot be interrupted: a file of 20 MB keeps it busy for minutes. So it runs where it
can be killed and where its memory is limited. ``rendered_pages`` is the caller's side; run as a script, this file is
the child, which imports nothing of the gateway.
"""

import resource
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MAX_PAGES = 3
_POINTS_PER_INCH = 72
_DPI = 200
"""96 dpi decodes none of the codes on A4 pages."""

_MAX_PAGE_PIXELS = 12_000_000
"""A3 at 200 dpi has 7.7 million; larger pages are rendered more coarsely."""

_CHILD_MEMORY_BYTES = 2 << 30
_HEADER = struct.Struct(">II")
"""Width and height, each 32 bits big-endian, before a page's rows of grey octets."""


class PdfUnreadableError(Exception):
    """The PDF cannot be opened or rendered within the limits."""


@dataclass(frozen=True)
class RenderedPage:
    """One page: ``width`` * ``height`` octets, 0 black to 255 white, row by row from the top."""

    width: int
    height: int
    grey: bytes


def rendered_pages(data: bytes, *, seconds: float) -> list[RenderedPage]:
    """The first ``MAX_PAGES`` pages. PdfUnreadableError when it is no PDF, is encrypted, or takes longer than ``seconds``."""
    # Isolated mode: neither the working directory nor the environment decides what the child imports.
    command = [sys.executable, "-I", str(Path(__file__).resolve())]
    try:
        child = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=True)  # noqa: S603 - our own file
    except (subprocess.SubprocessError, OSError) as error:
        raise PdfUnreadableError(f"the PDF was not rendered: {type(error).__name__}") from error
    pages, rest = [], memoryview(child.stdout)
    while len(rest) >= _HEADER.size:
        width, height = _HEADER.unpack(rest[: _HEADER.size])
        end = _HEADER.size + width * height
        pages.append(RenderedPage(width, height, bytes(rest[_HEADER.size : end])))
        rest = rest[end:]
    return pages


def _render(data: bytes) -> None:
    """The child: PDF from standard input, pages to standard output. Any exception ends it with status 1."""
    import pypdfium2 as pdfium  # noqa: PLC0415 - the parent never loads pdfium

    document = pdfium.PdfDocument(data)
    for index in range(min(len(document), MAX_PAGES)):
        page = document[index]
        width, height = page.get_size()
        scale = min(_DPI / _POINTS_PER_INCH, (_MAX_PAGE_PIXELS / (width * height)) ** 0.5)
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
        sys.stdout.buffer.write(_HEADER.pack(bitmap.width, bitmap.height))
        rows = memoryview(bitmap.buffer).cast("B")
        for row in range(bitmap.height):
            sys.stdout.buffer.write(rows[row * bitmap.stride : row * bitmap.stride + bitmap.width])
        bitmap.close()
        page.close()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_CHILD_MEMORY_BYTES, _CHILD_MEMORY_BYTES))
    _render(sys.stdin.buffer.read())
