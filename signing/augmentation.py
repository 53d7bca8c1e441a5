"""Makes signatures last: the PAdES levels of EN 319 142-1, and the way from each to the next (6.3).

B-B is a signature, B-T one with a proven time, B-LT one whose certificates can be checked without their CAs, and B-LTA
one whose evidence is itself stamped. An archive time-stamp is renewed in time by calling ``archive`` again.
"""

from dataclasses import dataclass
from enum import StrEnum

from signing.algorithms import SM3_OID
from signing.errors import MalformedDataError, SigningError, UnsupportedFormatError
from signing.evidence_gathering import ValidationDataSource
from signing.keys import SigningKey
from signing.pades import sign_prepared, stamp_prepared
from signing.signature_spec import SignatureSpec
from signing.timestamp import TimestampSource
from signing.validation.cms_reading import SignedCms, parse_cms, strip_padding
from signing.validation.identification import identify_signer
from signing.writing import (
    append_evidence,
    prepare_document_timestamp,
    prepare_signature,
    read_signature_contents,
)

_DOCUMENT_TIMESTAMP = "ETSI.RFC3161"
_CMS_SUB_FILTERS = frozenset({"ETSI.CAdES.detached", "adbe.pkcs7.detached", _DOCUMENT_TIMESTAMP})


class Level(StrEnum):
    """PAdES baseline levels."""

    B_B = "PAdES-B-B"
    B_T = "PAdES-B-T"
    B_LT = "PAdES-B-LT"
    B_LTA = "PAdES-B-LTA"


@dataclass(frozen=True)
class Sources:
    """What the levels above B-B need besides the key."""

    timestamps: TimestampSource | None = None
    evidence: ValidationDataSource | None = None
    timestamp_digest_oid: str = SM3_OID
    """Digest of the document time-stamps' imprints; that of a signature's time-stamp follows the signature."""


def sign_document(document: bytes, key: SigningKey, spec: SignatureSpec, level: Level, sources: Sources) -> bytes:
    """Any PDF, signed at ``level``.

    SigningError when a source is missing; SigningNotPermittedError, MalformedDataError, UnsupportedFormatError and
    EvidenceMissingError as in the steps.
    """
    timestamps = None if level is Level.B_B else _timestamps(sources)
    signed = sign_prepared(prepare_signature(document, spec), key, timestamps=timestamps)
    if level in (Level.B_B, Level.B_T):
        return signed
    if sources.evidence is None:
        raise SigningError(f"{level} needs a source of validation data")
    if level is Level.B_LT:
        return add_evidence(signed, sources.evidence)
    return archive(signed, sources.evidence, _timestamps(sources), digest_oid=sources.timestamp_digest_oid)


def add_evidence(document: bytes, source: ValidationDataSource) -> bytes:
    """B-T to B-LT: chains and revocation data of all signers and time-stamps go into the document security store.

    SigningError when a signature has no proven time yet, EvidenceMissingError when the data is not complete,
    UnsupportedFormatError when a signature is of an unknown kind.
    """
    leaves, known = _certificates(document)
    return append_evidence(document, source.gather(leaves, known))


def add_document_timestamp(document: bytes, timestamps: TimestampSource, *, digest_oid: str = SM3_OID) -> bytes:
    """A document time-stamp over all that is there: a proven time for every signature before it (B-B to B-T)."""
    return stamp_prepared(prepare_document_timestamp(document), timestamps, digest_oid)


def archive(
    document: bytes, source: ValidationDataSource, timestamps: TimestampSource, *, digest_oid: str = SM3_OID
) -> bytes:
    """B-LT (or B-T) to B-LTA, and the renewal of B-LTA: evidence up to the last time-stamp, then a new one over it.

    Errors as for ``add_evidence``; those of the source of time-stamps pass through.
    """
    return add_document_timestamp(add_evidence(document, source), timestamps, digest_oid=digest_oid)


def _timestamps(sources: Sources) -> TimestampSource:
    if sources.timestamps is None:
        raise SigningError("this level needs a source of time-stamps")
    return sources.timestamps


def _certificates(document: bytes) -> tuple[list[bytes], list[bytes]]:
    """(signing certificates of all signatures and time-stamps, every certificate that came with them)."""
    found = read_signature_contents(document)
    if not found:
        raise SigningError("the document is not signed")
    has_document_timestamp = any(sub_filter == _DOCUMENT_TIMESTAMP for sub_filter, _ in found)
    signed: list[SignedCms] = []
    for sub_filter, contents in found:
        if sub_filter not in _CMS_SUB_FILTERS:
            raise UnsupportedFormatError(f"signatures of kind {sub_filter} cannot be augmented")
        cms = parse_cms(strip_padding(contents))
        if not (cms.timestamps or has_document_timestamp):
            raise SigningError("a signature has no time-stamp: its time must be proven first")
        signed += [cms, *map(parse_cms, cms.timestamps)]
    return [_signer(cms) for cms in signed], [c for cms in signed for c in cms.certificates]


def _signer(cms: SignedCms) -> bytes:
    certificate, _ = identify_signer(cms)
    if certificate is None:
        raise MalformedDataError("a signature does not hold the certificate that it names")
    return certificate.der
