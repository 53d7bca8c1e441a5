"""The frame of a licence and the rosette behind its text: vectors, the same on every page, deflated once."""

import math
from functools import cache

from gateway.documents.canvas import MM
from gateway.documents.pdf_objects import SMALL, stream

WIDTH, HEIGHT = 297.0, 210.0
"""A4 landscape, millimetres."""

INNER_EDGE = 19.4
"""Distance of the innermost line from the edge of the page, millimetres."""

RED = "0.64 0.09 0.11"
_PALE = "0.80 0.45 0.43"
_FAINT = "0.98 0.945 0.935"
_RULES = ((10.0, 1.7), (11.3, 0.4), (18.4, 0.4), (INNER_EDGE, 0.8))
"""(distance from the edge in millimetres, width in points) of the lines from outside in."""

_BAND = 7.1
"""Width of the band between the second and the third line, millimetres."""

_STRANDS = 4
_STEPS = 6
"""Bézier curves to one period of a wave; the error is under a hundredth of a millimetre."""


@cache
def frame_stream() -> bytes:
    """The stream object of frame and rosette."""
    parts = ["q 1 J 1 j", _rosette(), f"{RED} RG"]
    for inset, width in _RULES:
        parts.append(f"{width} w {_rectangle(inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset)} S")
    parts.append(f"0.3 w {_PALE} RG")
    parts += [_side(quarter) for quarter in range(4)]
    parts.append("Q")
    return stream("", "\n".join(parts).encode(), level=SMALL)


def _rectangle(x: float, y: float, width: float, height: float) -> str:
    return f"{x * MM:.2f} {y * MM:.2f} {width * MM:.2f} {height * MM:.2f} re"


def _side(quarter: int) -> str:
    """One side of the band, turned to its place, with the ornament of the corner where it starts.

    A period is written once and moved on by the matrix: the same text over and over deflates to nothing.
    """
    along = (WIDTH, HEIGHT)[quarter % 2]
    turned = ("1 0 0 1 0 0", f"0 1 -1 0 {WIDTH * MM:.2f} 0", f"-1 0 0 -1 {WIDTH * MM:.2f} {HEIGHT * MM:.2f}")
    place = (*turned, f"0 -1 1 0 0 {HEIGHT * MM:.2f}")[quarter]
    start = 11.3 + _BAND
    length = along - 2 * start
    periods = round(length / 9.0)
    period = length / periods * MM
    strands = "\n".join(_wave(period, index / _STRANDS) for index in range(_STRANDS))
    middle = (11.3 + _BAND / 2) * MM
    repeated = f"{strands}\n1 0 0 1 {period:.4f} 0 cm\n" * periods
    corner = f"q 1 0 0 1 {middle:.2f} {middle:.2f} cm\n{_corner()}\nQ"
    return f"q {place} cm\n{corner}\n1 0 0 1 {start * MM:.2f} {middle:.2f} cm\n{repeated}Q"


def _wave(period: float, phase: float) -> str:
    """One period of a sine wave about the axis, from x = 0; ``period`` in points, ``phase`` in periods."""
    reach = _BAND / 2 * 0.82 * MM
    step = period / _STEPS

    def height(x: float) -> float:
        return reach * math.sin(2 * math.pi * (x / period + phase))

    def slope(x: float) -> float:
        return reach * 2 * math.pi / period * math.cos(2 * math.pi * (x / period + phase))

    parts = [f"0 {height(0):.2f} m"]
    for index in range(_STEPS):
        a, b = index * step, (index + 1) * step
        handles = (a + step / 3, height(a) + slope(a) * step / 3, b - step / 3, height(b) - slope(b) * step / 3)
        parts.append(" ".join(f"{value:.2f}" for value in (*handles, b, height(b))) + " c")
    return " ".join(parts) + " S"


def _corner() -> str:
    """A square with a small rosette of turned ellipses."""
    half = _BAND / 2
    petals = _ellipses(count=12, long=half * 0.86, short=half * 0.36)
    return f"{_rectangle(-half, -half, _BAND, _BAND)} S {petals}"


def _rosette() -> str:
    """The faint rosette behind the text."""
    x, y = WIDTH / 2 * MM, 108 * MM
    rings = "".join(
        f"q {_ellipses(count=count, long=long, short=short)} Q\n"
        for count, long, short in ((48, 43, 29), (36, 28, 13), (24, 12, 5))
    )
    return f"q 0.35 w {_FAINT} RG 1 0 0 1 {x:.2f} {y:.2f} cm\n{rings}Q"


def _ellipses(*, count: int, long: float, short: float) -> str:
    """``count`` ellipses about the origin, each turned on by the same angle; half axes in millimetres."""
    angle = math.pi / count
    turn = f"{math.cos(angle):.6f} {math.sin(angle):.6f} {-math.sin(angle):.6f} {math.cos(angle):.6f} 0 0 cm"
    return f"{ellipse(0, 0, long, short)} S {turn}\n" * count


def ellipse(x: float, y: float, across: float, up: float) -> str:
    """The path of an ellipse; centre and half axes in millimetres."""
    x, y, a, b = x * MM, y * MM, across * MM, up * MM
    c, d = a * 0.5523, b * 0.5523  # handles that make a quarter of a circle
    return (
        f"{x + a:.2f} {y:.2f} m {x + a:.2f} {y + d:.2f} {x + c:.2f} {y + b:.2f} {x:.2f} {y + b:.2f} c "
        f"{x - c:.2f} {y + b:.2f} {x - a:.2f} {y + d:.2f} {x - a:.2f} {y:.2f} c "
        f"{x - a:.2f} {y - d:.2f} {x - c:.2f} {y - b:.2f} {x:.2f} {y - b:.2f} c "
        f"{x + c:.2f} {y - b:.2f} {x + a:.2f} {y - d:.2f} {x + a:.2f} {y:.2f} c"
    )
