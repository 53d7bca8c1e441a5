"""What the validation needs to know about a PDF: frozen, and nothing in it is proven."""

from dataclasses import dataclass, field
from datetime import datetime

from signing.validation.evidence import ValidationData
from signing.validation.report import ChangedObject, Changes, Coverage

DOCUMENT_TIMESTAMP = "ETSI.RFC3161"


@dataclass(frozen=True)
class SignatureField:
    """One filled signature field as it stands in the file."""

    name: str
    """Full field name; for signatures that no field holds, where they hang, such as ``/Perms/UR3``."""
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
    validation_data: ValidationData = field(default_factory=ValidationData)
    """What the document security store held in the revision that it signs."""
    changed_objects: tuple[ChangedObject, ...] = ()
    """Every object that was changed after it without permission; empty unless ``changes`` is forbidden."""

    @property
    def is_document_timestamp(self) -> bool:
        """Whether it is a document time-stamp rather than a signature."""
        return self.sub_filter == DOCUMENT_TIMESTAMP

    @property
    def signed_end(self) -> int:
        """Offset after the last byte that it covers, 0 when its ByteRange is none."""
        return sum(self.byte_range[2:4])


@dataclass(frozen=True)
class PdfStructure:
    """The signatures of a PDF and what came with them."""

    fields: tuple[SignatureField, ...]
    """Every filled signature field, unknown kinds included, in the order of signing."""
    page_count: int
    validation_data: ValidationData = field(default_factory=ValidationData)
    """What the document security store holds in the last revision."""
