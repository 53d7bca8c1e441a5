"""Key pairs of every kind that signatures in the corpus are made with, and holders: a pair with its certificate."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing import der, sm2
from signing.keys import SignatureAlgorithm

SM2_WITH_SM3 = "1.2.156.10197.1.501"
SM2_BARE = "1.2.156.10197.1.301.1"
ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
RSA_WITH_SHA256 = "1.2.840.113549.1.1.11"
RSA_WITH_SHA1 = "1.2.840.113549.1.1.5"
SM3 = "1.2.156.10197.1.401"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA1 = "1.3.14.3.2.26"
MD5 = "1.2.840.113549.2.5"

_PUBLIC = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Pair:
    """A key pair: what stands in certificates, and how it signs."""

    spki: bytes
    signature_oid: str
    digest_oid: str
    sign: Callable[[bytes], bytes]
    algorithm: SignatureAlgorithm
    private: object = None

    @property
    def algorithm_identifier(self):
        return algorithm_identifier(self.signature_oid)


def algorithm_identifier(oid):
    """RSA wants NULL parameters (RFC 4055), the elliptic ones want none (RFC 5758)."""
    return der.sequence(der.oid(oid), *((der.NULL,) if oid.startswith("1.2.840.113549.1.1.") else ()))


def sm2_pair(signer_id=sm2.DEFAULT_ID):
    """A new SM2 key; another signer identity than the default one is an error that verifiers must notice."""
    private = sm2.generate()
    return Pair(
        private.public_key.spki,
        SM2_WITH_SM3,
        SM3,
        lambda message: sm2.sign(private, message, signer_id=signer_id),
        SignatureAlgorithm.SM2_WITH_SM3,
        private,
    )


def ecdsa_pair():
    """A new P-256 key."""
    private = ec.generate_private_key(ec.SECP256R1())
    return Pair(
        private.public_key().public_bytes(*_PUBLIC),
        ECDSA_WITH_SHA256,
        SHA256,
        lambda message: private.sign(message, ec.ECDSA(hashes.SHA256())),
        SignatureAlgorithm.ECDSA_WITH_SHA256,
        private,
    )


@cache
def rsa_pair(bits=2048, number=0):
    """An RSA key, made once: making one takes a tenth of a second."""
    private = rsa.generate_private_key(65537, bits)
    return Pair(
        private.public_key().public_bytes(*_PUBLIC),
        RSA_WITH_SHA256,
        SHA256,
        lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA256()),
        SignatureAlgorithm.RSA_WITH_SHA256,
        private,
    )


def rsa_sha1(pair):
    """The same RSA key signing with SHA-1, as was the custom until 2017."""
    return replace(
        pair,
        signature_oid=RSA_WITH_SHA1,
        digest_oid=SHA1,
        sign=lambda message: pair.private.sign(message, padding.PKCS1v15(), hashes.SHA1()),
    )


@dataclass(frozen=True)
class Holder:
    """A pair with its certificate and chain: a ``SigningKey``, and an issuer."""

    pair: Pair
    certificate: bytes
    name: bytes
    """DER Name of the subject."""
    chain: tuple[bytes, ...] = ()

    @property
    def algorithm(self):
        return self.pair.algorithm

    def sign(self, message):
        return self.pair.sign(message)
