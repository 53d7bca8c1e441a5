"""An RSA signing key with its certificate."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from signing.errors import KeyRefusedError
from signing.keys import SignatureAlgorithm

LEAST_BITS = 2048
"""Shorter moduli are refused (ETSI TS 119 312, 7.2)."""


@dataclass(frozen=True)
class RsaSigningKey:
    """Implements ``SigningKey`` with an RSA key in memory. KeyRefusedError for a short modulus."""

    private: rsa.RSAPrivateKey = field(repr=False)
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()
    """DER of the issuing certificates, the leaf's issuer first, without the root."""
    algorithm: SignatureAlgorithm = field(default=SignatureAlgorithm.RSA_WITH_SHA256, init=False)

    def __post_init__(self) -> None:
        if self.private.key_size < LEAST_BITS:
            raise KeyRefusedError(f"RSA keys have {LEAST_BITS} bits or more, this one has {self.private.key_size}")

    def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 over SHA-256 (RFC 8017, 8.2)."""
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
