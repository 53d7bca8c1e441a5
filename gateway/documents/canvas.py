"""Collects what is drawn on one page and gives the content stream and the font objects. Units: millimetres from bottom left."""

import hashlib
import zlib
from dataclasses import dataclass, field

from gateway.documents.fonts import FontFace, FontLibrary

MM = 72 / 25.4
"""Points in a millimetre."""

_BFCHAR_BLOCK = 100
"""Most entries of one bfchar block (Adobe technical note 5014)."""


@dataclass(frozen=True)
class _Text:
    face: FontFace
    text: str
    x: float
    y: float
    size: float
    spacing: float
    colour: str


@dataclass(frozen=True)
class EmbeddedFont:
    """PDF objects of one subset font; ``{0}``-style references are filled in by the writer."""

    resource: str
    base_name: str
    program: bytes
    widths: str
    to_unicode: bytes
    ascender: int
    descender: int


@dataclass
class Canvas:
    """A page being drawn."""

    fonts: FontLibrary
    _operations: list[str | _Text] = field(default_factory=list)

    def raw(self, operators: str) -> None:
        """Content stream operators, in points."""
        self._operations.append(operators)

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        role: str,
        *,
        spacing: float = 0,
        colour: str = "0.1 0.1 0.1",
    ) -> None:
        """Text with its baseline at (x, y) mm; ``size`` and extra ``spacing`` in points, ``colour`` as RGB operands."""
        for run in self.fonts.runs(text, role):
            self._operations.append(_Text(run.face, run.text, x, y, size, spacing, colour))
            x += (self.fonts.width(run.text, role) * size + spacing * len(run.text)) / MM

    def width(self, text: str, size: float, role: str, *, spacing: float = 0) -> float:
        """Width in mm; ``spacing`` stands between characters only."""
        return (self.fonts.width(text, role) * size + spacing * max(len(text) - 1, 0)) / MM

    def centred(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        role: str,
        *,
        spacing: float = 0,
        colour: str = "0.1 0.1 0.1",
    ) -> None:
        """Text centred on x."""
        left = x - self.width(text, size, role, spacing=spacing) / 2
        self.text(text, left, y, size, role, spacing=spacing, colour=colour)

    def finish(self) -> tuple[bytes, list[EmbeddedFont]]:
        """(content stream, subset fonts in the order of their resources F0, F1, …)."""
        used: dict[FontFace, set[str]] = {}
        for operation in self._operations:
            if isinstance(operation, _Text):
                used.setdefault(operation.face, set()).update(operation.text)
        fonts: list[EmbeddedFont] = []
        glyphs: dict[FontFace, tuple[str, dict[str, int]]] = {}
        for number, (face, characters) in enumerate(used.items()):
            program, mapping = face.subset(frozenset(characters))
            fonts.append(_embedded(f"F{number}", face, program, mapping))
            glyphs[face] = (f"F{number}", mapping)
        stream = "\n".join(_show(op, *glyphs[op.face]) if isinstance(op, _Text) else op for op in self._operations)
        return stream.encode(), fonts


def _show(text: _Text, resource: str, mapping: dict[str, int]) -> str:
    codes = "".join(f"{mapping[c]:04X}" for c in text.text)
    return (
        f"BT {text.colour} rg /{resource} {text.size:.2f} Tf {text.spacing:.3f} Tc "
        f"{text.x * MM:.2f} {text.y * MM:.2f} Td <{codes}> Tj ET"
    )


def _embedded(resource: str, face: FontFace, program: bytes, mapping: dict[str, int]) -> EmbeddedFont:
    by_glyph = sorted((glyph, character) for character, glyph in mapping.items())
    advances = {glyph: face.glyph(character) for glyph, character in by_glyph}
    widths = " ".join(f"{glyph}[{entry[1]}]" for glyph, entry in advances.items() if entry is not None)
    tag = hashlib.sha256("".join(c for _, c in by_glyph).encode()).digest()
    prefix = "".join(chr(65 + byte % 26) for byte in tag[:6])
    return EmbeddedFont(
        resource=resource,
        base_name=f"{prefix}+Noto-{face.name}",
        program=program,
        widths=widths,
        to_unicode=_to_unicode(by_glyph),
        ascender=face.ascender,
        descender=face.descender,
    )


def _to_unicode(by_glyph: list[tuple[int, str]]) -> bytes:
    """The ToUnicode CMap (ISO 32000-2, 9.10.3), so that text can be searched and read aloud."""
    parts = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    for start in range(0, len(by_glyph), _BFCHAR_BLOCK):
        block = by_glyph[start : start + _BFCHAR_BLOCK]
        parts.append(f"{len(block)} beginbfchar")
        parts += [f"<{glyph:04X}> <{character.encode('utf-16-be').hex().upper()}>" for glyph, character in block]
        parts.append("endbfchar")
    parts.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(parts).encode()


def deflate(data: bytes) -> bytes:
    """Flate-compressed bytes; level 3 is within a few per cent of the best at a third of the time."""
    return zlib.compress(data, 3)
