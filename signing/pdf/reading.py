"""Reads the structure of a PDF: its signatures, what they cover, what was changed after them, what came with them.

A strict reader of our own does the common case, in a tenth of the time; what it does not understand goes to pyHanko.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from signing.errors import MalformedDataError, ResourceLimitError
from signing.pdf.fields import FoundSignature, empty_field_size, found_signatures, text_of
from signing.pdf.file import PdfFile, name_of, open_pdf
from signing.pdf.objects import NotUnderstoodError, Stream, Text
from signing.pdf.security_store import read_security_store
from signing.pdf.structure import PdfStructure, SignatureField
from signing.validation.changes import changes_between
from signing.validation.policy import DEFAULT_PERMITTED_CHANGES, Limits, PermittedChange
from signing.validation.report import ChangedObject, Changes, Coverage

_DATE = re.compile(
    r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:Z(?:00'?(?:00'?)?)?|([+-])(\d{2})'?(?:(\d{2})'?)?)?"
)
_HEADER_WITHIN = 1024


def read_structure(
    data: bytes, limits: Limits, permitted: frozenset[PermittedChange] = DEFAULT_PERMITTED_CHANGES
) -> PdfStructure:
    """The signatures of a PDF, judged by what ``permitted`` lets follow them.

    MalformedDataError, UnsupportedFormatError (encrypted), ResourceLimitError.
    """
    _require_pdf(data, limits)
    try:
        return _read(open_pdf(data, limits), permitted)
    except NotUnderstoodError:
        from signing import pyhanko_reading  # noqa: PLC0415 - half a second to read in, which few files need

        return pyhanko_reading.read_structure(data, limits, permitted)
    except RecursionError as error:
        raise ResourceLimitError("the PDF nests too deeply") from error


def read_attachments(data: bytes, limits: Limits | None = None) -> dict[str, bytes]:
    """Embedded files at the top of the name tree, by name, as the last revision has them."""
    limits = limits or Limits()
    _require_pdf(data, limits)
    try:
        return _attachments(open_pdf(data, limits))
    except NotUnderstoodError:
        from signing import pyhanko_reading  # noqa: PLC0415 - as above

        return pyhanko_reading.read_attachments(data, limits)
    except RecursionError as error:
        raise ResourceLimitError("the PDF nests too deeply") from error


def read_field_size(data: bytes, name: str) -> tuple[float, float] | None:
    """Width and height, in points, of an empty signature field; None when there is none. MalformedDataError."""
    limits = Limits()
    _require_pdf(data, limits)
    return empty_field_size(open_pdf(data, limits), name)


def _require_pdf(data: bytes, limits: Limits) -> None:
    if len(data) > limits.document_bytes:
        raise ResourceLimitError(f"the file is larger than {limits.document_bytes} bytes")
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        raise MalformedDataError("the file is no PDF")


def _read(file: PdfFile, permitted: frozenset[PermittedChange]) -> PdfStructure:
    found = found_signatures(file, file.limits.signatures)
    fields = [_field(file, signature, permitted) for signature in found]
    fields.sort(key=lambda field: field.signed_end)
    return PdfStructure(tuple(fields), len(file.pages()), read_security_store(file))


def _field(file: PdfFile, found: FoundSignature, permitted: frozenset[PermittedChange]) -> SignatureField:
    signature = found.dictionary
    contents = signature.get("Contents")
    byte_range = _byte_range(file.resolve(signature.get("ByteRange")))
    is_sound = _is_sound(file, found, byte_range, contents)
    signed = file.as_of(sum(byte_range[2:])) if is_sound else None
    at_end = is_sound and sum(byte_range[2:]) == len(file.data)
    unchanged: tuple[Changes, tuple[ChangedObject, ...]] = (Changes.NONE, ())
    changes, objects = unchanged if at_end else changes_between(signed, file, signature, permitted)
    return SignatureField(
        name=found.name,
        filter=name_of(file.resolve(signature.get("Filter"))),
        sub_filter=name_of(file.resolve(signature.get("SubFilter"))),
        contents=contents.value if isinstance(contents, Text) else b"",
        byte_range=byte_range,
        claimed_signing_time=_claimed_time(file.resolve(signature.get("M"))),
        certifies="DocMDP" in _transforms(file, signature),
        is_sound=is_sound,
        coverage=_coverage(at_end=at_end, signed=signed),
        changes=changes,
        revision=len((signed or file).sections) - 1,
        validation_data=read_security_store(signed) if signed else read_security_store(file),
        changed_objects=objects,
    )


def _coverage(*, at_end: bool, signed: PdfFile | None) -> Coverage:
    if at_end:
        return Coverage.ENTIRE_FILE
    return Coverage.PARTIAL if signed is None else Coverage.ENTIRE_REVISION


def _byte_range(value: Any) -> tuple[int, ...]:
    """Four numbers, or none where there is anything else (12.8.1)."""
    fits = isinstance(value, list) and len(value) == 4 and all(type(item) is int for item in value)  # noqa: PLR2004
    return tuple(value) if fits else ()


def _is_sound(file: PdfFile, found: FoundSignature, byte_range: tuple[int, ...], contents: Any) -> bool:
    """Whether the gap is this dictionary's own hexadecimal string, brackets included, and nothing else is left out."""
    if not byte_range or not isinstance(contents, Text):
        return False
    start, length, start2, length2 = byte_range
    span = file.span(found.number)
    if span is None or start != 0 or length2 <= 0 or start2 + length2 > len(file.data):
        return False
    own = (length, start2) == (contents.start, contents.end) and span[0] < length < start2 < span[1]
    return own and _is_plain_hex(file.data[length:start2])


def _is_plain_hex(gap: bytes) -> bool:
    return len(gap) % 2 == 0 and gap[:1] == b"<" and not gap[1:-1].translate(None, b"0123456789abcdefABCDEF")


def _transforms(file: PdfFile, signature: dict[str, Any]) -> set[str]:
    references = file.resolve(signature.get("Reference"))
    if not isinstance(references, list):
        return set()
    resolved = (file.resolve(reference) for reference in references)
    return {str(file.resolve(r.get("TransformMethod"))) for r in resolved if isinstance(r, dict)}


def _claimed_time(value: Any) -> datetime | None:
    """A date string (7.9.4) as aware UTC; a broken claim is no claim."""
    found = _DATE.fullmatch(text_of(value))
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
    offset = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0)) * (-1 if found[7] == "-" else 1)
    try:
        local = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=timezone(offset))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _attachments(file: PdfFile) -> dict[str, bytes]:
    names = file.resolve(file.root.get("Names"))
    tree = file.resolve(names.get("EmbeddedFiles")) if isinstance(names, dict) else None
    pairs = file.resolve(tree.get("Names")) if isinstance(tree, dict) else None
    if not isinstance(pairs, list):
        return {}
    found = {}
    for name, specification in zip(pairs[::2], pairs[1::2], strict=False):
        content = _embedded_file(file, file.resolve(specification))
        if content is not None:
            found[text_of(file.resolve(name))] = content
    return found


def _embedded_file(file: PdfFile, specification: Any) -> bytes | None:
    embedded = file.resolve(specification.get("EF")) if isinstance(specification, dict) else None
    stream = file.resolve(embedded.get("F")) if isinstance(embedded, dict) else None
    return file.decoded(stream) if isinstance(stream, Stream) else None
