"""Cryptographic constraints (EN 319 102-1, 5.1.4.3): which algorithms and key sizes are reliable, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.algorithms import SM2_CURVE_OID
from signing.der import oid

FOREVER = datetime.max.replace(tzinfo=UTC)
"""No end is known."""
NEVER = datetime.min.replace(tzinfo=UTC)
"""Not reliable at any time."""

_SM2_CURVE = oid(SM2_CURVE_OID)
_SM2_BITS = 256


@dataclass(frozen=True)
class AlgorithmConstraints:
    """Reliable algorithms by OID, reliable least key sizes by kind; each with the instant until which it holds."""

    digests: Mapping[str, datetime]
    signatures: Mapping[str, datetime]
    """The bare rsaEncryption takes its digest from the signer info."""
    rsa_bits: Mapping[int, datetime]
    ec_bits: Mapping[int, datetime]

    def digest_until(self, digest_oid: str) -> datetime:
        """NEVER for a digest that is not listed."""
        return self.digests.get(digest_oid, NEVER)

    def signature_until(self, signature_oid: str) -> datetime:
        """NEVER for a signature algorithm that is not listed."""
        return self.signatures.get(signature_oid, NEVER)

    def key_until(self, spki: bytes) -> datetime:
        """Until when a public key (DER SubjectPublicKeyInfo) is long enough."""
        kind, bits = key_size(spki)
        table = {"RSA": self.rsa_bits, "EC": self.ec_bits}.get(kind, {})
        return max((until for least, until in table.items() if bits >= least), default=NEVER)


@lru_cache(maxsize=1024)
def key_size(spki: bytes) -> tuple[str, int]:
    """(kind, bits): kind is RSA, EC or the empty string when the key cannot be read."""
    if _SM2_CURVE in spki[:32]:
        return "EC", _SM2_BITS
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return "", 0
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    return ("EC", key.key_size) if isinstance(key, ec.EllipticCurvePublicKey) else ("", 0)
