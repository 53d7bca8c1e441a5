"""Collects what is drawn on one page and gives its content stream and fonts. Units: millimetres from bottom left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from gateway.documents.face import FaceError
from gateway.documents.fonts import FontFace, FontLibrary, FontSubset
from gateway.documents.pdf_objects import text_string

MM = 72 / 25.4
"""Points in a millimetre."""

INK = "0.1 0.1 0.1"
"""Near black, as RGB operands."""


@dataclass(frozen=True, slots=True)
class _Text:
    face: FontFace
    text: str
    before: str
    """Operators up to the font's name."""
    state: str
    """Operators from the size to the position."""


_Codes = dict[FontFace, tuple[str, dict[int, str]]]
"""By face its name on the page and what ``str.translate`` needs to write its glyphs."""


@dataclass
class Canvas:
    """A page being drawn."""

    fonts: FontLibrary
    repertoire: dict[str, str] = field(default_factory=dict)
    """Characters that a role's font gets in any case: equal subsets are made once for many pages."""
    _operations: "list[str | _Text | Canvas]" = field(default_factory=list)
    _shown_last: tuple[_Codes, str] | None = None

    def raw(self, operators: str) -> None:
        """Content stream operators, in points."""
        self._operations.append(operators)

    def text(
        self, text: str, x: float, y: float, size: float, role: str, *, spacing: float = 0, colour: str = INK
    ) -> None:
        """Text with its baseline at (x, y) mm; ``size`` and extra ``spacing`` in points, ``colour`` as RGB operands."""
        for face, part in self.fonts.runs(text, role):
            state = f"{size:.2f} Tf {spacing:.3f} Tc {x * MM:.2f} {y * MM:.2f} Td"
            self._operations.append(_Text(face, part, f"BT {colour} rg ", state))
            if len(part) < len(text):
                x += (self.fonts.width(part, role) * size + spacing * len(part)) / MM

    def draw(self, other: "Canvas") -> None:
        """All that was drawn on another page with the same fonts; from now on nothing more is drawn there."""
        self._operations.append(other)

    @contextmanager
    def spoken(self, text: str) -> Iterator[None]:
        """What is drawn inside reads as ``text`` in search and to screen readers (ISO 32000-2, 14.9.4)."""
        self.raw(f"/Span<</ActualText{text_string(text)}>>BDC")
        yield
        self.raw("EMC")

    def centred(
        self, text: str, x: float, y: float, size: float, role: str, *, spacing: float = 0, colour: str = INK
    ) -> None:
        """Text centred on x."""
        left = x - self.width(text, size, role, spacing=spacing) / 2
        self.text(text, left, y, size, role, spacing=spacing, colour=colour)

    def width(self, text: str, size: float, role: str, *, spacing: float = 0) -> float:
        """Width in mm; ``spacing`` stands between characters only."""
        return (self.fonts.width(text, role) * size + spacing * max(len(text) - 1, 0)) / MM

    def fitted_size(self, text: str, room: float, sizes: tuple[float, float], role: str, *, name: str) -> float:
        """The size in points, from ``sizes`` (largest, smallest), at which ``text`` is at most ``room`` mm wide.

        FaceError names the thing when even the smallest is too wide.
        """
        largest, smallest = sizes
        size = min(largest, room * MM / max(self.fonts.width(text, role), 1e-6))
        if size < smallest:
            raise FaceError(f"{name}过长（{len(text)} 字），排不下。Too long to be set: {text}")
        return size

    def finish(self) -> tuple[bytes, list[tuple[str, FontSubset]]]:
        """(content stream, subset fonts with their resource names)."""
        used = {face: set(characters) for face, characters in self._used.items()}
        for role, characters in self.repertoire.items():
            for face, part in self.fonts.runs(characters, role):
                used.setdefault(face, set()).update(part)
        fonts: list[tuple[str, FontSubset]] = []
        codes: _Codes = {}
        for number, (face, characters_used) in enumerate(used.items()):
            subset = self.fonts.subset(face, frozenset(characters_used))
            fonts.append((f"F{number}", subset))
            codes[face] = (f"F{number}", subset.codes)
        return self._shown(codes).encode(), fonts

    @cached_property
    def _used(self) -> dict[FontFace, set[str]]:
        """The characters by face, once all is drawn."""
        used: dict[FontFace, set[str]] = {}
        for operation in self._operations:
            if isinstance(operation, _Text):
                used.setdefault(operation.face, set()).update(operation.text)
            elif isinstance(operation, Canvas):
                for face, characters in operation._used.items():  # noqa: SLF001 - of its own kind
                    used.setdefault(face, set()).update(characters)
        return used

    def _shown(self, codes: _Codes) -> str:
        """The operators; kept, since what several forms share mostly has the same codes on each."""
        own = {face: codes[face] for face in self._used}
        last = self._shown_last
        if last is None or last[0] != own:
            last = self._shown_last = own, "\n".join(_operators(operation, codes) for operation in self._operations)
        return last[1]


def _operators(operation: str | _Text | Canvas, codes: _Codes) -> str:
    if isinstance(operation, str):
        return operation
    if isinstance(operation, Canvas):
        return operation._shown(codes)  # noqa: SLF001 - of its own kind
    resource, numbers = codes[operation.face]
    glyphs = operation.text.translate(numbers)
    return f"{operation.before}/{resource} {operation.state} <{glyphs}> Tj ET"
