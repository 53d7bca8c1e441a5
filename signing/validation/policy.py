"""The validation policy is data: whom to trust, what to accept, how much work to spend (EN 319 102-1, 5.1.4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from signing.algorithms import (
    ECDSA_SHA256_OID,
    RSA_SHA256_OID,
    SHA256_OID,
    SM2_SIGN_OID,
    SM2_WITH_SM3_OID,
    SM3_OID,
)


class Use(StrEnum):
    """What a trust anchor may vouch for."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    ENTERPRISE = "enterprise"


class Revocation(StrEnum):
    """What happens when no fresh revocation data is at hand."""

    REQUIRED = "required"
    """The signature is INDETERMINATE / TRY_LATER."""
    IF_AVAILABLE = "if_available"
    """It is noted, and the signature may pass."""


@dataclass(frozen=True)
class TrustAnchor:
    """A certificate that is trusted for itself."""

    certificate: bytes
    """DER."""
    egov_qualified: bool = False
    """Whether the CA is qualified for e-government (Regulation on commercial cryptography, article 30)."""
    uses: frozenset[Use] = frozenset({Use.SIGNATURE, Use.TIMESTAMP})


@dataclass(frozen=True)
class Limits:
    """Bounds on one document, so that a hostile file costs little."""

    document_bytes: int = 64 * 1024 * 1024
    signatures: int = 64
    objects: int = 200_000
    path_length: int = 8
    paths_tried: int = 64


@dataclass(frozen=True)
class ValidationPolicy:
    """One policy; everything that a verdict depends on besides the document and the time."""

    trust_anchors: tuple[TrustAnchor, ...]
    certificates: tuple[bytes, ...] = ()
    """DER of further certificates for path building."""
    crls: tuple[bytes, ...] = ()
    """DER of CRLs at hand."""
    ocsp_responses: tuple[bytes, ...] = ()
    """DER of OCSP responses at hand."""
    revocation: Revocation = Revocation.REQUIRED
    digest_oids: frozenset[str] = frozenset({SM3_OID, SHA256_OID, "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"})
    """Digests that are strong enough; SHA-1 is not."""
    signature_oids: frozenset[str] = frozenset(
        {
            SM2_WITH_SM3_OID,
            SM2_SIGN_OID,
            ECDSA_SHA256_OID,
            "1.2.840.10045.4.3.3",
            "1.2.840.10045.4.3.4",
            RSA_SHA256_OID,
            "1.2.840.113549.1.1.12",
            "1.2.840.113549.1.1.13",
            "1.2.840.113549.1.1.1",
        }
    )
    """Signature algorithms that are strong enough; the bare rsaEncryption takes its digest from the signer info."""
    rsa_bits: int = 2048
    """Least RSA modulus."""
    limits: Limits = field(default_factory=Limits)
    read_credit_code: Callable[[bytes], str | None] | None = None
    """Takes the unified social credit code out of a certificate, for the report."""
    name: str = "default"
