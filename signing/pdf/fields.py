"""Finds every signature of a PDF (ISO 32000-2, 12.7.5.5 and 12.8): in fields, in annotations, in /Perms, or loose in the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from signing.errors import MalformedDataError, ResourceLimitError
from signing.pdf.file import PdfFile
from signing.pdf.objects import MAX_DEPTH, Reference, Text

_ESCAPED = b"".join(b"(?:%c|#%02X|#%02x)" % (letter, letter, letter) for letter in b"ByteRange")
_BYTE_RANGE = re.compile(b"/" + _ESCAPED)
"""The key in each of its spellings (7.3.5)."""
_LONGEST_NAME = 1_000


@dataclass(frozen=True)
class FoundSignature:
    """A signature dictionary and where it hangs."""

    name: str
    number: int
    """Number of the object that holds the dictionary: its own, or its field's."""
    dictionary: dict[str, Any]


@dataclass(frozen=True)
class FormField:
    """A field of the form, or a widget that stands for one."""

    name: str
    number: int
    """0 when it is no indirect object."""
    dictionary: dict[str, Any]
    kind: str
    """Sig, Tx, Btn, Ch, or empty."""


def form_fields(file: PdfFile) -> Iterator[FormField]:
    """Every field of the form, and every widget on a page that the form does not name."""
    seen: set[int] = set()
    form = file.resolve(file.root.get("AcroForm"))
    if isinstance(form, dict):
        for reference in _references(file, form.get("Fields")):
            yield from _branch(file, reference, "", "", seen, 0)
    for page in file.pages():
        dictionary = file.get(page)
        for reference in _references(file, dictionary.get("Annots")):
            annotation = file.resolve(reference)
            if isinstance(annotation, dict) and ("FT" in annotation or annotation.get("Subtype") == "Widget"):
                yield from _branch(file, reference, "", _inherited_kind(file, annotation), seen, 0)


def _references(file: PdfFile, value: Any) -> list[Any]:
    found = file.resolve(value)
    return found if isinstance(found, list) else []


def _inherited_kind(file: PdfFile, dictionary: Any) -> str:
    """The field type of a widget whose parents are not in the form."""
    for _ in range(MAX_DEPTH):
        if not isinstance(dictionary, dict):
            return ""
        if "FT" in dictionary:
            return str(file.resolve(dictionary["FT"]))
        dictionary = file.resolve(dictionary.get("Parent"))
    raise MalformedDataError("the parents of a field run in a circle")


def _branch(file: PdfFile, reference: Any, prefix: str, kind: str, seen: set[int], depth: int) -> Iterator[FormField]:
    """The fields at and under ``reference``; a field that hangs in several places is met once."""
    if depth > MAX_DEPTH:
        raise ResourceLimitError("the form nests too deeply")
    number = reference.number if isinstance(reference, Reference) else 0
    dictionary = file.resolve(reference)
    if not isinstance(dictionary, dict) or (number and number in seen):
        return
    seen.add(number)
    title = file.resolve(dictionary.get("T"))
    name = ".".join(part for part in (prefix, text_of(title)) if part)[:_LONGEST_NAME]
    kind = str(file.resolve(dictionary["FT"])) if "FT" in dictionary else kind
    yield FormField(name, number, dictionary, kind)
    for kid in _references(file, dictionary.get("Kids")):
        yield from _branch(file, kid, name, kind, seen, depth + 1)


def text_of(value: Any) -> str:
    """A text string as text (7.9.2.2)."""
    if not isinstance(value, Text):
        return ""
    raw = value.value
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    return raw.removeprefix(b"\xef\xbb\xbf").decode(
        "utf-8" if raw.startswith(b"\xef\xbb\xbf") else "latin-1", "replace"
    )


def found_signatures(file: PdfFile, most: int) -> list[FoundSignature]:
    """Every filled signature field, then the signatures that no field holds. ResourceLimitError over ``most``."""
    found: list[FoundSignature] = []
    for field in form_fields(file):
        if field.kind == "Sig" and file.resolve(field.dictionary.get("V")) is not None:
            found.append(_signature(file, field.name, field.dictionary["V"], field.number))
        if len(found) > most:
            raise ResourceLimitError(f"the PDF has more than {most} signatures")
    permissions = file.resolve(file.root.get("Perms"))
    for key, value in permissions.items() if isinstance(permissions, dict) else ():
        number = value.number if isinstance(value, Reference) else file.root_number
        if number not in {signature.number for signature in found}:
            found.append(_signature(file, f"/Perms/{key}", value, number))
    found += _loose(file, {signature.number for signature in found}, most - len(found))
    return found


def empty_field_size(file: PdfFile, name: str) -> tuple[float, float] | None:
    """Width and height, in points, of the empty signature field of this name; None when there is none."""
    for field in form_fields(file):
        if field.kind == "Sig" and field.name == name and file.resolve(field.dictionary.get("V")) is None:
            box = file.resolve(field.dictionary.get("Rect"))
            sides = [file.resolve(side) for side in box] if isinstance(box, list) else []
            if len(sides) != 4 or not all(isinstance(side, int | float) for side in sides):  # noqa: PLR2004 - a rectangle
                return (0.0, 0.0)
            return abs(sides[2] - sides[0]), abs(sides[3] - sides[1])
    return None


def _signature(file: PdfFile, name: str, value: Any, holder: int) -> FoundSignature:
    dictionary = file.resolve(value)
    if not isinstance(dictionary, dict):
        raise MalformedDataError("a signature field holds no signature dictionary")
    return FoundSignature(name, value.number if isinstance(value, Reference) else holder, dictionary)


def _loose(file: PdfFile, known: set[int], most: int) -> list[FoundSignature]:
    """Signature dictionaries in use that hang nowhere: taking a field away must not hide its signature."""
    places = [mark.start() for mark in _BYTE_RANGE.finditer(file.data)]
    spans = [span for number in known if (span := file.span(number))]
    if all(any(start < place < end for start, end in spans) for place in places):
        return []
    found = []
    for number in file.numbers():
        value = file.get(number) if number not in known else None
        if isinstance(value, dict) and "ByteRange" in value and isinstance(value.get("Contents"), Text):
            found.append(FoundSignature(f"object {number}", number, value))
        if len(found) > most:
            raise ResourceLimitError("the PDF has too many signatures")
    return found
