"""Cryptographic verification of one signature value (EN 319 102-1, 5.2.7)."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing import sm2
from signing.algorithms import SM2_SIGN_OID, SM2_WITH_SM3_OID
from signing.errors import InvalidSignatureError, KeyRefusedError, UnsupportedFormatError
from signing.validation.checks import broken, passed
from signing.validation.cms_reading import DATA_OIDS, SignedCms
from signing.validation.report import Check, SubIndication

SM2_OIDS = frozenset({SM2_WITH_SM3_OID, SM2_SIGN_OID})
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.10045.4.3.2": hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    # Read, since a signature proven to be older than SHA-1's end still counts; the policy says when that was.
    "1.2.840.10045.4.1": hashes.SHA1(),  # noqa: S303
    "1.2.840.113549.1.1.5": hashes.SHA1(),  # noqa: S303
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303
}
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
"""Leaves its digest to the signer info."""
ALGORITHM_NAMES = {
    SM2_WITH_SM3_OID: "SM2-with-SM3",
    SM2_SIGN_OID: "SM2-with-SM3",
    "1.2.840.10045.4.3.2": "ECDSA-with-SHA256",
    "1.2.840.10045.4.3.3": "ECDSA-with-SHA384",
    "1.2.840.10045.4.3.4": "ECDSA-with-SHA512",
    "1.2.840.113549.1.1.11": "RSA-with-SHA256",
    "1.2.840.113549.1.1.12": "RSA-with-SHA384",
    "1.2.840.113549.1.1.13": "RSA-with-SHA512",
    "1.2.840.10045.4.1": "ECDSA-with-SHA1",
    "1.2.840.113549.1.1.5": "RSA-with-SHA1",
    RSA_ENCRYPTION: "RSA",
}


def verify_value(spki: bytes, signature_oid: str, digest_oid: str, message: bytes, signature: bytes) -> None:
    """Check ``signature`` over ``message`` with the key in ``spki`` (DER).

    InvalidSignatureError when it does not fit, KeyRefusedError when the key is of another kind,
    UnsupportedFormatError for an algorithm that is not known.
    """
    if signature_oid in SM2_OIDS:
        sm2.verify(sm2.load_public(spki), message, signature)
        return
    algorithm = _HASHES.get(digest_oid if signature_oid == RSA_ENCRYPTION else signature_oid)
    if algorithm is None:
        raise UnsupportedFormatError(f"signature algorithm {signature_oid} is not supported")
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefusedError("the public key cannot be read") from error
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        else:
            raise KeyRefusedError("the public key is neither SM2, ECDSA nor RSA")
    except InvalidSignature as error:
        raise InvalidSignatureError("the signature does not fit the message and the key") from error


@lru_cache(maxsize=4096)
def issued_by(signed: bytes, signature: bytes, signature_oid: str, issuer_spki: bytes) -> bool:
    """Whether the issuer's key signed these bytes of a certificate or CRL.

    Cached: the answer depends on nothing but the arguments, so it never goes stale.
    """
    try:
        verify_value(issuer_spki, signature_oid, "", signed, signature)
    except (InvalidSignatureError, KeyRefusedError, UnsupportedFormatError):
        return False
    return True


def check_message_digest(cms: SignedCms, content_digest: bytes) -> Check:
    """5.2.7.4, 1: the digest that was signed is that of the data, and so is its type."""
    name = "cryptographic_verification.message_digest"
    if cms.message_digest is None or not cms.signed_attributes:
        return broken(name, SubIndication.FORMAT_FAILURE, "the signature has no signed message digest")
    if cms.message_digest != content_digest:
        return broken(name, SubIndication.HASH_FAILURE, "the signed data was changed")
    is_data = cms.content_type_oid in DATA_OIDS and cms.encapsulated_type_oid in DATA_OIDS
    if cms.content_type_oid != cms.encapsulated_type_oid and not is_data:
        return broken(name, SubIndication.FORMAT_FAILURE, "the signed content type is another one")
    return passed(name)


def check_value(
    spki: bytes, signature_oid: str, digest_oid: str, message: bytes, signature: bytes, *, takes_raw: bool = False
) -> Check:
    """5.2.7.4, 2: the signature value fits ``message`` and the key (DER SubjectPublicKeyInfo).

    ``takes_raw``: whether an SM2 value may stand as r || s in 64 bytes, which Chinese profiles use besides DER.
    """
    name = "cryptographic_verification.signature_value"
    try:
        is_raw = takes_raw and signature_oid in SM2_OIDS and len(signature) == 2 * sm2.SCALAR_BYTES
        value = sm2.signature_from_raw(signature) if is_raw else signature
        verify_value(spki, signature_oid, digest_oid, message, value)
    except (InvalidSignatureError, KeyRefusedError) as error:
        return broken(name, SubIndication.SIG_CRYPTO_FAILURE, str(error))
    except UnsupportedFormatError as error:
        return broken(name, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, str(error))
    return passed(name, ALGORITHM_NAMES.get(signature_oid, signature_oid))
