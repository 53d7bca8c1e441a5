"""An ECDSA signing key on P-256 with its certificate."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing.errors import KeyRefusedError
from signing.keys import SignatureAlgorithm


@dataclass(frozen=True)
class EcdsaSigningKey:
    """Implements ``SigningKey`` with a P-256 key in memory. KeyRefusedError for another curve."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()
    """DER of the issuing certificates, the leaf's issuer first, without the root."""
    algorithm: SignatureAlgorithm = field(default=SignatureAlgorithm.ECDSA_WITH_SHA256, init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.private.curve, ec.SECP256R1):
            raise KeyRefusedError(f"ECDSA keys are on P-256, this one is on {self.private.curve.name}")

    def sign(self, message: bytes) -> bytes:
        """ECDSA over SHA-256, DER."""
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))
