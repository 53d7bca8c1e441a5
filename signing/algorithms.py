"""Object identifiers and the algorithms behind them (GM/T 0006, RFC 5758, RFC 8017)."""

import hashlib
from dataclasses import dataclass
from typing import Any

from signing import der
from signing.errors import UnsupportedFormatError
from signing.keys import SignatureAlgorithm

SM3_OID = "1.2.156.10197.1.401"
SM2_WITH_SM3_OID = "1.2.156.10197.1.501"
SM2_SIGN_OID = "1.2.156.10197.1.301.1"
"""The bare signature OID of GB/T 35275 files: read, never written, since BouncyCastle refuses it."""
SM2_CURVE_OID = "1.2.156.10197.1.301"
EC_PUBLIC_KEY_OID = "1.2.840.10045.2.1"
SHA1_OID = "1.3.14.3.2.26"
SHA256_OID = "2.16.840.1.101.3.4.2.1"
SHA384_OID = "2.16.840.1.101.3.4.2.2"
SHA512_OID = "2.16.840.1.101.3.4.2.3"
ECDSA_SHA256_OID = "1.2.840.10045.4.3.2"
RSA_SHA256_OID = "1.2.840.113549.1.1.11"

DATA_OID = "1.2.840.113549.1.7.1"
SIGNED_DATA_OID = "1.2.840.113549.1.7.2"
CONTENT_TYPE_OID = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST_OID = "1.2.840.113549.1.9.4"
SIGNING_TIME_OID = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE_V2_OID = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIMESTAMP_OID = "1.2.840.113549.1.9.16.2.14"
CONTENT_IDENTIFIER_OID = "1.2.840.113549.1.9.16.2.7"
TST_INFO_OID = "1.2.840.113549.1.9.16.1.4"

DIGESTS = {
    SM3_OID: "sm3",
    SHA256_OID: "sha256",
    SHA384_OID: "sha384",
    SHA512_OID: "sha512",
    SHA1_OID: "sha1",
}
"""Digest OID to hashlib's name. Whether one is good enough is the policy's affair."""


@dataclass(frozen=True)
class SignatureScheme:
    """How one kind of signature stands in CMS and X.509."""

    digest_oid: str
    algorithm_identifier: bytes
    """DER AlgorithmIdentifier of the signature."""
    digest_identifier: bytes
    """DER AlgorithmIdentifier of the digest."""


SCHEMES = {
    SignatureAlgorithm.SM2_WITH_SM3: SignatureScheme(
        SM3_OID, der.sequence(der.oid(SM2_WITH_SM3_OID)), der.sequence(der.oid(SM3_OID))
    ),
    SignatureAlgorithm.ECDSA_WITH_SHA256: SignatureScheme(
        SHA256_OID, der.sequence(der.oid(ECDSA_SHA256_OID)), der.sequence(der.oid(SHA256_OID))
    ),
    SignatureAlgorithm.RSA_WITH_SHA256: SignatureScheme(
        SHA256_OID, der.sequence(der.oid(RSA_SHA256_OID), der.NULL), der.sequence(der.oid(SHA256_OID))
    ),
}

SIGNATURE_OIDS = {
    SignatureAlgorithm.SM2_WITH_SM3: SM2_WITH_SM3_OID,
    SignatureAlgorithm.ECDSA_WITH_SHA256: ECDSA_SHA256_OID,
    SignatureAlgorithm.RSA_WITH_SHA256: RSA_SHA256_OID,
}
"""The OID of each kind of signature that can be made."""


def new_digest(oid: str) -> Any:
    """A running digest with hashlib's interface. UnsupportedFormatError for an unknown OID."""
    if oid not in DIGESTS:
        raise UnsupportedFormatError(f"digest algorithm {oid} is not supported")
    return hashlib.new(DIGESTS[oid])


def digest(oid: str, data: bytes) -> bytes:
    """Digest of ``data``. UnsupportedFormatError for an unknown OID."""
    running = new_digest(oid)
    running.update(data)
    result: bytes = running.digest()
    return result
