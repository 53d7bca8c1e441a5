"""Signing keys are handed to this library; where they live is the caller's affair."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class SignatureAlgorithm(StrEnum):
    """Signature algorithms that can be made. Values stand in reports."""

    SM2_WITH_SM3 = "SM2-with-SM3"
    ECDSA_WITH_SHA256 = "ECDSA-with-SHA256"
    RSA_WITH_SHA256 = "RSA-with-SHA256"


class CertifiedKey(Protocol):
    """What is public of a signing key: enough to prepare a signature that is made elsewhere."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its signatures are made."""
        ...

    @property
    def certificate(self) -> bytes:
        """DER of the certificate of this key."""
        ...

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of the issuing certificates, the leaf's issuer first, without the root."""
        ...


class SigningKey(Protocol):
    """A private key with its certificate; the key may be in a file, a token or another machine."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What ``sign`` makes."""
        ...

    @property
    def certificate(self) -> bytes:
        """DER of the certificate of this key."""
        ...

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of the issuing certificates, the leaf's issuer first, without the root."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Signature value over ``message`` (hashed here), DER for SM2 and ECDSA."""
        ...


@dataclass(frozen=True)
class PreparedPdf:
    """A complete PDF whose signature ``/Contents`` is still a run of zeros.

    ``data[gap_start:gap_end]`` is the hexadecimal string with its angle brackets; the ByteRange
    ``[0 gap_start gap_end len(data)-gap_end]`` already stands in ``data`` (ISO 32000-2, 12.8.1).
    """

    data: bytes
    gap_start: int
    gap_end: int
    empty_field: int | None = None
    """Object number of an empty signature field that the first revision keeps for a second signature."""
