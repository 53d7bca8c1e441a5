"""Format checking (EN 319 102-1, 5.2.2) of a signature field: kind, ByteRange, coverage, changes, certification."""

from dataclasses import dataclass

from signing import algorithms
from signing.pdf.structure import SignatureField
from signing.validation.checks import broken, passed
from signing.validation.report import Changes, Check, Coverage, SubIndication

PADES, ADOBE, TIMESTAMP = "ETSI.CAdES.detached", "adbe.pkcs7.detached", "ETSI.RFC3161"
GB_CMS, SEAL = "GM.sm2cms.detached", "GM.sm2seal"
SUPPORTED = frozenset({PADES, ADOBE, TIMESTAMP, GB_CMS, SEAL})
"""Flavour A is the first two, B the fourth, C the last."""

_WEAK = {
    "adbe.pkcs7.sha1": "signs a SHA-1 digest of the document, which proves nothing any more",
    "adbe.x509.rsa_sha1": "is a bare PKCS#1 value, in use with SHA-1, and deprecated by ISO 32000-2",
}
_KIND_CHECK, _RANGE_CHECK = "format_checking.sub_filter", "format_checking.byte_range"
_CHANGES_CHECK, _CERTIFICATION_CHECK = "format_checking.changes_after_signing", "format_checking.certification"


def check_kind(field: SignatureField) -> Check:
    """Whether this kind of signature can be checked; what is not known is unsupported, never unsigned."""
    if field.sub_filter in SUPPORTED:
        return passed(_KIND_CHECK, f"{field.filter}/{field.sub_filter}")
    why = _WEAK.get(field.sub_filter, "cannot be checked here")
    detail = f"unsupported: a signature of kind {field.filter}/{field.sub_filter} {why}"
    return broken(_KIND_CHECK, SubIndication.CUSTOM, detail)


def check_range(field: SignatureField) -> tuple[Check, ...]:
    """The ByteRange leaves out the signature's own contents and nothing else; what came after it is permitted."""
    if not field.is_sound:
        detail = "the ByteRange does not leave out exactly the signature's own contents"
        return (broken(_RANGE_CHECK, SubIndication.FORMAT_FAILURE, detail),)
    whole = passed(_RANGE_CHECK, field.coverage)
    # A seal profile that asks for the whole document says no more than this: what is not covered is a change.
    if field.changes is Changes.FORBIDDEN:
        detail = "the document was changed after this signature"
        return (whole, broken(_CHANGES_CHECK, SubIndication.HASH_FAILURE, detail))
    return (whole, passed(_CHANGES_CHECK, field.changes))


def check_certification(fields: tuple[SignatureField, ...], field: SignatureField) -> tuple[Check, ...]:
    """A certification (DocMDP) is the only one and the first signature (ISO 32000-2, 12.8.2.2.1).

    It breaks a rule for documents, not the signature itself: SIG_CONSTRAINTS_FAILURE, told after everything else.
    """
    if not field.certifies:
        return ()
    certifications = {other.byte_range for other in fields if other.certifies}
    if len(certifications) > 1:
        detail = "the document has more than one certification"
        return (broken(_CERTIFICATION_CHECK, SubIndication.SIG_CONSTRAINTS_FAILURE, detail),)
    first = next(other for other in fields if not other.is_document_timestamp)
    if first.byte_range != field.byte_range:
        detail = "a signature stands before the certification"
        return (broken(_CERTIFICATION_CHECK, SubIndication.SIG_CONSTRAINTS_FAILURE, detail),)
    return (passed(_CERTIFICATION_CHECK),)


@dataclass(frozen=True)
class CoveredBytes:
    """The two ranges of a document that a signature covers."""

    data: bytes
    byte_range: tuple[int, ...]
    is_sound: bool

    def digest(self, digest_oid: str) -> bytes:
        """Digest over the ranges; empty when the ByteRange is not sound. UnsupportedFormatError for an unknown OID."""
        running = algorithms.new_digest(digest_oid)
        if not self.is_sound:
            return b""
        view = memoryview(self.data)
        for start, length in (self.byte_range[:2], self.byte_range[2:]):
            running.update(view[start : start + length])
        result: bytes = running.digest()
        return result

    def content(self) -> bytes:
        """The covered bytes themselves."""
        if not self.is_sound:
            return b""
        start, length, start2, length2 = self.byte_range
        return self.data[start : start + length] + self.data[start2 : start2 + length2]


def covered_by(data: bytes, field: SignatureField) -> CoveredBytes:
    """What a field covers of its document."""
    return CoveredBytes(data, field.byte_range, field.is_sound)


def covers_revision(field: SignatureField) -> bool:
    """Whether a time-stamp in this field proves the whole file up to its end."""
    return field.is_sound and field.coverage is not Coverage.PARTIAL
