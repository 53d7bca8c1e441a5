"""A PDF as one of its revisions: every object by number, and the revisions before it (ISO 32000-2, 7.5.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from signing.errors import MalformedDataError, ResourceLimitError, UnsupportedFormatError
from signing.pdf.filters import decoded
from signing.pdf.objects import Name, NotUnderstoodError, Reference, Stream, parse_value
from signing.pdf.sections import (
    FREE,
    Entry,
    Section,
    end_marker,
    indirect_object,
    read_sections,
    start_of,
)
from signing.validation.policy import Limits

MAX_PAGES = 20_000
MAX_PAGE_DEPTH = 64
_LONGEST_REFERENCE_CHAIN = 8

Place = tuple[int, int]
"""Where an object's bytes are, whatever the revision: (offset, -1), or (offset of its object stream, index in it)."""


@dataclass
class _Shared:
    """What all revisions of one file share: parsed objects by place, and how much was inflated."""

    objects: dict[Place, tuple[Any, int]] = field(default_factory=dict)
    containers: dict[int, list[tuple[int, Any]]] = field(default_factory=dict)
    inflated: int = 0
    holders: dict[int, dict[int, set[tuple[int, str]]]] = field(default_factory=dict)
    """Who refers to whom, by the start of a revision's newest section (``signing.pdf.difference``)."""


class PdfFile:
    """A revision of a PDF. Objects are parsed when they are asked for."""

    def __init__(self, data: bytes, limits: Limits, sections: list[Section], end: int, shared: _Shared) -> None:
        self.data = data
        self.limits = limits
        self.sections = sections
        """Newest first."""
        self.end = end
        """Offset after the %%EOF line of this revision."""
        self._shared = shared
        self.holders = shared.holders
        self._pages: list[int] | None = None
        self.entries: dict[int, Entry] = {}
        for section in sections:
            for number, entry in section.entries.items():
                self.entries.setdefault(number, entry)
        self.trailer = sections[0].trailer
        root = self.trailer.get("Root")
        if not isinstance(root, Reference):
            raise NotUnderstoodError("the trailer names no catalog")
        self.root_number = root.number

    @property
    def root(self) -> dict[str, Any]:
        """The catalog."""
        found = self.get(self.root_number)
        if not isinstance(found, dict):
            raise NotUnderstoodError("the catalog is no dictionary")
        return found

    def as_of(self, end: int) -> "PdfFile | None":
        """The revision that ends at ``end``; None when none does, or when it is not one of this file's revisions."""
        try:
            start, after = start_of(self.data, end)
        except NotUnderstoodError:
            return None
        if after != end and self.data[after:end].strip(b"\r\n"):
            return None
        for index, section in enumerate(self.sections):
            if section.start == start and section.end < end:
                return PdfFile(self.data, self.limits, self.sections[index:], end, self._shared)
        return None

    def as_of_section(self, index: int) -> "PdfFile":
        """The revision whose newest section is the index-th of this one's."""
        end = end_marker(self.data, self.sections[index].end)
        return PdfFile(self.data, self.limits, self.sections[index:], end, self._shared)

    def place(self, number: int) -> Place | None:
        """Where the object's bytes are in this revision; None when there is no such object."""
        entry = self.entries.get(number, FREE)
        if entry is FREE:
            return None
        if entry.offset >= 0:
            return entry.offset, -1
        container = self.entries.get(entry.container, FREE)
        return (container.offset, entry.place) if container.offset >= 0 else None

    def get(self, number: int) -> Any:
        """The object; None when there is none."""
        place = self.place(number)
        if place is None:
            return None
        if place not in self._shared.objects:
            self._shared.objects[place] = self._load(number, place)
        return self._shared.objects[place][0]

    def span(self, number: int) -> tuple[int, int] | None:
        """First and last offset of an object that stands by itself."""
        place = self.place(number)
        if place is None or place[1] >= 0:
            return None
        self.get(number)
        return place[0], self._shared.objects[place][1]

    def resolve(self, value: Any) -> Any:
        """``value``, or what it refers to."""
        for _ in range(_LONGEST_REFERENCE_CHAIN):
            if not isinstance(value, Reference):
                return value
            value = self.get(value.number)
        raise MalformedDataError("references run in a circle")

    def numbers(self) -> list[int]:
        """Numbers of all objects that there are."""
        return [number for number, entry in self.entries.items() if entry is not FREE]

    def _load(self, number: int, place: Place) -> tuple[Any, int]:
        if place[1] >= 0:
            return self._compressed(number, place), -1
        found, generation, value, end = indirect_object(self.data, place[0], self.resolve)
        if (found, generation) != (number, self.entries[number].generation):
            raise NotUnderstoodError(f"object {number} is not where it should be")
        return value, end

    def _compressed(self, number: int, place: Place) -> Any:
        contents = self._shared.containers.get(place[0])
        if contents is None:
            contents = self._shared.containers[place[0]] = self._contents(self.entries[number].container)
        if place[1] >= len(contents) or contents[place[1]][0] != number:
            raise NotUnderstoodError(f"object {number} is not where it should be")
        return contents[place[1]][1]

    def _contents(self, container: int) -> list[tuple[int, Any]]:
        """(number, object) of each object in an object stream (7.5.7)."""
        stream = self.get(container)
        if not isinstance(stream, Stream) or stream.entries.get("Type") != "ObjStm":
            raise NotUnderstoodError(f"object {container} is no object stream")
        count, first = stream.entries.get("N"), stream.entries.get("First")
        plain = self.decoded(stream)
        if type(count) is not int or type(first) is not int or not 0 <= first <= len(plain) or count < 0:
            raise NotUnderstoodError(f"object stream {container} has no count")
        if count > self.limits.objects:
            raise ResourceLimitError("the PDF has too many objects")
        head = plain[:first].split()
        if len(head) != 2 * count or not all(word.isdigit() for word in head):
            raise NotUnderstoodError(f"object stream {container} has a broken head")
        numbers = [int(word) for word in head]
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return [(number, parse_value(plain, first + offset)[0]) for number, offset in pairs]

    def decoded(self, stream: Stream) -> bytes:
        """A stream's bytes, out of one budget for the whole file. ResourceLimitError."""
        plain = decoded(stream, self.limits.inflated_bytes - self._shared.inflated)
        self._shared.inflated += len(plain)
        return plain

    def pages(self) -> list[int]:
        """Object numbers of the pages in order. MalformedDataError for a tree that is none, ResourceLimitError."""
        if self._pages is not None:
            return self._pages
        found: list[int] = []
        seen: set[int] = set()
        for number in self._leaves(self.root.get("Pages"), seen, 0):
            found.append(number)
            if len(found) > MAX_PAGES:
                raise ResourceLimitError(f"the PDF has more than {MAX_PAGES} pages")
        self._pages = found
        return found

    def _leaves(self, reference: Any, seen: set[int], depth: int) -> Iterator[int]:
        node = self.resolve(reference)
        if not isinstance(reference, Reference) or not isinstance(node, dict) or depth > MAX_PAGE_DEPTH:
            raise NotUnderstoodError("the page tree is broken")
        if reference.number in seen:
            raise MalformedDataError("the page tree runs in a circle")
        seen.add(reference.number)
        kids = self.resolve(node.get("Kids"))
        if kids is None:
            yield reference.number
        elif isinstance(kids, list):
            for kid in kids:
                yield from self._leaves(kid, seen, depth + 1)
        else:
            raise NotUnderstoodError("the page tree is broken")


def open_pdf(data: bytes, limits: Limits) -> PdfFile:
    """The last revision of a PDF.

    NotUnderstoodError when this strict reader does not follow, MalformedDataError, UnsupportedFormatError (encrypted),
    ResourceLimitError.
    """
    if not data.startswith(b"%PDF-"):
        raise NotUnderstoodError("the file does not begin with its header")
    start, end = start_of(data, len(data))
    sections = read_sections(data, start, limits)
    if any("Encrypt" in section.trailer for section in sections):
        raise UnsupportedFormatError("the PDF is encrypted")
    return PdfFile(data, limits, sections, max(end, end_marker(data, sections[0].end)), _Shared())


def name_of(value: Any) -> str:
    """A name as text, the empty string for anything else."""
    return str(value) if isinstance(value, Name) else ""
