"""PAdES signatures (EN 319 142-1) into PDFs that were prepared for them."""

from collections.abc import Callable

from signing.algorithms import SCHEMES, digest, new_digest
from signing.cms import build_signed_data
from signing.errors import MalformedDataError, SigningError
from signing.keys import PreparedPdf, SigningKey
from signing.timestamp import TimestampSource

CONTENTS_HEX_DIGITS = 16_384
"""Room that a prepared PDF leaves for the CMS. A B-T signature with two chains of our own CA takes 6,000
digits; certificates of commercial CAs are up to three times as long."""


def document_digest(prepared: PreparedPdf, digest_oid: str) -> bytes:
    """Digest over the two ranges of the ByteRange (ISO 32000-2, 12.8.1)."""
    running = new_digest(digest_oid)
    view = memoryview(prepared.data)
    running.update(view[: prepared.gap_start])
    running.update(view[prepared.gap_end :])
    result: bytes = running.digest()
    return result


def sign_prepared(prepared: PreparedPdf, key: SigningKey, *, timestamps: TimestampSource | None = None) -> bytes:
    """The signed PDF: PAdES B-B, or B-T when there is a source of time-stamps.

    Errors of the key and of the source pass through.
    """
    digest_oid = SCHEMES[key.algorithm].digest_oid
    cms = build_signed_data(
        message_digest=document_digest(prepared, digest_oid),
        key=key,
        timestamp=None if timestamps is None else signature_stamper(timestamps, digest_oid),
    )
    return embed(prepared, cms)


def signature_stamper(timestamps: TimestampSource, digest_oid: str) -> Callable[[bytes], bytes]:
    """Gives the token for a signature value; the imprint has the signature's own digest, which its readers know."""
    return lambda signature: timestamps.stamp(digest(digest_oid, signature), digest_oid)


def stamp_prepared(prepared: PreparedPdf, timestamps: TimestampSource, digest_oid: str) -> bytes:
    """The PDF with a document time-stamp (EN 319 142-1, 5.4.3) in its gap. Errors of the source pass through."""
    return embed(prepared, timestamps.stamp(document_digest(prepared, digest_oid), digest_oid))


def embed(prepared: PreparedPdf, cms: bytes) -> bytes:
    """The PDF with ``cms`` in its gap, the rest of the gap zeros.

    SigningError when it does not fit, MalformedDataError when the gap is not an empty placeholder
    (ISO 32000-2, 12.8.1): a signature that is already there is never written over.
    """
    data, room = prepared.data, prepared.gap_end - prepared.gap_start - 2
    if data[prepared.gap_start : prepared.gap_end] != b"<%b>" % (b"0" * room):
        raise MalformedDataError("the gap is not an empty placeholder for a signature")
    digits = cms.hex().encode()
    if len(digits) > room:
        raise SigningError(f"the signature takes {len(digits)} digits, the document leaves {room}")
    return b"%b<%b>%b" % (data[: prepared.gap_start], digits.ljust(room, b"0"), data[prepared.gap_end :])
