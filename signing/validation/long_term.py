"""Long-term availability (EN 319 102-1, 5.6): document time-stamps as proofs of existence for all they cover.

1. What lies before the validator exists now (5.6.3, 1); ``ExistenceProofs`` begins with that.
2. The document time-stamps from the last to the first (5.6.3, 4): each is validated as of now, or, when its certificate
   or algorithms did not last, as of the time that a later one proves for it (5.6.2.4).
3. A sound one that covers a whole revision proves all in it (5.6.2.3): the signatures before it, their certificates and
   time-stamps, and what the document security store held then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.pdf.structure import SignatureField
from signing.validation.checks import broken
from signing.validation.cms_reading import SignedCms, strip_padding
from signing.validation.context import ValidationContext
from signing.validation.evidence import ValidationData
from signing.validation.existence import ExistenceProofs
from signing.validation.format_checking import CoveredBytes, covered_by, covers_revision
from signing.validation.report import SubIndication
from signing.validation.timestamps import TimestampValidation, parse_token, validate_parsed


@dataclass(frozen=True)
class ReadField:
    """A signature field with its contents taken apart."""

    field: SignatureField
    covered: CoveredBytes
    cms: SignedCms | None
    """None when the contents are no CMS."""
    contents: bytes
    """Without padding; empty when they are no DER value."""

    def things(self) -> Iterator[bytes]:
        """What a time-stamp over this field proves to exist."""
        yield self.contents
        if self.cms is None:
            return
        yield from _things_of(self.cms)
        for encoded in self.cms.timestamps + self.cms.content_timestamps:
            yield encoded
            try:
                yield from _things_of(parse_token(encoded).cms)
            except (MalformedDataError, UnsupportedFormatError):
                continue


def _things_of(cms: SignedCms) -> Iterator[bytes]:
    yield cms.signature
    yield from cms.certificates
    yield from things_in(cms.archived)


def things_in(data: ValidationData) -> Iterator[bytes]:
    """Certificates, CRLs and OCSP responses."""
    yield from data.certificates
    yield from data.crls
    yield from data.ocsp_responses


@dataclass(frozen=True)
class LongTerm:
    """What the document time-stamps prove."""

    timestamps: dict[str, TimestampValidation]
    """By field name."""
    proofs: ExistenceProofs

    def made_after(self, fields: tuple[ReadField, ...], read: ReadField) -> datetime | None:
        """The latest sound document time-stamp among the bytes that a signature covers: it is not older than that."""
        covered = (
            self.timestamps[other.field.name].proven_at
            for other in fields
            if other.field.is_document_timestamp
            and other.field.signed_end < read.field.signed_end
            and covers_revision(read.field)
        )
        return max((at for at in covered if at is not None), default=None)


def validate_document_timestamps(fields: tuple[ReadField, ...], context: ValidationContext) -> LongTerm:
    """Validate every document time-stamp of a file and gather what they prove."""
    # 1.
    proofs = context.proofs
    found: dict[str, TimestampValidation] = {}
    # 2.
    for index in range(len(fields) - 1, -1, -1):
        read = fields[index]
        if not read.field.is_document_timestamp:
            continue
        stamp = _validate(read, context.knowing(proofs))
        found[read.field.name] = stamp
        # 3.
        if stamp.proven_at is not None and covers_revision(read.field):
            things = [thing for earlier in fields[:index] for thing in earlier.things()]
            proofs = proofs.extended((*things, *things_in(read.field.validation_data)), stamp.proven_at)
    return LongTerm(found, proofs)


def _validate(read: ReadField, context: ValidationContext) -> TimestampValidation:
    try:
        token = parse_token(strip_padding(read.field.contents))
        digest = read.covered.digest(token.digest_oid)
    except (MalformedDataError, UnsupportedFormatError) as error:
        return TimestampValidation(None, (broken("time_stamp.format", SubIndication.FORMAT_FAILURE, str(error)),))
    stamp = validate_parsed(token, digest, context)
    if read.field.is_sound:
        return stamp
    # What it stamps is not known: the imprint over nothing proves nothing.
    return replace(stamp, proven_at=None)


def read_field(data: bytes, field: SignatureField, cms: SignedCms | None) -> ReadField:
    """A field with what a seal's or CMS's parser made of its contents."""
    try:
        contents = strip_padding(field.contents)
    except MalformedDataError:
        contents = b""
    return ReadField(field, covered_by(data, field), cms, contents)
