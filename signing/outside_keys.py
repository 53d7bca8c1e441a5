"""What every key outside this process has in common: only a digest leaves, and no answer is used before it is verified.

A token that signs plain ECDSA with a key on the SM2 curve, or a signer that holds another key, is found out here.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing import sm2
from signing.algorithms import ECDSA_SHA256_OID, RSA_SHA256_OID, SHA256_OID, SM2_WITH_SM3_OID, digest
from signing.errors import InvalidSignatureError, KeyRefusedError, KeySourceWrongError, SigningError
from signing.keys import SignatureAlgorithm
from signing.validation.cryptographic import verify_value
from signing.x509_fields import public_key_info

_SIGNATURE_OIDS = {
    SignatureAlgorithm.SM2_WITH_SM3: SM2_WITH_SM3_OID,
    SignatureAlgorithm.ECDSA_WITH_SHA256: ECDSA_SHA256_OID,
    SignatureAlgorithm.RSA_WITH_SHA256: RSA_SHA256_OID,
}
_RAW_BYTES = 64
_SEQUENCE = 0x30


def algorithm_of(certificate: bytes) -> SignatureAlgorithm:
    """What the key of a certificate (DER) signs with. KeyRefusedError for other keys than SM2, P-256 and RSA."""
    spki = public_key_info(certificate)
    try:
        sm2.load_public(spki)
    except KeyRefusedError:
        pass
    else:
        return SignatureAlgorithm.SM2_WITH_SM3
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefusedError("the public key of the certificate cannot be read") from error
    if isinstance(key, rsa.RSAPublicKey):
        return SignatureAlgorithm.RSA_WITH_SHA256
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return SignatureAlgorithm.ECDSA_WITH_SHA256
    raise KeyRefusedError("the key is neither SM2, ECDSA on P-256 nor RSA")


def digest_to_sign(certificate: bytes, message: bytes) -> bytes:
    """What leaves, 32 bytes: e = SM3(Z_A || M) for SM2 (GB/T 32918.2, 6.1, steps A1 and A2), else SHA-256."""
    if algorithm_of(certificate) is SignatureAlgorithm.SM2_WITH_SM3:
        return sm2.message_digest(sm2.load_public(public_key_info(certificate)), message)
    return digest(SHA256_OID, message)


def accept(certificate: bytes, message: bytes, value: bytes) -> bytes:
    """The signature that came back, as DER (RSA as it is), once it is proven to be that of the certificate's key.

    r || s in 64 bytes becomes DER. KeySourceWrongError when it is no signature over ``message``.
    """
    algorithm = algorithm_of(certificate)
    try:
        if algorithm is not SignatureAlgorithm.RSA_WITH_SHA256:
            value = _as_der(algorithm, value)
        verify_value(public_key_info(certificate), _SIGNATURE_OIDS[algorithm], "", message, value)
    except InvalidSignatureError as error:
        raise KeySourceWrongError(
            f"what came back is no {algorithm} signature of the key in the certificate; it was not used"
        ) from error
    except SigningError as error:
        raise KeySourceWrongError(f"the signature that came back cannot be judged: {error}") from error
    return value


def _as_der(algorithm: SignatureAlgorithm, value: bytes) -> bytes:
    if len(value) != _RAW_BYTES or (value[0] == _SEQUENCE and value[1] == _RAW_BYTES - 2):
        return value
    if algorithm is SignatureAlgorithm.SM2_WITH_SM3:
        return sm2.signature_from_raw(value)
    half = _RAW_BYTES // 2
    return encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))
