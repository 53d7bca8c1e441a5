"""The fonts of the pages: metrics, what to do with rare characters, and subsets for embedding."""

import hashlib
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import uharfbuzz as hb

from gateway.documents.face import FaceError

BODY, TITLE, LABEL = "serif-400", "serif-700", "sans-400"
"""Roles of text; also the names of the font files."""

_POSTSCRIPT_NAMES = {
    BODY: "NotoSerifSC-Regular",
    TITLE: "NotoSerifSC-Bold",
    LABEL: "NotoSansSC-Regular",
}
_NOTDEF = 0
_DROPPED_TABLES = (
    "BASE",
    "GDEF",
    "GPOS",
    "GSUB",
    "OS/2",
    "STAT",
    "cmap",
    "gasp",
    "name",
    "post",
    "prep",
    "vhea",
    "vmtx",
)
"""A CID font in a PDF is read by glyph number: outlines and widths are all that it needs (ISO 32000-2, 9.9.2)."""

_DROPPED_TAGS = [int.from_bytes(tag.ljust(4).encode()) for tag in _DROPPED_TABLES]
_SUBSETS_KEPT = 64
"""Titles and labels give the same subset for every licence of a type; names do not, so that few are worth keeping."""


@dataclass(frozen=True, eq=False)
class FontSubset:
    """A TrueType font with some characters only. Compared by identity: the library keeps those that recur."""

    name: str
    """PostScript name with the subset's tag (ISO 32000-2, 9.9.2)."""
    program: bytes
    glyphs: dict[str, int]
    """Character to glyph number in ``program``, by rising glyph number."""
    advances: dict[str, int]
    """Character to width in 1/1000 em."""
    ascender: int
    """1/1000 em, as ``descender``."""
    descender: int

    @cached_property
    def codes(self) -> dict[int, str]:
        """Code point to glyph number, four hexadecimal digits: what ``str.translate`` needs to write a text operand."""
        return {ord(character): f"{glyph:04X}" for character, glyph in self.glyphs.items()}


class _Advances(dict[str, int | None]):
    """Widths by character, looked up on first use; None where the font lacks the character."""

    def __init__(self, font: hb.Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, character: str) -> int | None:
        glyph = self._font.get_nominal_glyph(ord(character))
        advance = self._font.get_glyph_h_advance(glyph) if glyph not in (None, _NOTDEF) else None
        self[character] = advance
        return advance


class FontFace:
    """One TrueType font of 1,000 units per em: which characters it has and how wide they are."""

    def __init__(self, path: Path, role: str) -> None:
        self.name = _POSTSCRIPT_NAMES[role]
        self._face = hb.Face(hb.Blob.from_file_path(str(path)))
        font = hb.Font(self._face)
        extents = font.get_font_extents("ltr")
        self._ascender, self._descender = extents.ascender, extents.descender
        self.advances = _Advances(font)

    def subset(self, characters: frozenset[str]) -> FontSubset:
        """The font with these characters, which it must have."""
        request = hb.SubsetInput()
        request.sets(hb.SubsetInputSets.UNICODE).update(map(ord, characters))
        request.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(_DROPPED_TAGS)
        # Nothing is shaped here: neither substitutes nor mirrored brackets are wanted besides what is set.
        request.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE | hb.SubsetFlags.NO_BIDI_CLOSURE
        plan = hb.SubsetPlan(self._face, request)
        renumbered, original = plan.old_to_new_glyph_mapping, plan.unicode_to_old_glyph_mapping
        numbers = sorted((renumbered[original[ord(c)]], c) for c in characters)
        digest = hashlib.sha256("".join(sorted(characters)).encode()).digest()
        tag = "".join(chr(65 + byte % 26) for byte in digest[:6])
        return FontSubset(
            name=f"{tag}+{self.name}",
            program=bytes(plan.execute().blob.data),
            glyphs={c: number for number, c in numbers},
            advances={c: self.advances[c] or 0 for _, c in numbers},
            ascender=self._ascender,
            descender=self._descender,
        )


class _Choices(dict[str, FontFace]):
    """The face that sets a character in one role, found on first use. FaceError when none has it."""

    def __init__(self, candidates: tuple[FontFace, ...]) -> None:
        super().__init__()
        self._candidates = candidates

    def __missing__(self, character: str) -> FontFace:
        for face in self._candidates:
            if face.advances[character] is not None:
                self[character] = face
                return face
        code = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
        shown = f"“{character}”" if character.isprintable() else ""
        raise FaceError(
            f"字库中没有字符{shown}（{code}）。No font has the character {code}.",
            hint="Use a character of GB 18030, without control characters.",
        )


class FontLibrary:
    """The three faces, loaded once from the built assets."""

    def __init__(self, assets_dir: Path) -> None:
        folder = assets_dir / "fonts"
        missing = [role for role in _POSTSCRIPT_NAMES if not (folder / f"{role}.ttf").exists()]
        if missing:
            raise FaceError(f"The fonts are not built: {folder} lacks {missing[0]}.ttf.", hint="Run: make setup")
        faces = {role: FontFace(folder / f"{role}.ttf", role) for role in _POSTSCRIPT_NAMES}
        self._choices = {role: _Choices((face, faces[BODY], faces[LABEL])) for role, face in faces.items()}
        self.subset = lru_cache(maxsize=_SUBSETS_KEPT)(_subset)

    def runs(self, text: str, role: str) -> list[tuple[FontFace, str]]:
        """``text`` cut where the face changes. FaceError names a character that no font has."""
        choices = self._choices[role]
        faces = {choices[character] for character in text}
        if len(faces) == 1:
            return [(faces.pop(), text)]
        runs: list[tuple[FontFace, str]] = []
        for character in text:
            face = choices[character]
            if runs and runs[-1][0] is face:
                runs[-1] = (face, runs[-1][1] + character)
            else:
                runs.append((face, character))
        return runs

    def width(self, text: str, role: str) -> float:
        """Width in em. FaceError as for ``runs``."""
        choices = self._choices[role]
        return sum([choices[c].advances[c] or 0 for c in text]) / 1000


def _subset(face: FontFace, characters: frozenset[str]) -> FontSubset:
    return face.subset(characters)


@cache
def font_library(assets_dir: Path) -> FontLibrary:
    """The library of this process for a folder of assets."""
    return FontLibrary(assets_dir)
