"""The fonts of the pages: metrics, what to do with rare characters, and subsets for embedding."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import uharfbuzz as hb

from gateway.documents.face import FaceError

BODY, TITLE, LABEL = "serif-400", "serif-700", "sans-400"
_NOTDEF = 0
_DROPPED_TABLES = [
    "GSUB",
    "GPOS",
    "GDEF",
    "BASE",
    "STAT",
    "name",
    "gasp",
    "post",
    "OS/2",
    "vhea",
    "vmtx",
    "cmap",
    "prep",
]
"""A CID font in a PDF is read by glyph number: outlines and widths are all it needs."""


class FontFace:
    """One TrueType font: which characters it has and how wide they are."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._face = hb.Face(hb.Blob.from_file_path(str(path)))
        self._font = hb.Font(self._face)
        self._glyphs: dict[str, tuple[int, int] | None] = {}
        extents = self._font.get_font_extents("ltr")
        self.ascender, self.descender = extents.ascender, extents.descender

    def glyph(self, character: str) -> tuple[int, int] | None:
        """(glyph, advance in 1/1000 em), None when the font lacks the character."""
        if character not in self._glyphs:
            glyph = self._font.get_nominal_glyph(ord(character))
            self._glyphs[character] = (
                (glyph, self._font.get_glyph_h_advance(glyph)) if glyph not in (None, _NOTDEF) else None
            )
        return self._glyphs[character]

    def subset(self, characters: frozenset[str]) -> tuple[bytes, dict[str, int]]:
        """(TrueType subset, character to new glyph)."""
        request = hb.SubsetInput()
        request.sets(hb.SubsetInputSets.UNICODE).update(ord(c) for c in characters)
        request.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(
            int.from_bytes(tag.ljust(4).encode()) for tag in _DROPPED_TABLES
        )
        request.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE
        plan = hb.SubsetPlan(self._face, request)
        renumbered = plan.old_to_new_glyph_mapping
        glyphs = {c: self._glyphs[c] for c in characters}
        mapping = {c: renumbered[g[0]] for c, g in glyphs.items() if g is not None}
        return bytes(plan.execute().blob.data), mapping


@dataclass(frozen=True)
class Run:
    """Characters that one font sets."""

    face: FontFace
    text: str


class FontLibrary:
    """The three faces, loaded once from the built assets."""

    def __init__(self, assets_dir: Path) -> None:
        self._folder = assets_dir / "fonts"
        missing = [role for role in (BODY, TITLE, LABEL) if not (self._folder / f"{role}.ttf").exists()]
        if missing:
            raise FaceError(f"The fonts are not built: {self._folder} lacks {missing[0]}.", hint="Run: make setup")
        self._faces: dict[str, FontFace] = {}
        self._chosen: dict[tuple[str, str], FontFace] = {}

    def runs(self, text: str, role: str) -> list[Run]:
        """``text`` cut into runs. FaceError names a character that no font has."""
        runs: list[Run] = []
        for character in text:
            face = self.face_for(character, role)
            if runs and runs[-1].face is face:
                runs[-1] = Run(face, runs[-1].text + character)
            else:
                runs.append(Run(face, character))
        return runs

    def width(self, text: str, role: str) -> float:
        """Width in em."""
        return sum(self.advance(character, role) for character in text) / 1000

    def advance(self, character: str, role: str) -> int:
        """Advance in 1/1000 em."""
        glyph = self.face_for(character, role).glyph(character)
        return 0 if glyph is None else glyph[1]

    def face_for(self, character: str, role: str) -> FontFace:
        """The role's face, or the body's where that one lacks the character."""
        key = (character, role)
        if key not in self._chosen:
            self._chosen[key] = self._choose(character, role)
        return self._chosen[key]

    def _choose(self, character: str, role: str) -> FontFace:
        for candidate in (role, BODY):
            if self._face(candidate).glyph(character) is not None:
                return self._face(candidate)
        code = ord(character)
        raise FaceError(f"字库中没有字符“{character}”（U+{code:04X}）。No font has the character U+{code:04X}.")

    def _face(self, name: str) -> FontFace:
        if name not in self._faces:
            self._faces[name] = FontFace(self._folder / f"{name}.ttf", name)
        return self._faces[name]


@cache
def font_library(assets_dir: Path) -> FontLibrary:
    """The library of this process for a folder of assets."""
    return FontLibrary(assets_dir)
