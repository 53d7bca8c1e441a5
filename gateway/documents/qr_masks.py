"""Which of the eight data masks suits a QR code best (ISO/IEC 18004:2015, 7.8.3).

The encoder tries all of them one by one, which is nine tenths of its work. Here each is scored by a few dozen operations on whole
numbers, one bit a module. Masks change a symbol of given version and level by the same modules whatever it says, so that
these are found once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Modules = npt.NDArray[np.bool_]
"""A square of modules, True for dark, without the quiet zone."""
MASKS = range(8)
_LIGHT = 4
"""Light modules beside a row that count for the third rule: here they are the quiet zone's."""


@dataclass(frozen=True)
class MaskChoice:
    """The masks of one version and level."""

    changes: tuple[Modules, ...]
    """What each mask changes in a symbol with mask 0."""
    rows: tuple[int, ...]
    """The same as numbers, row after row."""
    columns: tuple[int, ...]
    """And column after column."""
    inside: int
    """Every module of the symbol, nothing of what lies between rows."""

    @classmethod
    def made(cls, masked: Callable[[int], Modules]) -> "MaskChoice":
        """From one symbol, which ``masked`` gives with each mask."""
        first = masked(0)
        changes = tuple(first ^ masked(mask) for mask in MASKS)
        rows, columns = (tuple(map(_number, side)) for side in (changes, [change.T for change in changes]))
        return cls(changes, rows, columns, _number(np.ones_like(first)))

    def best(self, symbol: Modules) -> Modules:
        """``symbol``, which has mask 0, with the mask of the lowest penalty; the first of those that are equal."""
        rows, columns, side = _number(symbol), _number(symbol.T), symbol.shape[0]
        penalties = [
            self._along(rows ^ across)
            + self._along(columns ^ down)
            + _blocks(rows ^ across, self.inside, side)
            + _unbalance((rows ^ across).bit_count(), side)
            for across, down in zip(self.rows, self.columns, strict=True)
        ]
        return symbol ^ self.changes[penalties.index(min(penalties))]

    def _along(self, dark: int) -> int:
        """Points of the lines that run in the direction of the numbers."""
        return sum(map(_runs, (dark, dark ^ self.inside))) + _finders(dark)


def _number(modules: Modules) -> int:
    """Line after line as bits, light modules before, between and after."""
    side = modules.shape[0]
    padded = np.zeros((side + 2, side + _LIGHT), dtype=np.bool_)
    padded[1:-1, :side] = modules
    return int.from_bytes(np.packbits(padded).tobytes())


def _runs(colour: int) -> int:
    """Rule 1: three points for five modules of one colour in a line, and one for each that follows."""
    pairs = colour & colour >> 1
    fives = pairs & pairs >> 2 & colour >> 4
    return fives.bit_count() + 2 * (fives & ~(fives << 1)).bit_count()


def _blocks(dark: int, inside: int, side: int) -> int:
    """Rule 2: three points for each square of two by two modules of one colour."""
    below, points = side + _LIGHT, 0
    for colour in (dark, dark ^ inside):
        pairs = colour & colour >> 1
        points += 3 * (pairs & pairs >> below).bit_count()
    return points


def _finders(dark: int) -> int:
    """Rule 3: forty points for what looks like a finder pattern, with four light modules before or after it."""
    light = ~dark
    found = dark & light >> 1 & dark >> 2 & dark >> 3 & dark >> 4 & light >> 5 & dark >> 6
    pairs = light & light >> 1
    fours = pairs & pairs >> 2
    return 40 * (found & (fours >> 7 | fours << 4)).bit_count()


def _unbalance(dark: int, side: int) -> int:
    """Rule 4: ten points for each whole five per cent that the dark modules differ from one half."""
    modules = side * side
    return 10 * (abs(2 * dark - modules) * 10 // modules)
