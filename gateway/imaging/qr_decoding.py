"""Finds and decodes QR codes in pictures. Runs only inside a worker process (``gateway.imaging.qr_reading``)."""

import struct
import time
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from gateway.imaging import second_engine

TOO_MANY_PIXELS, TOO_SMALL, NO_PICTURE = "too_many_pixels", "too_small", "no_picture"
"""Why a picture was not looked at."""

_MIN_SIDE, _SMALL = 8, 1000
_WORKING_SIDE = 2400
"""Longer side, in pixels, above which only the first attempts see every pixel; the others cost too much there."""

_MORE_ATTEMPTS = 6
"""After a code was read, for those that were seen beside it and not read."""

_COLOURED = 40
"""So much, of 255, must the red of some pixels differ from their grey for ink to be worth taking away."""

_QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_DAMAGED = (
    # What Pillow's readers raise on damaged files; OSError includes "cannot identify".
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, OverflowError, MemoryError),
    *(struct.error, zlib.error),
)
_Point = tuple[float, float]


@dataclass(frozen=True)
class _Attempt:
    """A picture to look at, and where its points lie in the original."""

    picture: Image.Image
    scale: float = 1.0
    border: int = 0
    with_second: bool = False

    def original(self, x: float, y: float) -> _Point:
        return (x / self.scale) - self.border, (y / self.scale) - self.border


@dataclass
class _Findings:
    """What was read so far, and what was seen and not read."""

    texts: dict[str, None] = field(default_factory=dict)
    places: list[tuple[_Point, float]] = field(default_factory=list)
    """Centres and diagonals of the codes that were read."""
    suspects: list[_Point] = field(default_factory=list)
    """Centres of what was seen and not read."""

    def note(self, text: str, corners: list[_Point]) -> None:
        """A code that was read, or one that was not: then ``text`` is empty."""
        centre = sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
        if text:
            self.texts.setdefault(text)
            self.places.append((centre, _apart(corners[0], corners[2])))
        else:
            self.suspects.append(centre)

    def has_unread(self) -> bool:
        """Whether something looks like a code and lies beside all that were read.

        What an attempt takes for a code within one that another attempt reads is that code, seen badly.
        """
        return any(all(_apart(centre, place) > size * 0.75 for place, size in self.places) for centre in self.suspects)


def read_picture(
    data: bytes, *, max_pixels: int, seconds: float, with_second: bool = True
) -> tuple[str, list[str], bool]:
    """(why it was not looked at or "", texts without repeats, whether some code was seen and not read) of a picture.

    ``max_pixels`` is checked before decoding; after ``seconds`` no further attempt is begun. ``with_second``: whether the
    second engine may be asked.
    """
    try:
        with warnings.catch_warnings():
            # Our own limit below is tighter than Pillow's warning.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=_FORMATS)
        width, height = picture.size
        if width * height > max_pixels:
            return TOO_MANY_PIXELS, [], False
        if min(width, height) < _MIN_SIDE:
            return TOO_SMALL, [], False
        planes = _planes(picture)
    except Image.DecompressionBombError:
        return TOO_MANY_PIXELS, [], False
    except _DAMAGED:
        return NO_PICTURE, [], False
    found = _read(planes, time.monotonic() + seconds, with_second=with_second)
    return "", list(found.texts), found.has_unread()


def read_pages(pages: list[tuple[int, int, bytes]], *, seconds: float) -> tuple[list[str], bool]:
    """(texts, whether some code was seen and not read) of rendered pages, as (width, height, grey octets)."""
    deadline = time.monotonic() + seconds
    texts: dict[str, None] = {}
    has_unread = False
    for width, height, grey in pages:
        found = _read((Image.frombytes("L", (width, height), grey),), deadline)
        texts.update(found.texts)
        has_unread = has_unread or found.has_unread()
    return list(texts), has_unread


def _planes(picture: Image.Image) -> tuple[Image.Image, ...]:
    """The picture in grey, eight bits a pixel, and as its red light shows it where there is colour.

    It may stay turned, as EXIF says: a QR code reads from every side.
    """
    if picture.mode[0] in "IF":
        # Sixteen bits or more, as scanners give: Pillow would clip them to white.
        values = np.asarray(picture, dtype=np.float64)
        return (Image.fromarray((np.clip(values / max(values.max(), 1), 0, 1) * 255).astype(np.uint8)),)
    if picture.has_transparency_data:
        # Transparent pixels are paper: white.
        flat = Image.new("RGBA", picture.size, "white")
        flat.alpha_composite(picture.convert("RGBA"))
        picture = flat
    if picture.mode in ("L", "1", "LA"):
        return (picture.convert("L"),)
    coloured = picture.convert("RGB")
    grey, red = coloured.convert("L"), coloured.getchannel("R")
    sample = [np.asarray(plane)[::4, ::4].astype(np.int16) for plane in (red, grey)]
    # In red light the ink of a seal is as white as the paper, and black print stays black.
    return (grey, red) if (sample[0] - sample[1]).max(initial=0) > _COLOURED else (grey,)


def _read(planes: tuple[Image.Image, ...], deadline: float, *, with_second: bool = True) -> _Findings:
    found, after = _Findings(), 0
    for attempt in _attempts(planes, with_second=with_second):
        if attempt.with_second:
            for text, corners in second_engine.read(attempt.picture):
                found.note(text, [attempt.original(x, y) for x, y in corners])
        else:
            _look(attempt, found)
        after += bool(found.texts)
        is_done = found.texts and not found.has_unread()
        if is_done or after > _MORE_ATTEMPTS or time.monotonic() > deadline:
            break
    return found


def _look(attempt: _Attempt, found: _Findings) -> None:
    for result in zxingcpp.read_barcodes(
        np.asarray(attempt.picture),
        formats=_QR_ONLY,
        try_rotate=True,
        try_downscale=True,
        try_invert=True,
        return_errors=True,
    ):
        position = result.position
        corners = [
            attempt.original(corner.x, corner.y)
            for corner in (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
        ]
        found.note(result.text if result.valid else "", corners)


def _apart(one: _Point, other: _Point) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))


def _attempts(planes: tuple[Image.Image, ...], *, with_second: bool) -> Iterator[_Attempt]:
    """The picture as it is, then with what helps most often, cheapest first."""
    yield from map(_Attempt, planes)
    # Without a quiet zone the finder patterns run into whatever is around them.
    shrunk = 1.0
    if max(planes[0].size) > _WORKING_SIDE:
        shrunk = _WORKING_SIDE / max(planes[0].size)
        planes = tuple(ImageOps.contain(p, (_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.BOX) for p in planes)
    best = planes[-1]
    yield _Attempt(ImageOps.equalize(planes[0]), shrunk)
    border = max(16, min(best.size) // 8)
    yield _Attempt(ImageOps.autocontrast(ImageOps.expand(best, border=border, fill=255), cutoff=2), shrunk, border)
    if min(best.size) > 2 * _MIN_SIDE:
        yield _Attempt(best.resize((best.width // 2, best.height // 2), Image.Resampling.BOX), shrunk / 2)
    if with_second and second_engine.is_there():
        for plane in planes:
            yield _Attempt(plane, shrunk, with_second=True)
    yield from _costly(best, shrunk)


def _costly(picture: Image.Image, shrunk: float) -> Iterator[_Attempt]:
    """What takes ten times as long as a look."""
    yield _Attempt(picture.filter(ImageFilter.UnsharpMask(radius=3, percent=250, threshold=0)), shrunk)
    yield _Attempt(picture.filter(ImageFilter.GaussianBlur(1.2)), shrunk)
    if max(picture.size) <= _SMALL:
        doubled = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC)
        yield _Attempt(doubled, shrunk * 2)
        stretched = ImageOps.autocontrast(doubled, cutoff=2)
        yield _Attempt(stretched.filter(ImageFilter.UnsharpMask(radius=6, percent=300, threshold=0)), shrunk * 2)
