"""PDF objects (ISO 32000-2, 7.3) and a strict reader of them.

What is not written as the standard says raises NotUnderstoodError, and another reader may have a try. A number, name or
string that two readers could take for two things is never guessed at.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from signing.errors import MalformedDataError, ResourceLimitError

MAX_DEPTH = 64
"""Nesting of arrays and dictionaries; honest files stay under twenty."""

_SPACE = rb"[\0\t\n\f\r ]"
_SKIP = re.compile(rb"(?:[\0\t\n\f\r ]+|%[^\r\n]*)*")
_TOKEN = re.compile(
    rb"(?P<reference>(\d{1,10})" + _SPACE + rb"{1,8}(\d{1,5})" + _SPACE + rb"{1,8}R(?![^\0\t\n\f\r ()<>\[\]{}/%]))"
    rb"|(?P<integer>[+-]?\d{1,20}(?![^\0\t\n\f\r ()<>\[\]{}/%]))"
    rb"|(?P<real>[+-]?(?:\d{1,40}\.\d{0,40}|\.\d{1,40})(?![^\0\t\n\f\r ()<>\[\]{}/%]))"
    rb"|/(?P<name>[^\0\t\n\f\r ()<>\[\]{}/%]{0,512})"
    rb"|(?P<open><<)|(?P<close>>>)|(?P<array>\[)|(?P<end>\])"
    rb"|<(?P<hex>[0-9A-Fa-f\0\t\n\f\r ]*)>|(?P<literal>\()"
    rb"|(?P<word>true|false|null)(?![^\0\t\n\f\r ()<>\[\]{}/%])"
)
_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_STRING_MARK = re.compile(rb"[()\\]")
_STRING_ESCAPE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3}|\r\n|\r|\n|)|\r\n?", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_WORDS = {b"true": True, b"false": False, b"null": None}


class NotUnderstoodError(MalformedDataError):
    """The file is not written as this strict reader expects; it may still be sound."""


class Name(str):
    """A name without its solidus."""

    __slots__ = ()


class Reference(NamedTuple):
    """An indirect reference."""

    number: int
    generation: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string with its place in the bytes that it was read from; two strings of one value are equal wherever they stand."""

    value: bytes
    start: int = field(compare=False)
    end: int = field(compare=False)
    """Offset after the closing bracket."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream's dictionary and its bytes as they stand in the file, still encoded."""

    entries: dict[str, Any]
    raw: bytes


def skip_space(data: bytes, position: int) -> int:
    """The first offset from ``position`` that is neither white space nor comment."""
    found = _SKIP.match(data, position)
    return position if found is None else found.end()


def parse_value(data: bytes, position: int, depth: int = 0) -> tuple[Any, int]:
    """(object, offset after it). NotUnderstoodError; ResourceLimitError when it nests too deeply."""
    if depth > MAX_DEPTH:
        raise ResourceLimitError("the PDF nests too deeply")
    position = skip_space(data, position)
    token = _TOKEN.match(data, position)
    if token is None:
        raise NotUnderstoodError(f"no object at offset {position}")
    kind, end = token.lastgroup, token.end()
    if kind == "name":
        return _name(token["name"]), end
    if kind == "integer":
        return int(token["integer"]), end
    if kind == "reference":
        return Reference(int(token[2]), int(token[3])), end
    if kind == "open":
        return _dictionary(data, end, depth)
    if kind == "array":
        return _array(data, end, depth)
    return _scalar(data, token, position)


def _scalar(data: bytes, token: re.Match[bytes], position: int) -> tuple[Any, int]:
    kind, end = token.lastgroup, token.end()
    if kind == "hex":
        digits = token["hex"].translate(None, b"\0\t\n\f\r ")
        value = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
        return Text(value, position, end), end
    if kind == "literal":
        return _literal(data, position)
    if kind == "real":
        return float(token["real"]), end
    if kind == "word":
        return _WORDS[token["word"]], end
    raise NotUnderstoodError(f"an object ends where none began, at offset {position}")


def _name(raw: bytes) -> Name:
    if b"#" in raw:
        raw = _NAME_ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), raw)
    return Name(raw.decode("latin-1"))


def _dictionary(data: bytes, position: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while True:
        position = skip_space(data, position)
        if data.startswith(b">>", position):
            return found, position + 2
        key, position = parse_value(data, position, depth + 1)
        if not isinstance(key, Name) or key in found:
            # Of a key that stands twice, one reader takes the first value and another the last.
            raise NotUnderstoodError(f"a dictionary has no clear key before offset {position}")
        found[key], position = parse_value(data, position, depth + 1)


def _array(data: bytes, position: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while True:
        position = skip_space(data, position)
        if data.startswith(b"]", position):
            return found, position + 1
        value, position = parse_value(data, position, depth + 1)
        found.append(value)


def _literal(data: bytes, start: int) -> tuple[Text, int]:
    """A string in parentheses, which may hold balanced ones (7.3.4.2)."""
    depth, position = 0, start
    while mark := _STRING_MARK.search(data, position):
        position = mark.end()
        if mark[0] == b"\\":
            position += 1
        else:
            depth += 1 if mark[0] == b"(" else -1
        if depth == 0:
            return Text(_STRING_ESCAPE.sub(_unescaped, data[start + 1 : position - 1]), start, position), position
    raise NotUnderstoodError(f"the string at offset {start} does not end")


def _unescaped(mark: re.Match[bytes]) -> bytes:
    escaped = mark[1]
    if escaped is None:
        return b"\n"
    if escaped[:1].isdigit():
        return bytes([int(escaped, 8) & 0xFF])
    return b"" if escaped in (b"", b"\r", b"\n", b"\r\n") else _ESCAPES.get(escaped, escaped)
