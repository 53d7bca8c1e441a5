"""An SM2 signing key with its certificate."""

from dataclasses import dataclass, field

from signing import sm2
from signing.keys import SignatureAlgorithm


@dataclass(frozen=True)
class Sm2SigningKey:
    """Implements ``SigningKey`` with a private key of an SM2 back end."""

    private: sm2.PrivateKey = field(repr=False)
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()
    """DER of the issuing certificates, the leaf's issuer first, without the root."""
    algorithm: SignatureAlgorithm = field(default=SignatureAlgorithm.SM2_WITH_SM3, init=False)

    def sign(self, message: bytes) -> bytes:
        """SM2 over SM3(Z_A || message), strict DER."""
        return sm2.sign(self.private, message)
