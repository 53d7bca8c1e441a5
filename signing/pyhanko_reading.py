"""Reads the structure of PDFs through pyHanko: signature fields, coverage, changes after signing, attachments.

Only this room and ``pyhanko_adapter`` touch pyHanko. Hostile files raise assorted exceptions inside it; every one
becomes MalformedDataError here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from signing.validation.evidence import ValidationData
from signing.validation.policy import Limits
from signing.validation.report import Changes, Coverage

_HEADER_WITHIN = 1024
_TAIL = re.compile(rb"\s*startxref\s+\d+\s+%%EOF\s*")
_HEX = re.compile(rb"[0-9A-Fa-f]*")
_DOCUMENT_TIMESTAMP = "ETSI.RFC3161"


@dataclass(frozen=True)
class SignatureField:
    """One filled signature field as it stands in the file."""

    name: str
    filter: str
    sub_filter: str
    contents: bytes
    """CMS or seal structure with its padding."""
    byte_range: tuple[int, ...]
    claimed_signing_time: datetime | None
    """/M of the signature dictionary, aware UTC."""
    certifies: bool
    """Whether it carries the DocMDP transform."""
    is_sound: bool
    """Whether the ByteRange leaves out exactly this field's /Contents and nothing else."""
    coverage: Coverage
    changes: Changes
    revision: int
    """Index of the revision that it signs, from 0."""

    @property
    def is_document_timestamp(self) -> bool:
        """Whether it is a document time-stamp rather than a signature."""
        return self.sub_filter == _DOCUMENT_TIMESTAMP


@dataclass(frozen=True)
class PdfStructure:
    """What the validation needs to know about a PDF."""

    fields: tuple[SignatureField, ...]
    """Every filled signature field, unknown kinds included, in the order of signing."""
    page_count: int
    validation_data: ValidationData = field(default_factory=ValidationData)
    """What the document security store holds in the last revision; nothing in it is proven."""


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


def read_structure(data: bytes, limits: Limits) -> PdfStructure:
    """The signatures of a PDF. MalformedDataError, UnsupportedFormatError (encrypted), ResourceLimitError."""
    with _reading():
        reader = _open(data, limits)
        filled = list(enumerate_sig_fields(reader, filled_status=True))
        if len(filled) > limits.signatures:
            raise ResourceLimitError(f"the PDF has more than {limits.signatures} signatures")
        fields = [_field(data, reader, name, reference) for name, _, reference in filled]
        pages = reader.root["/Pages"]["/Count"]
        fields.sort(key=lambda field: sum(field.byte_range[2:]))
        return PdfStructure(tuple(fields), int(pages))


def read_attachments(data: bytes, limits: Limits | None = None) -> dict[str, bytes]:
    """Embedded files at the top of the name tree, by name, as the last revision has them."""
    with _reading():
        root = _open(data, limits or Limits()).root
        if "/Names" not in root or "/EmbeddedFiles" not in root["/Names"]:
            return {}
        names = root["/Names"]["/EmbeddedFiles"].get("/Names", generic.ArrayObject())
        items = [names[index] for index in range(len(names))]  # pyHanko's arrays cannot be sliced
        pairs = zip(items[::2], items[1::2], strict=False)
        return {str(name): bytes(spec.get_object()["/EF"]["/F"].data) for name, spec in pairs}


def _open(data: bytes, limits: Limits) -> PdfFileReader:
    if len(data) > limits.document_bytes:
        raise ResourceLimitError(f"the file is larger than {limits.document_bytes} bytes")
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        raise MalformedDataError("the file is no PDF")
    reader = PdfFileReader(BytesIO(data), strict=False)
    if reader.encrypted:
        raise UnsupportedFormatError("the PDF is encrypted")
    if sum(1 for _ in reader.xrefs.explicit_refs_in_revision(0)) > limits.objects:
        raise ResourceLimitError(f"the PDF has more than {limits.objects} objects")
    return reader


def _field(data: bytes, reader: PdfFileReader, name: str, reference: Any) -> SignatureField:
    field = reference.get_object()
    signature = field["/V"]
    contents = _string_bytes(signature.raw_get("/Contents"))
    byte_range = tuple(int(value) for value in signature.get("/ByteRange", ()))
    is_sound = _leaves_out_contents_only(data, byte_range, contents)
    embedded = _embedded(reader, field, name)
    coverage = _coverage(data, byte_range, is_sound, embedded)
    value = field.raw_get("/V")
    return SignatureField(
        name=name,
        filter=str(signature.get("/Filter", "")).lstrip("/"),
        sub_filter=str(signature.get("/SubFilter", "")).lstrip("/"),
        contents=contents,
        byte_range=byte_range,
        claimed_signing_time=_claimed_time(signature),
        certifies=any(str(r.get("/TransformMethod", "")) == "/DocMDP" for r in signature.get("/Reference", ())),
        is_sound=is_sound,
        coverage=coverage,
        changes=_changes(data, reader, coverage, embedded),
        revision=reader.xrefs.get_last_change(value.reference) if hasattr(value, "reference") else 0,
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


def _changes(data: bytes, reader: PdfFileReader, coverage: Coverage, embedded: EmbeddedPdfSignature | None) -> Changes:
    """Only validation data and document time-stamps may follow a signature, and nothing may follow the last revision."""
    if coverage is Coverage.ENTIRE_FILE:
        return Changes.NONE
    if coverage is Coverage.PARTIAL or embedded is None:
        return Changes.FORBIDDEN
    last = reader.xrefs.total_revisions - 1
    if embedded.signed_revision >= last or not _ends_with_revision(data, reader, last):
        return Changes.FORBIDDEN
    result = embedded.evaluate_modifications(DEFAULT_DIFF_POLICY)
    if isinstance(result, DiffResult) and result.modification_level <= ModificationLevel.LTA_UPDATES:
        return Changes.PERMITTED
    return Changes.FORBIDDEN


def _ends_with_revision(data: bytes, reader: PdfFileReader, revision: int) -> bool:
    end = reader.xrefs.get_xref_container_info(revision).end_location
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
