"""Reads PDFs that our own strict reader does not understand (``signing.pdf.reading``), through pyHanko.

Only this room and ``pyhanko_adapter`` touch pyHanko. Hostile files raise assorted exceptions inside it; every one
becomes MalformedDataError here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.errors import MalformedDataError, ResourceLimitError, SigningError, UnsupportedFormatError
from signing.pdf.objects import parse_value
from signing.pdf.structure import PdfStructure, SignatureField
from signing.validation.evidence import ValidationData
from signing.validation.policy import DEFAULT_PERMITTED_CHANGES, Limits, PermittedChange
from signing.validation.report import ChangedObject, Changes, Coverage

_HEADER_WITHIN = 1024
_TAIL = re.compile(rb"\s*(?:endstream\s+)?(?:endobj\s+)?startxref\s+\d+\s+%%EOF(?:\r\n|\n|\r)?")
_HEX = re.compile(rb"[0-9A-Fa-f]*")
_ENDLESS_NUMBER = re.compile(rb"(?<![0-9A-Fa-f<])[+-]?\d{1000}")
"""No honest number; pyHanko spends the square of its length on it. Hexadecimal strings are no numbers."""
_STORE_KEYS = ("/Certs", "/CRLs", "/OCSPs")
_LISTED = 200
"""Changed objects that a report names."""


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever a hostile file provokes into one error."""
    try:
        yield
    except SigningError:
        raise
    except (MemoryError, RecursionError) as error:
        raise ResourceLimitError("the PDF nests too deeply") from error
    except Exception as error:
        # The parser was not written for attackers: any exception means that the file is not sound.
        raise MalformedDataError(f"the PDF structure is broken ({type(error).__name__})") from error


def read_structure(
    data: bytes, limits: Limits, permitted: frozenset[PermittedChange] = DEFAULT_PERMITTED_CHANGES
) -> PdfStructure:
    """The signatures of a PDF. MalformedDataError, UnsupportedFormatError (encrypted), ResourceLimitError."""
    with _reading():
        reader = _open(data, limits)
        filled = list(enumerate_sig_fields(reader, filled_status=True))
        if len(filled) > limits.signatures:
            raise ResourceLimitError(f"the PDF has more than {limits.signatures} signatures")
        fields = [_field(data, reader, name, reference, permitted) for name, _, reference in filled]
        pages = reader.root["/Pages"]["/Count"]
        fields.sort(key=lambda field: sum(field.byte_range[2:]))
        return PdfStructure(tuple(fields), int(pages), _validation_data(reader.root))


def read_attachments(data: bytes, limits: Limits | None = None) -> dict[str, bytes]:
    """Embedded files at the top of the name tree, by name, as the last revision has them."""
    with _reading():
        root = _open(data, limits or Limits()).root
        if "/Names" not in root or "/EmbeddedFiles" not in root["/Names"]:
            return {}
        tree = root["/Names"]["/EmbeddedFiles"]
        names = list(tree["/Names"]) if "/Names" in tree else []
        pairs = zip(names[::2], names[1::2], strict=False)
        return {str(name): bytes(spec.get_object()["/EF"]["/F"].data) for name, spec in pairs}


def _open(data: bytes, limits: Limits) -> PdfFileReader:
    if len(data) > limits.document_bytes:
        raise ResourceLimitError(f"the file is larger than {limits.document_bytes} bytes")
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        raise MalformedDataError("the file is no PDF")
    if _ENDLESS_NUMBER.search(data):
        raise ResourceLimitError("the PDF holds a number of more than a thousand digits")
    reader = PdfFileReader(BytesIO(data), strict=False)
    if reader.encrypted:
        raise UnsupportedFormatError("the PDF is encrypted")
    if sum(1 for _ in reader.xrefs.explicit_refs_in_revision(0)) > limits.objects:
        raise ResourceLimitError(f"the PDF has more than {limits.objects} objects")
    return reader


def _validation_data(root: Any) -> ValidationData:
    store = root["/DSS"] if "/DSS" in root else {}  # noqa: SIM401 - pyHanko's get() does not follow references
    values = ([bytes(item.get_object().data) for item in store[key]] if key in store else [] for key in _STORE_KEYS)
    return ValidationData(*(tuple(dict.fromkeys(items)) for items in values))


def _field(
    data: bytes, reader: PdfFileReader, name: str, reference: Any, permitted: frozenset[PermittedChange]
) -> SignatureField:
    field = reference.get_object()
    signature = field["/V"]
    contents = _string_bytes(signature.raw_get("/Contents"))
    byte_range = tuple(int(value) for value in signature.get("/ByteRange", ()))
    is_sound = _leaves_out_contents_only(data, byte_range, contents)
    embedded = _embedded(reader, field, name)
    coverage = _coverage(data, byte_range, is_sound, embedded)
    changes = _changes(data, reader, coverage, embedded, permitted)
    revision = reader.xrefs.total_revisions - 1 if embedded is None else embedded.signed_revision
    return SignatureField(
        name=str(name),
        filter=str(signature.get("/Filter", "")).lstrip("/"),
        sub_filter=str(signature.get("/SubFilter", "")).lstrip("/"),
        contents=contents,
        byte_range=byte_range,
        claimed_signing_time=_claimed_time(signature),
        certifies=any(str(r.get("/TransformMethod", "")) == "/DocMDP" for r in signature.get("/Reference", ())),
        is_sound=is_sound,
        coverage=coverage,
        changes=changes,
        revision=revision,
        validation_data=_validation_data(reader.get_historical_root(revision)),
        changed_objects=_changed_objects(reader, revision) if changes is Changes.FORBIDDEN else (),
    )


def _string_bytes(value: Any) -> bytes:
    if isinstance(value, generic.TextStringObject):
        original: bytes = value.original_bytes
        return original
    return bytes(value)


def _leaves_out_contents_only(data: bytes, byte_range: tuple[int, ...], contents: bytes) -> bool:
    """The gap of the ByteRange must be this field's own hexadecimal string, brackets included."""
    if len(byte_range) != 4:  # noqa: PLR2004 - ISO 32000-2, 12.8.1: two pairs
        return False
    start, length, start2, length2 = byte_range
    if start != 0 or length <= 0 or start2 <= length + 1 or length2 <= 0 or start2 + length2 > len(data):
        return False
    gap = data[length:start2]
    if gap[:1] != b"<" or gap[-1:] != b">" or not _HEX.fullmatch(gap[1:-1]) or len(gap) % 2:
        return False
    return bytes.fromhex(gap[1:-1].decode()) == contents


def _embedded(reader: PdfFileReader, field: Any, name: str) -> EmbeddedPdfSignature | None:
    """PyHanko's view, None for contents that are no CMS: coverage is then judged from the ByteRange alone."""
    try:
        return EmbeddedPdfSignature(reader, field, name)
    except Exception:  # noqa: BLE001 - whatever is in /Contents is judged by our own parser
        return None


def _coverage(
    data: bytes, byte_range: tuple[int, ...], is_sound: bool, embedded: EmbeddedPdfSignature | None
) -> Coverage:
    if not is_sound:
        return Coverage.PARTIAL
    if byte_range[2] + byte_range[3] == len(data):
        return Coverage.ENTIRE_FILE
    if embedded is None:
        return Coverage.PARTIAL
    level = embedded.evaluate_signature_coverage()
    embedded.coverage = level  # type: ignore[assignment] # pyHanko leaves it untyped; its diff reads it
    if level >= SignatureCoverageLevel.ENTIRE_REVISION:
        return Coverage.ENTIRE_REVISION
    return Coverage.PARTIAL


def _changes(
    data: bytes,
    reader: PdfFileReader,
    coverage: Coverage,
    embedded: EmbeddedPdfSignature | None,
    permitted: frozenset[PermittedChange],
) -> Changes:
    """Only validation data and document time-stamps may follow a signature, and nothing may follow the last revision."""
    if coverage is Coverage.ENTIRE_FILE:
        return Changes.NONE
    if coverage is Coverage.PARTIAL or embedded is None:
        return Changes.FORBIDDEN
    last = reader.xrefs.total_revisions - 1
    if embedded.signed_revision >= last or not _ends_with_revision(data, reader, last):
        return Changes.FORBIDDEN
    result = embedded.evaluate_modifications(DEFAULT_DIFF_POLICY)
    is_pure_update = isinstance(result, DiffResult) and result.modification_level <= ModificationLevel.LTA_UPDATES
    return Changes.PERMITTED if is_pure_update and permitted >= DEFAULT_PERMITTED_CHANGES else Changes.FORBIDDEN


def _changed_objects(reader: PdfFileReader, revision: int) -> tuple[ChangedObject, ...]:
    """Objects that later revisions write; what they are is not looked into in a file of such a shape."""
    later = range(revision + 1, reader.xrefs.total_revisions)
    numbers = {r.idnum for index in later for r in reader.xrefs.explicit_refs_in_revision(index)}
    return tuple(ChangedObject(f"{number} 0", "replaced", "object") for number in sorted(numbers)[:_LISTED])


def _ends_with_revision(data: bytes, reader: PdfFileReader, revision: int) -> bool:
    end = reader.xrefs.get_xref_container_info(revision).end_location
    if data.startswith(b"<<", end):
        # pyHanko ends a classic section where its trailer begins.
        end = parse_value(data, end)[1]
    return _TAIL.fullmatch(data, end) is not None


def _claimed_time(signature: Any) -> datetime | None:
    if "/M" not in signature:
        return None
    try:
        claimed: datetime = generic.parse_pdf_date(str(signature["/M"]), strict=False)
        return claimed.astimezone(UTC) if claimed.tzinfo else claimed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    except Exception:  # noqa: BLE001 - pyHanko's own read error; a broken claim is no claim
        return None
