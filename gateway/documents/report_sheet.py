"""Sheets that fill from the top: a cursor, line breaks, and a new page where the room ends. Units: millimetres, points."""

import unicodedata
from collections.abc import Sequence

from gateway.documents.canvas import INK, MM, Canvas
from gateway.documents.face import FaceError
from gateway.documents.fonts import LABEL, TITLE, FontLibrary
from gateway.documents.text_layout import break_lines
from gateway.domain.verdicts import Shape, Tone

WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT = 18.0, WIDTH - 18.0
TOP, BOTTOM = HEIGHT - 15.0, 19.0
GREY, LINE = "0.36 0.33 0.30", "0.85 0.82 0.78"
LABEL_WIDTH = 31.0
LEADING = 1.42
"""Distance of lines, in ems."""

TONES = {
    Tone.GOOD: ("0.09 0.41 0.23", "0.91 0.957 0.925"),
    Tone.BAD: ("0.64 0.086 0.13", "0.988 0.925 0.922"),
    Tone.WARNING: ("0.52 0.314 0", "0.984 0.945 0.867"),
    Tone.UNKNOWN: ("0.263 0.318 0.42", "0.922 0.937 0.961"),
}
"""(ink, ground) of each tone, RGB; the same as on the pages."""

_CIRCLE = (
    "46 24 m 46 36.15 36.15 46 24 46 c 11.85 46 2 36.15 2 24 c 2 11.85 11.85 2 24 2 c 36.15 2 46 11.85 46 24 c h f"
)
_SQUARE = "3 3 42 42 re B"
_OUTLINES = {
    Shape.CROSS: "15 2 m 33 2 l 46 15 l 46 33 l 33 46 l 15 46 l 2 33 l 2 15 l h f",
    Shape.ALERT: "24 5 m 45 43 l 3 43 l h B",
    Shape.LENS: _SQUARE,
    Shape.QUESTION: _SQUARE,
}
_MARKS = {
    Shape.CHECK: "14 25 m 21 32 l 35 16 l S",
    Shape.CLOCK: "24 12 m 24 25 l 32 31 l S",
    Shape.PAUSE: "18.5 16 m 18.5 32 l S 29.5 16 m 29.5 32 l S",
    Shape.CROSS: "16 16 m 32 32 l S 32 16 m 16 32 l S",
    Shape.ALERT: "24 17 m 24 29 l S 24 36.5 m 24 36.6 l S",
    Shape.LENS: "30.5 22 m 30.5 26.7 26.7 30.5 22 30.5 c 17.3 30.5 13.5 26.7 13.5 22 c "
    "13.5 17.3 17.3 13.5 22 13.5 c 26.7 13.5 30.5 17.3 30.5 22 c S 28.5 28.5 m 36 36 l S",
    Shape.QUESTION: "17 18 m 17 9 31 9 31 18 c 31 24 24 23 24 30 c S 24 36.9 m 24 37 l S",
}
"""The pictures of the pages, in their 48 units with y downwards."""


class Sheets:
    """Pages being filled."""

    def __init__(self, fonts: FontLibrary) -> None:
        self.fonts = fonts
        self.pages: list[Canvas] = []
        self.y = 0.0
        self.new_page()

    @property
    def canvas(self) -> Canvas:
        """The page that is being filled."""
        return self.pages[-1]

    def new_page(self) -> None:
        """Go on at the top of a new page."""
        self.pages.append(Canvas(self.fonts))
        self.y = TOP

    def need(self, height: float) -> None:
        """A new page unless ``height`` mm are left."""
        if self.y - height < BOTTOM:
            self.new_page()

    def lines(self, text: str, width: float, size: float, role: str = LABEL) -> list[str]:
        """``text`` broken to ``width`` mm, with what no font has shown as code points."""
        return break_lines(settable(self.fonts, text), width, lambda part: self.canvas.width(part, size, role))

    def paragraph(
        self,
        text: str,
        size: float,
        *,
        x: float = LEFT,
        width: float = RIGHT - LEFT,
        role: str = LABEL,
        colour: str = INK,
    ) -> None:
        """Lines from the cursor down; a page may end between two of them."""
        leading = size * LEADING / MM
        for line in self.lines(text, width, size, role):
            self.need(leading)
            self.y -= leading
            self.canvas.text(line, x, self.y + 0.28 * size / MM, size, role, colour=colour)

    def heading(self, text: str, following: float = 12.0) -> None:
        """A section's heading, kept together with the ``following`` mm."""
        self.need(9.5 + following)
        self.y -= 3.2
        self.rule()
        self.y -= 1.2
        self.paragraph(text, 10, role=TITLE)
        self.y -= 0.6

    def rule(self, colour: str = LINE) -> None:
        """A hairline across."""
        y = self.y * MM
        self.canvas.raw(f"q 0.5 w {colour} RG {LEFT * MM:.2f} {y:.2f} m {RIGHT * MM:.2f} {y:.2f} l S Q")

    def fact(self, label: str, text: str, *, size: float = 8.8, label_width: float = LABEL_WIDTH) -> None:
        """A label on the left and its text beside it."""
        leading = size * LEADING / MM
        lines = self.lines(text, RIGHT - LEFT - label_width, size)
        self.need(min(len(lines), 3) * leading)
        self.canvas.text(label, LEFT, self.y - leading + 0.28 * size / MM, size, LABEL, colour=GREY)
        for line in lines:
            self.need(leading)
            self.y -= leading
            self.canvas.text(line, LEFT + label_width, self.y + 0.28 * size / MM, size, LABEL)
        self.y -= 0.5

    def shape(self, shape: Shape, tone: Tone, x: float, top: float, side: float) -> None:
        """The picture of a verdict; ``x`` and ``top`` are its upper left corner, mm."""
        ink = TONES[tone][0]
        scale = side * MM / 48
        outline = _OUTLINES.get(shape, _CIRCLE)
        self.canvas.raw(
            f"q {scale:.4f} 0 0 {-scale:.4f} {x * MM:.2f} {top * MM:.2f} cm 1 j 1 J 3 w {ink} rg {ink} RG {outline} "
            f"4.5 w 1 1 1 RG {_MARKS[shape]} Q"
        )

    def box(self, height: float, tone: Tone) -> None:
        """A tinted box from the cursor down, the full width."""
        ink, ground = TONES[tone]
        y = (self.y - height) * MM
        self.canvas.raw(
            f"q 1 w {ground} rg {ink} RG {LEFT * MM:.2f} {y:.2f} {(RIGHT - LEFT) * MM:.2f} {height * MM:.2f} re B Q"
        )


def settable(fonts: FontLibrary, text: str) -> str:
    """``text`` with every character that no font has shown as its code point; never a FaceError."""
    return "".join(character if _has(fonts, character) else f"[U+{ord(character):04X}]" for character in text)


def _has(fonts: FontLibrary, character: str) -> bool:
    if unicodedata.category(character).startswith("C"):
        return False
    try:
        fonts.width(character, LABEL)
    except FaceError:
        return False
    return True


def columns(sheets: Sheets, cells: Sequence[tuple[float, str, str]], size: float) -> None:
    """One row of a table: (x in mm, text, colour) of each cell, every cell one line."""
    leading = size * LEADING / MM
    sheets.need(leading)
    sheets.y -= leading
    for x, text, colour in cells:
        sheets.canvas.text(text, x, sheets.y + 0.28 * size / MM, size, LABEL, colour=colour)
