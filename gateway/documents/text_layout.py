"""Breaks Chinese text into lines by the rules of GB/T 15834: no closing mark starts a line, no opening mark ends one."""

import re
from collections.abc import Callable

_NOT_AT_START = frozenset("，。、；：？！）〕】》」』”’％…·,.;:?!)]}%℃—")
_NOT_AT_END = frozenset("（〔【《「『“‘([{")
_TOKEN = re.compile(r"[0-9A-Za-z@#&_+\-./]+|.", re.DOTALL)
"""A Latin word or a number stays whole; every other character may stand alone."""


def break_lines(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Lines no wider than ``width`` in the unit of ``measure``; a word wider than a line is cut."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _break_paragraph(paragraph, width, measure)
    return lines


def _break_paragraph(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    lines: list[list[str]] = [[]]
    used = 0.0
    for token in _tokens(text, width, measure):
        size = measure(token)
        if lines[-1] and used + size > width:
            carried = _carried(lines[-1], token)
            keep = len(lines[-1]) - carried
            lines.append(lines[-1][keep:])
            del lines[-2][keep:]
            used = sum(measure(t) for t in lines[-1])
        lines[-1].append(token)
        used += size
    return ["".join(line).strip(" ") for line in lines]


def _tokens(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        tokens += list(token) if measure(token) > width else [token]
    return tokens


def _carried(line: list[str], following: str) -> int:
    """How many tokens at the end of ``line`` must move down with ``following``."""
    carried = 0
    while carried < len(line) - 1:
        first = line[len(line) - carried] if carried else following
        last = line[len(line) - carried - 1]
        if first[0] not in _NOT_AT_START and last[-1] not in _NOT_AT_END:
            return carried
        carried += 1
    return 0
