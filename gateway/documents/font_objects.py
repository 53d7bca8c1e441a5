"""Subset fonts as PDF objects: a Type 0 font over a CIDFontType2 (ISO 32000-2, 9.7; ISO 19005-3, 6.2.11)."""

from dataclasses import dataclass
from functools import lru_cache

from gateway.documents.fonts import FontSubset
from gateway.documents.pdf_objects import Objects, stream

_SYMBOLIC = 4
_BFCHAR_BLOCK = 100
"""Most entries of one bfchar block (Adobe technical note 5014)."""

_CMAP_HEAD = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange"""
_CMAP_TAIL = "endcmap CMapName currentdict /CMap defineresource pop end end"


@dataclass(frozen=True)
class _Streams:
    program: bytes
    unicode_map: bytes
    widths: str


def add_font(objects: Objects, subset: FontSubset) -> int:
    """Number of the Type 0 font; codes in content streams are glyph numbers of two octets."""
    streams = _streams(subset)
    program = objects.add(streams.program)
    descriptor = objects.add(
        f"<</Type/FontDescriptor/FontName/{subset.name}/Flags {_SYMBOLIC}/FontBBox[-1000 -1100 3000 1900]/ItalicAngle 0"
        f"/Ascent {subset.ascender}/Descent {subset.descender}/CapHeight 730/StemV 80/FontFile2 {program} 0 R>>".encode()
    )
    cid_font = objects.add(
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{subset.name}/CIDToGIDMap/Identity/DW 1000"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/W[{streams.widths}]/FontDescriptor {descriptor} 0 R>>".encode()
    )
    unicode_map = objects.add(streams.unicode_map)
    return objects.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/{subset.name}/Encoding/Identity-H"
        f"/DescendantFonts[{cid_font} 0 R]/ToUnicode {unicode_map} 0 R>>".encode()
    )


@lru_cache(maxsize=64)
def _streams(subset: FontSubset) -> _Streams:
    by_glyph: dict[int, str] = {}
    for character, glyph in subset.glyphs.items():
        by_glyph.setdefault(glyph, character)
    return _Streams(
        program=stream(f"/Length1 {len(subset.program)}", subset.program),
        unicode_map=stream("", _unicode_map(list(by_glyph.items()))),
        widths="".join(f"{glyph}[{subset.advances[character]}]" for glyph, character in by_glyph.items()),
    )


def _unicode_map(by_glyph: list[tuple[int, str]]) -> bytes:
    """The ToUnicode CMap (9.10.3), so that text can be searched and read aloud."""
    parts = [_CMAP_HEAD]
    for start in range(0, len(by_glyph), _BFCHAR_BLOCK):
        block = by_glyph[start : start + _BFCHAR_BLOCK]
        parts.append(f"{len(block)} beginbfchar")
        parts += [f"<{glyph:04X}> <{character.encode('utf-16-be').hex().upper()}>" for glyph, character in block]
        parts.append("endbfchar")
    parts.append(_CMAP_TAIL)
    return "\n".join(parts).encode()
