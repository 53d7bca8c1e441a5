"""Certificate requests (PKCS#10, RFC 2986) for SM2, ECDSA and RSA keys: what a CA wants to see."""

from certs.authority import Subject
from signing import der
from signing.algorithms import SCHEMES
from signing.keys import SigningKey
from signing.private_keys import AnyPrivateKey, public_half, signing_key


def certificate_request(subject: Subject, key: AnyPrivateKey) -> bytes:
    """DER CertificationRequest, signed by the key in memory itself. Errors of the key pass through."""
    return request_of(subject, public_half(key), signing_key(key, b""))


def request_of(subject: Subject, public_key: bytes, key: SigningKey) -> bytes:
    """DER CertificationRequest for ``public_key`` (DER SubjectPublicKeyInfo), signed by any signing key of it."""
    # Version 0 and no attributes (RFC 2986, 4.1): CAs take subject alternatives and usages from their own profile.
    information = der.sequence(der.integer(0), subject.encode(), public_key, der.explicit(0, b""))
    algorithm = SCHEMES[key.algorithm].algorithm_identifier
    return der.sequence(information, algorithm, der.bit_string(key.sign(information)))
