"""What differs between two revisions of one PDF, object by object and byte by byte."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from signing.pdf.file import PdfFile
from signing.pdf.objects import Reference, Stream, Text, skip_space
from signing.pdf.sections import end_marker

Holder = tuple[int, str]
"""An object that refers to another, and the key of its dictionary under which it does."""

TRAILER = 0
"""Stands for the trailer where numbers of objects are given; object 0 is always free (ISO 32000-2, 7.5.4)."""

_OF_THE_SECTION = frozenset({"Size", "Prev", "XRefStm", "Type", "W", "Index", "Length", "Filter", "DecodeParms", "ID"})
"""Keys of a trailer that say how its own section is written."""

_ROLES = {
    "Contents": "page content",
    "Resources": "resources",
    "Font": "font",
    "DescendantFonts": "font",
    "FontDescriptor": "font",
    "FontFile2": "font file",
    "FontFile3": "font file",
    "ToUnicode": "font",
    "Kids": "page tree",
    "Fields": "form",
    "AcroForm": "form",
    "Annots": "annotation",
    "AP": "appearance",
    "N": "appearance",
    "Dests": "names",
    "Names": "names",
    "EmbeddedFiles": "attachment",
    "EF": "attachment",
    "AF": "attachment",
    "OpenAction": "action",
    "A": "action",
    "AA": "action",
    "OCProperties": "optional content",
    "Outlines": "outline",
    "Metadata": "metadata",
    "Info": "document information",
    "DSS": "validation data",
    "Perms": "permissions",
}
_TYPES = {
    "Catalog": "catalog",
    "Page": "page",
    "Pages": "page tree",
    "Font": "font",
    "FontDescriptor": "font",
    "Annot": "annotation",
    "Sig": "signature",
    "DocTimeStamp": "document time-stamp",
    "Metadata": "metadata",
    "OCG": "optional content",
    "OCMD": "optional content",
    "Filespec": "attachment",
    "EmbeddedFile": "attachment",
    "XRef": "cross-reference",
    "ObjStm": "object stream",
    "Action": "action",
    "DSS": "validation data",
}


def same(one: Any, other: Any) -> bool:
    """Whether two objects are the same, references not followed. A number is never a boolean, nor a name a string."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Stream):
        return one.raw == other.raw and same(one.entries, other.entries)
    return bool(one == other)


def differing_keys(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """Keys whose values are not the same."""
    return {key for key in one.keys() | other.keys() if not same(one.get(key), other.get(key))}


def changed_numbers(signed: PdfFile, last: PdfFile) -> set[int]:
    """Numbers of the objects that were added, replaced by something else, or removed."""
    return {
        number
        for number in signed.entries.keys() | last.entries.keys()
        if signed.place(number) != last.place(number) and not same(signed.get(number), last.get(number))
    }


def is_same_trailer(signed: PdfFile, last: PdfFile) -> bool:
    """Whether catalog, document information, the first half of the file identifier and whatever else stands there stayed.

    Document information may be added where there was none; what it may say is judged with the objects.
    """
    added = set() if "Info" in signed.trailer else {"Info"}
    differing = differing_keys(signed.trailer, last.trailer) - _OF_THE_SECTION - added
    first, second = (file.resolve(file.trailer.get("ID")) for file in (signed, last))
    kept = first is None or (isinstance(second, list) and same(first[:1], second[:1]))
    return not differing and kept


def has_stray_bytes(signed: PdfFile, last: PdfFile) -> bool:
    """Whether anything follows the signed revision that belongs to no object and no cross-reference section.

    A reader that mends broken files would find objects there which the cross-references do not name. After the last
    %%EOF line there is nothing at all, not even white space.
    """
    spans: dict[int, int] = {}
    newer = last.sections[: len(last.sections) - len(signed.sections)]
    for index, section in enumerate(newer):
        view = last.as_of_section(index)
        spans[section.start] = end_marker(last.data, section.end)
        for number, entry in section.entries.items():
            if entry.offset >= signed.end and entry.offset not in spans:
                span = view.span(number)
                spans[entry.offset] = span[1] if span else entry.offset
    position = signed.end
    for start, end in sorted(spans.items()):
        if start < position or skip_space(last.data, position) != start:
            return True
        position = end
    return position < len(last.data)


def references_in(value: Any) -> Iterator[Reference]:
    """Every reference in an object, its own dictionary's included, without following any."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Reference):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, Stream):
            stack.append(item.entries)


def holders_of(file: PdfFile) -> dict[int, set[Holder]]:
    """For each object, which others refer to it and under which key; the whole revision is read for it."""
    revision = file.sections[0].start
    if revision in file.holders:
        return file.holders[revision]
    found: dict[int, set[Holder]] = defaultdict(set)
    for number, value in ((TRAILER, file.trailer), *((number, file.get(number)) for number in file.numbers())):
        entries = value.entries if isinstance(value, Stream) else value
        for key, part in entries.items() if isinstance(entries, dict) else (("", entries),):
            for reference in references_in(part):
                found[reference.number].add((number, key))
    file.holders[revision] = found
    return found


def pages_showing(number: int, holders: dict[int, set[Holder]], pages: dict[int, int]) -> set[int]:
    """Numbers, from 1, of the pages that use an object, directly or through others."""
    found: set[int] = set()
    seen, stack = {number}, [number]
    while stack:
        item = stack.pop()
        if item in pages:
            found.add(pages[item])
            continue
        for holder, _ in holders.get(item, ()):
            if holder not in seen and holder != TRAILER:
                seen.add(holder)
                stack.append(holder)
    return found


def described(number: int, value: Any, holders: Iterable[Holder]) -> str:
    """What an object is, in a word or two."""
    entries = value.entries if isinstance(value, Stream) else value
    if isinstance(entries, dict):
        if entries.get("Subtype") == "Widget" or "FT" in entries:
            return "form field"
        if str(entries.get("Type")) in _TYPES:
            return _TYPES[str(entries["Type"])]
        if entries.get("Subtype") in ("Image", "Form"):
            return "image" if entries["Subtype"] == "Image" else "drawing"
        if isinstance(entries.get("Contents"), Text) and "ByteRange" in entries:
            return "signature"
    roles = sorted(_ROLES[key] for _, key in holders if key in _ROLES)
    return roles[0] if roles else ("trailer" if number == TRAILER else "object")
