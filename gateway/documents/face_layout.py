"""Finds the largest setting of a licence's lines that fits the page: size, line breaks, one column or two."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.documents.canvas import MM
from gateway.documents.face import FaceError, FaceItem
from gateway.documents.text_layout import break_lines

SIZES = (15.0, 14.0, 13.0, 12.0, 11.0, 10.5, 10.0, 9.0, 8.0, 7.5)
"""Sizes in points, tried in turn. The smallest is 六号, the least that is printed on licences."""

LABEL_EMS = 5.2
"""Width of the column of labels."""

VALUE_EMS = 6.4
"""Where values start: after the column, the colon and a little room."""

LEADING = 1.45
"""Distance of lines within a value, in ems."""

_GAP = 0.45
"""Least extra distance of rows, in lines."""

_GUTTER = 8.0
"""Between two columns, millimetres."""

Measure = Callable[[str, float], float]
"""(text, size in points) to millimetres."""


@dataclass(frozen=True)
class Cell:
    """One label with its value, broken into lines."""

    label: str
    lines: tuple[str, ...]
    left: float
    """Millimetres from the left of the area."""
    room: float
    """Width for the lines, millimetres."""


@dataclass(frozen=True)
class Setting:
    """A face at one size."""

    size: float
    """Points."""
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def leading(self) -> float:
        """Millimetres from line to line."""
        return self.size * LEADING / MM

    @property
    def height(self) -> float:
        """Millimetres that all rows take at the least."""
        lines = sum(max(len(cell.lines) for cell in row) + _GAP for row in self.rows) - _GAP
        return lines * self.leading

    @property
    def gap(self) -> float:
        """Least extra distance of rows in millimetres."""
        return _GAP * self.leading


def lay_out(items: tuple[FaceItem, ...], width: float, height: float, measure: Measure) -> Setting:
    """The largest setting in ``width`` by ``height`` millimetres, one column where that is as large as two.

    FaceError names the longest line when not even the smallest size fits.
    """
    for size in SIZES:
        for columns in (1, 2):
            setting = _setting(items, width, size, columns, measure)
            if setting.height <= height:
                return setting
    longest = max(items, key=lambda item: len(item.value))
    raise FaceError(
        f"照面内容过长，一页排不下：“{longest.label}”有 {len(longest.value)} 字。The face is too long for one page.",
        hint="Shorten the value, or refer to an annex (附页).",
    )


def _setting(items: tuple[FaceItem, ...], width: float, size: float, columns: int, measure: Measure) -> Setting:
    """Neighbours that are short enough share a row of two columns; the first line, the holder, stands alone."""
    values_from = VALUE_EMS * size / MM
    second = (width + _GUTTER) / 2
    half = second - _GUTTER - values_from
    rows: list[tuple[Cell, ...]] = []
    waiting: FaceItem | None = None
    for index, item in enumerate(items):
        is_short = columns == 2 and index > 0 and measure(item.value, size) <= half and "\n" not in item.value  # noqa: PLR2004
        if is_short and waiting is not None:
            rows[-1] = (
                Cell(waiting.label, (waiting.value,), 0, half),
                Cell(item.label, (item.value,), second, half),
            )
            waiting = None
            continue
        lines = break_lines(item.value, width - values_from, lambda text: measure(text, size))
        rows.append((Cell(item.label, tuple(lines), 0, width - values_from),))
        waiting = item if is_short else None
    return Setting(size, tuple(rows))
