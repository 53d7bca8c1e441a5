"""Makes text that strangers wrote safe to look at: nothing hidden, nothing reordered, nothing endless.

File names and certificate names come from whoever made the file. Control characters, bidirectional overrides (the trick
of ``exe.fdp``, Unicode TR 36, 2.10.1) and invisible characters are shown as their code points.
"""

import unicodedata

MOST_CHARACTERS = 160
"""More than any real name; what is cut out is counted."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""General categories (UAX 44, 5.7.1) of what is not seen, or changes how its neighbours are seen."""

_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
"""Letters and marks that are drawn as nothing."""

_MOST_MARKS = 2
"""Combining marks on one character; towers of them hide the lines around (UTS 39, 5.4)."""


def visible(text: str, limit: int = MOST_CHARACTERS) -> str:
    """``text`` with everything hidden shown as ``[U+202E]``, in at most about ``limit`` characters."""
    shown = "".join(_shown(text[: 4 * limit]))
    cut = len(text) - 4 * limit
    if cut <= 0 and len(shown) <= limit:
        return shown
    head, tail = shown[: limit * 2 // 3], shown[-limit // 4 :] if cut <= 0 else ""
    return f"{head}…[{len(text)}]…{tail}" if tail else f"{head}…[{len(text)}]"


def _shown(text: str) -> list[str]:
    parts: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hidden = category in _HIDDEN or character in _INVISIBLE_LETTERS or marks > _MOST_MARKS
        odd_space = category == "Zs" and character not in " \u3000"
        parts.append(f"[U+{ord(character):04X}]" if hidden or odd_space else character)
    return parts
