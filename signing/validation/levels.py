"""Which PAdES baseline level a signature reaches (EN 319 142-1, 6): only what is sound and complete counts."""

from signing.validation.evidence import ValidationData
from signing.validation.format_checking import PADES
from signing.validation.long_term import LongTerm, ReadField
from signing.validation.material import Material, evidence_of
from signing.validation.paths import Path
from signing.validation.revocation import statuses_of
from signing.validation.timestamps import TimestampValidation
from signing.validation.with_time import TimedResult

B_B, B_T, B_LT, B_LTA = "PAdES-B-B", "PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA"


def level_of(
    read: ReadField, timed: TimedResult | None, fields: tuple[ReadField, ...], long_term: LongTerm, data: ValidationData
) -> str:
    """The level, empty where the signature is not PAdES.

    B-T: a sound time-stamp on the signature or over it. B-LT: the document holds revocation data for every certificate
    of the signer's and the time-stamps' paths. B-LTA: a sound document time-stamp covers those data.
    """
    if read.field.sub_filter != PADES or read.cms is None:
        return ""
    if timed is None:
        return B_B
    later = [
        (other, stamp)
        for other in fields
        if other.field.is_document_timestamp
        and other.field.signed_end > read.field.signed_end
        and (stamp := long_term.timestamps[other.field.name]).proven_at is not None
    ]
    if not timed.timestamps and not later:
        return B_B
    stamps = timed.timestamps or (later[0][1],)
    paths = [timed.result.x509.path, *map(_path_of, stamps)]
    if not _holds_all(paths, read, data):
        return B_T
    archived = any(_holds_all(paths, read, other.field.validation_data) for other, _ in later)
    return B_LTA if archived else B_LT


def _path_of(stamp: TimestampValidation) -> Path | None:
    return None if stamp.result is None else stamp.result.x509.path


def _holds_all(paths: list[Path | None], read: ReadField, data: ValidationData) -> bool:
    archived = ValidationData() if read.cms is None else read.cms.archived
    materials = [evidence_of(data), evidence_of(archived)]
    return all(path is not None and _has_revocation_data(path, materials) for path in paths)


def _has_revocation_data(path: Path, materials: list[Material]) -> bool:
    return all(
        any(statuses_of(certificate, issuer, material) for material in materials)
        for certificate, issuer in path.links()
    )
