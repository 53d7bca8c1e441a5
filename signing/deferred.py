"""Signatures that are made elsewhere: prepare here, let the digest leave, complete when the value comes back.

What waits in between is public and fits into JSON, so that another process may complete it, hours later.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from signing import sm2
from signing.algorithms import SCHEMES, SIGNATURE_OIDS, SIGNATURE_TIMESTAMP_OID, digest
from signing.cms import assemble, attribute, signed_attributes
from signing.errors import DocumentChangedError, MalformedDataError, SigningError
from signing.keys import CertifiedKey, PreparedPdf, SignatureAlgorithm
from signing.pades import document_digest, embed, signature_stamper
from signing.timestamp import TimestampSource
from signing.validation.cryptographic import verify_value
from signing.x509_fields import public_key_info


@dataclass(frozen=True)
class RemoteKey:
    """Implements ``CertifiedKey``: a key that is known by its certificate only."""

    algorithm: SignatureAlgorithm
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()
    """DER, the leaf's issuer first, without the root."""


@dataclass(frozen=True)
class PendingSignature:
    """One signature that waits for its value. The prepared document is kept beside it, by the caller."""

    key: RemoteKey
    gap_start: int
    gap_end: int
    attributes: bytes
    """DER SET OF the signed attributes: the message that is to be signed (RFC 5652, 5.4)."""

    @property
    def digest(self) -> bytes:
        """What a signer that takes digests must sign, 32 bytes: for SM2 the e of GB/T 32918.2, with Z_A in it."""
        if self.key.algorithm is SignatureAlgorithm.SM2_WITH_SM3:
            return sm2.message_digest(sm2.load_public(public_key_info(self.key.certificate)), self.attributes)
        return digest(SCHEMES[self.key.algorithm].digest_oid, self.attributes)

    def to_json(self) -> bytes:
        """UTF-8 JSON; holds no secret."""
        values: dict[str, Any] = {
            "algorithm": self.key.algorithm,
            "certificate": _text(self.key.certificate),
            "chain": [_text(certificate) for certificate in self.key.chain],
            "gap": [self.gap_start, self.gap_end],
            "attributes": _text(self.attributes),
        }
        return json.dumps(values).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "PendingSignature":
        """MalformedDataError when ``text`` is not what ``to_json`` gave."""
        try:
            values = json.loads(text)
            start, end = values["gap"]
            return cls(
                key=RemoteKey(
                    SignatureAlgorithm(values["algorithm"]),
                    _bytes(values["certificate"]),
                    tuple(_bytes(certificate) for certificate in values["chain"]),
                ),
                gap_start=int(start),
                gap_end=int(end),
                attributes=_bytes(values["attributes"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise MalformedDataError("not a pending signature") from error


def prepare(prepared: PreparedPdf, key: CertifiedKey) -> PendingSignature:
    """The signature of a prepared document, up to the value."""
    message_digest = document_digest(prepared, SCHEMES[key.algorithm].digest_oid)
    return PendingSignature(
        key=RemoteKey(key.algorithm, key.certificate, key.chain),
        gap_start=prepared.gap_start,
        gap_end=prepared.gap_end,
        attributes=signed_attributes(message_digest=message_digest, key=key),
    )


def complete(
    document: bytes, pending: PendingSignature, signature: bytes, *, timestamps: TimestampSource | None = None
) -> bytes:
    """The signed PDF: B-B, or B-T with time-stamps. ``document`` is the prepared one, its contents still zeros.

    DocumentChangedError when it is not the document that was prepared, InvalidSignatureError when the value does not
    verify under the certificate: neither is ever embedded. Errors of the time-stamps pass through.
    """
    verify_completion(document, pending, signature)
    return _finish(document, pending, signature, timestamps)


def complete_batch(
    documents: Sequence[bytes],
    pending: Sequence[PendingSignature],
    signatures: Sequence[bytes],
    *,
    timestamps: TimestampSource | None = None,
) -> list[bytes]:
    """As ``complete`` for several documents: all values are checked before the first is embedded.

    SigningError when the numbers differ.
    """
    if not len(documents) == len(pending) == len(signatures):
        raise SigningError("a batch needs one document and one signature for each that waits")
    together = list(zip(documents, pending, signatures, strict=True))
    for item in together:
        verify_completion(*item)
    return [_finish(*item, timestamps) for item in together]


def verify_completion(document: bytes, pending: PendingSignature, signature: bytes) -> None:
    """Document and value belong to what waits; errors as in ``complete``."""
    key = pending.key
    scheme = SCHEMES[key.algorithm]
    prepared = PreparedPdf(document, pending.gap_start, pending.gap_end)
    expected = signed_attributes(message_digest=document_digest(prepared, scheme.digest_oid), key=key)
    if expected != pending.attributes:
        raise DocumentChangedError("the document is not the one that was prepared for this signature")
    verify_value(
        public_key_info(key.certificate), SIGNATURE_OIDS[key.algorithm], scheme.digest_oid, expected, signature
    )


def completed_cms(
    attributes: bytes, signature: bytes, key: CertifiedKey, *, timestamps: TimestampSource | None = None
) -> bytes:
    """DER of a CMS without its content, from signed attributes and a value that was verified; with a time-stamp it is CAdES B-T.

    Errors of the time-stamps pass through.
    """
    unsigned: tuple[bytes, ...] = ()
    if timestamps is not None:
        stamper = signature_stamper(timestamps, SCHEMES[key.algorithm].digest_oid)
        unsigned = (attribute(SIGNATURE_TIMESTAMP_OID, stamper(signature)),)
    return assemble(attributes=attributes, signature=signature, key=key, unsigned_attributes=unsigned)


def _finish(document: bytes, pending: PendingSignature, signature: bytes, timestamps: TimestampSource | None) -> bytes:
    cms = completed_cms(pending.attributes, signature, pending.key, timestamps=timestamps)
    return embed(PreparedPdf(document, pending.gap_start, pending.gap_end), cms)


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)
