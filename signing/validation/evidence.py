"""Validation data: certificates and revocation data that came with a document or are at hand."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ValidationData:
    """DER values without repetition; what a document security store holds (ISO 32000-2, 12.8.4.3)."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()
    """OCSPResponse (RFC 6960, 4.2.1)."""
