"""Cross-reference sections (ISO 32000-2, 7.5.4 to 7.5.8): where each object of each revision stands."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

from signing.errors import MalformedDataError, ResourceLimitError
from signing.pdf.filters import decoded
from signing.pdf.objects import NotUnderstoodError, Stream, parse_value, skip_space
from signing.validation.policy import Limits

MAX_SECTIONS = 1_000
"""Revisions of one file; each signature and each of its extensions adds one."""

_START = re.compile(rb"startxref[\0\t\n\f\r ]+(\d{1,12})[\0\t\n\f\r ]+%%EOF(\r\n|\n|\r|)")
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10})[ \t]*(?:\r\n|\n|\r)")
_ENTRIES = re.compile(rb"(?:\d{10} \d{5} [nf](?: \r| \n|\r\n))*")
_ENTRY_BYTES = 20
_OBJECT = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj(?![^\0\t\n\f\r ()<>\[\]{}/%])")
_STREAM = re.compile(rb"stream(\r\n|\n)")
_WIDEST_FIELD = 8
_FREE, _PLAIN, _COMPRESSED = range(3)


class Entry(NamedTuple):
    """Where an object stands: at an offset, or as the index-th one in an object stream."""

    offset: int
    """-1 for objects in an object stream."""
    generation: int
    container: int = 0
    """Number of the object stream."""
    place: int = 0
    """Which of its objects it is, from 0."""


FREE = Entry(-1, -1)
"""The object was deleted."""


@dataclass(frozen=True)
class Section:
    """One cross-reference section with its trailer."""

    start: int
    end: int
    """Offset after the trailer dictionary, or after the cross-reference stream object."""
    entries: dict[int, Entry]
    trailer: dict[str, Any]
    number: int | None
    """Object number of a cross-reference stream."""


def start_of(data: bytes, end: int) -> tuple[int, int]:
    """(offset that the last startxref before ``end`` names, offset after its %%EOF line)."""
    found = _START.match(data, max(data.rfind(b"startxref", 0, end), 0), end)
    if found is None:
        raise NotUnderstoodError("there is no startxref at the end")
    return int(found[1]), found.end()


def end_marker(data: bytes, position: int) -> int:
    """Offset after the startxref and %%EOF that follow a section."""
    found = _START.match(data, skip_space(data, position))
    return position if found is None else found.end()


def read_sections(data: bytes, start: int, limits: Limits) -> list[Section]:
    """The section at ``start`` and those before it, newest first. ResourceLimitError, NotUnderstoodError."""
    sections: list[Section] = []
    seen: set[int] = set()
    room = limits.objects
    following: int | None = start
    while following is not None:
        if following in seen:
            raise MalformedDataError("the cross-reference sections run in a circle")
        if len(seen) >= MAX_SECTIONS:
            raise ResourceLimitError(f"the PDF has more than {MAX_SECTIONS} revisions")
        seen.add(following)
        section = _section(data, following, room)
        room -= len(section.entries)
        sections.append(section)
        following = section.trailer.get("Prev")
        if following is not None and not isinstance(following, int):
            raise NotUnderstoodError("the previous section is not named by a number")
    return sections


def _section(data: bytes, start: int, room: int) -> Section:
    if not data.startswith(b"xref", start):
        return _stream_section(data, start, room)
    section = _table(data, start, room)
    if "XRefStm" not in section.trailer:
        return section
    # 7.5.8.4: a hybrid file hides compressed objects from old readers; its table goes before its stream.
    place = section.trailer["XRefStm"]
    if not isinstance(place, int):
        raise NotUnderstoodError("a hybrid section")
    hidden = _stream_section(data, place, room - len(section.entries))
    visible = {number: entry for number, entry in section.entries.items() if entry is not FREE}
    return Section(start, section.end, {**section.entries, **hidden.entries, **visible}, section.trailer, hidden.number)


def _table(data: bytes, start: int, room: int) -> Section:
    entries: dict[int, Entry] = {}
    position = skip_space(data, start + 4)
    while not data.startswith(b"trailer", position):
        head = _SUBSECTION.match(data, position)
        if head is None:
            raise NotUnderstoodError(f"no subsection at offset {position}")
        first, count = int(head[1]), int(head[2])
        if count > room - len(entries):
            raise ResourceLimitError("the PDF has too many objects")
        stop = head.end() + count * _ENTRY_BYTES
        block = data[head.end() : stop]
        if len(block) != count * _ENTRY_BYTES or _ENTRIES.fullmatch(block) is None:
            raise NotUnderstoodError(f"broken entries at offset {head.end()}")
        for index in range(count):
            line = block[index * _ENTRY_BYTES : (index + 1) * _ENTRY_BYTES]
            entry = Entry(int(line[:10]), int(line[11:16])) if line[17:18] == b"n" else FREE
            _add(entries, first + index, entry)
        position = skip_space(data, stop)
    trailer, end = parse_value(data, position + len(b"trailer"))
    if not isinstance(trailer, dict):
        raise NotUnderstoodError("the trailer is no dictionary")
    return Section(start, end, entries, trailer, None)


def _add(entries: dict[int, Entry], number: int, entry: Entry) -> None:
    if number in entries:
        raise NotUnderstoodError(f"object {number} stands twice in one section")
    entries[number] = entry


def _stream_section(data: bytes, start: int, room: int) -> Section:
    number, _, stream, end = indirect_object(data, start, None)
    if not isinstance(stream, Stream) or stream.entries.get("Type") != "XRef":
        raise NotUnderstoodError(f"no cross-reference section at offset {start}")
    widths, size = stream.entries.get("W"), stream.entries.get("Size")
    index = stream.entries.get("Index", [0, size])
    if not _are_counts(widths, 3) or not _are_counts(index, None) or max(widths) > _WIDEST_FIELD:
        raise NotUnderstoodError("a cross-reference stream of unusual shape")
    total, width = sum(index[1::2]), sum(widths)
    if total > room:
        raise ResourceLimitError("the PDF has too many objects")
    table = decoded(stream, room * max(width, 1) * 2)
    if width == 0 or len(table) < total * width:
        raise NotUnderstoodError("a cross-reference stream breaks off")
    numbers = (first + i for first, count in zip(index[::2], index[1::2], strict=True) for i in range(count))
    entries: dict[int, Entry] = {}
    for row, item in enumerate(numbers):
        _add(entries, item, _entry(table[row * width : (row + 1) * width], widths))
    return Section(start, end, entries, stream.entries, number)


def _are_counts(value: Any, length: int | None) -> TypeGuard[list[int]]:
    fits = isinstance(value, list) and (len(value) == length if length else len(value) % 2 == 0)
    return fits and all(type(item) is int and item >= 0 for item in value)


def _entry(row: bytes, widths: list[int]) -> Entry:
    first, second = widths[0], widths[0] + widths[1]
    kind = int.from_bytes(row[:first]) if first else _PLAIN
    two, three = int.from_bytes(row[first:second]), int.from_bytes(row[second:])
    if kind == _PLAIN:
        return Entry(two, three)
    if kind == _COMPRESSED:
        return Entry(-1, 0, two, three)
    if kind == _FREE:
        return FREE
    raise NotUnderstoodError("an entry of an unknown kind")


def indirect_object(data: bytes, start: int, length_of: Any) -> tuple[int, int, Any, int]:
    """(number, generation, value, offset after endobj) of the object at ``start``.

    ``length_of`` resolves a reference to a stream's length; None where only a direct one will do.
    """
    head = _OBJECT.match(data, start)
    if head is None:
        raise NotUnderstoodError(f"no object at offset {start}")
    value, position = parse_value(data, head.end())
    position = skip_space(data, position)
    if isinstance(value, dict) and (mark := _STREAM.match(data, position)):
        length = value.get("Length")
        if length_of is not None and not isinstance(length, int):
            length = length_of(length)
        if type(length) is not int or not 0 <= length <= len(data) - mark.end():
            raise NotUnderstoodError(f"the stream at offset {start} has no length")
        value = Stream(value, data[mark.end() : mark.end() + length])
        position = skip_space(data, mark.end() + length)
        if not data.startswith(b"endstream", position):
            raise NotUnderstoodError(f"the stream at offset {start} ends elsewhere")
        position = skip_space(data, position + len(b"endstream"))
    if not data.startswith(b"endobj", position):
        raise NotUnderstoodError(f"the object at offset {start} does not end")
    return int(head[1]), int(head[2]), value, position + len(b"endobj")
