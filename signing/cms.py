"""CMS SignedData (RFC 5652) for PAdES baseline signatures (EN 319 142-1) and time-stamp tokens, as DER bytes.

Built by concatenation: a general encoder takes four fifths of the time of a signature.
"""

from collections.abc import Callable
from functools import lru_cache

from signing import der
from signing.algorithms import (
    CONTENT_TYPE_OID,
    DATA_OID,
    MESSAGE_DIGEST_OID,
    SCHEMES,
    SHA256_OID,
    SIGNATURE_TIMESTAMP_OID,
    SIGNED_DATA_OID,
    SIGNING_CERTIFICATE_V2_OID,
    digest,
)
from signing.keys import CertifiedKey, SigningKey
from signing.x509_fields import issuer_and_serial_number


def attribute(oid: str, value: bytes) -> bytes:
    """Attribute with one value (RFC 5652, 5.3)."""
    return der.sequence(der.oid(oid), der.set_of(value))


def signed_attributes(
    *, message_digest: bytes, key: CertifiedKey, content_type: str = DATA_OID, further: tuple[bytes, ...] = ()
) -> bytes:
    """DER SET OF the signed attributes: what is signed (RFC 5652, 5.4).

    ``message_digest`` is made with the digest algorithm of the key; ``further`` are attributes in DER. No signing-time: a
    PDF says it in /M (EN 319 142-1, 6.3).
    """
    return der.set_of(
        attribute(CONTENT_TYPE_OID, der.oid(content_type)),
        attribute(MESSAGE_DIGEST_OID, der.octet_string(message_digest)),
        _signing_certificate(key.certificate, SCHEMES[key.algorithm].digest_oid),
        *further,
    )


def assemble(
    *,
    attributes: bytes,
    signature: bytes,
    key: CertifiedKey,
    content_type: str = DATA_OID,
    encapsulated: bytes | None = None,
    unsigned_attributes: tuple[bytes, ...] = (),
    with_certificates: bool = True,
) -> bytes:
    """DER ContentInfo of a SignedData with one signer, from its signed attributes and their signature.

    ``encapsulated`` is the content itself, None when it stands elsewhere (a PDF). The certificates are the
    leaf and its chain, left out only when a time-stamp client wants none.
    """
    scheme = SCHEMES[key.algorithm]
    content = () if encapsulated is None else (der.explicit(0, der.octet_string(encapsulated)),)
    certificates = (_certificate_set(key.certificate, key.chain),) if with_certificates else ()
    unsigned = (der.explicit(1, b"".join(sorted(unsigned_attributes))),) if unsigned_attributes else ()
    signer_info = der.sequence(
        der.integer(1),
        issuer_and_serial_number(key.certificate),
        scheme.digest_identifier,
        # The attributes are signed as a SET and stand here under [0] (RFC 5652, 5.3).
        der.explicit(0, der.content_of(attributes)),
        scheme.algorithm_identifier,
        der.octet_string(signature),
        *unsigned,
    )
    signed_data = der.sequence(
        der.integer(1 if content_type == DATA_OID else 3),
        der.set_of(scheme.digest_identifier),
        der.sequence(der.oid(content_type), *content),
        *certificates,
        der.set_of(signer_info),
    )
    return der.sequence(der.oid(SIGNED_DATA_OID), der.explicit(0, signed_data))


def build_signed_data(
    *,
    message_digest: bytes,
    key: SigningKey,
    content_type: str = DATA_OID,
    encapsulated: bytes | None = None,
    timestamp: Callable[[bytes], bytes] | None = None,
    with_certificates: bool = True,
) -> bytes:
    """DER ContentInfo with a signature over the attributes that hold ``message_digest``.

    ``timestamp`` is given the signature value and gives a time-stamp token (DER ContentInfo), which becomes
    the signature-time-stamp attribute (EN 319 122-1, 5.3). Errors of the key and of ``timestamp`` pass
    through.
    """
    attributes = signed_attributes(message_digest=message_digest, key=key, content_type=content_type)
    signature = key.sign(attributes)
    unsigned = () if timestamp is None else (attribute(SIGNATURE_TIMESTAMP_OID, timestamp(signature)),)
    return assemble(
        attributes=attributes,
        signature=signature,
        key=key,
        content_type=content_type,
        encapsulated=encapsulated,
        unsigned_attributes=unsigned,
        with_certificates=with_certificates,
    )


@lru_cache(maxsize=512)
def _signing_certificate(certificate: bytes, digest_oid: str) -> bytes:
    """The signing-certificate-v2 attribute (RFC 5035): binds the signature to one certificate."""
    # SHA-256 is the default of ESSCertIDv2, and DER leaves defaults out.
    algorithm = b"" if digest_oid == SHA256_OID else der.sequence(der.oid(digest_oid))
    identifier = der.sequence(algorithm, der.octet_string(digest(digest_oid, certificate)))
    return attribute(SIGNING_CERTIFICATE_V2_OID, der.sequence(der.sequence(identifier)))


@lru_cache(maxsize=512)
def _certificate_set(leaf: bytes, chain: tuple[bytes, ...]) -> bytes:
    """The certificates field: [0] IMPLICIT SET OF, in DER order (X.690, 11.6)."""
    return der.explicit(0, b"".join(sorted((leaf, *chain))))
