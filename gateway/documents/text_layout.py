"""Breaks Chinese text into lines by GB/T 15834 (5.1): no closing mark starts a line, no opening mark ends one."""

import re
from collections.abc import Callable

_NOT_AT_START = frozenset("，。、；：？！）〕】》」』”’％…·,.;:?!)]}%℃—～")
_NOT_AT_END = frozenset("（〔【《「『“‘([{")
_TOKEN = re.compile(r"\d+年\d+月\d+日|——|……|[0-9A-Za-z@#&_+\-./]+|.", re.DOTALL)
"""A date, a double mark, a Latin word or a number stays whole; every other character may stand alone."""


def break_lines(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Lines no wider than ``width`` in the unit of ``measure``; a word wider than a line is cut.

    One line at least; line feeds end lines. A single character wider than ``width`` stands alone on its line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += [paragraph] if measure(paragraph) <= width else _break_paragraph(paragraph, width, measure)
    return lines


def _break_paragraph(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    lines: list[list[str]] = [[]]
    used = 0.0
    for token in _tokens(text, width, measure):
        size = measure(token)
        if lines[-1] and used + size > width:
            keep = len(lines[-1]) - _carried(lines[-1], token)
            used = sum(measure(t) for t in lines[-1][keep:])
            if used + size > width:  # More marks than a line holds: the width counts more than they do.
                keep, used = len(lines[-1]), 0.0
            lines.append(lines[-1][keep:])
            del lines[-2][keep:]
        lines[-1].append(token)
        used += size
    return ["".join(line).strip(" ") for line in lines]


def _tokens(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    tokens: list[str] = []
    room = width - 2 * measure("。")  # A mark or two must find room on the line of the word that they close.
    for token in _TOKEN.findall(text):
        tokens += list(token) if measure(token) > room else [token]
    return tokens


def _carried(line: list[str], following: str) -> int:
    """How many tokens at the end of ``line`` must move down with ``following``; none where all would have to."""
    for carried in range(len(line)):
        first = line[len(line) - carried] if carried else following
        last = line[len(line) - carried - 1]
        if first[0] not in _NOT_AT_START and last[-1] not in _NOT_AT_END:
            return carried
    return 0
