"""Fields of X.509 certificates that CMS and the key identifiers need, as the DER bytes that stand in them."""

from functools import lru_cache

from asn1crypto import x509

from signing import der
from signing.errors import MalformedDataError


@lru_cache(maxsize=512)
def issuer_and_serial_number(certificate: bytes) -> bytes:
    """IssuerAndSerialNumber (RFC 5652, 10.2.4). MalformedDataError when it is no certificate."""
    try:
        fields = x509.Certificate.load(certificate)["tbs_certificate"]
        return der.sequence(fields["issuer"].dump(), fields["serial_number"].dump())
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not an X.509 certificate") from error


@lru_cache(maxsize=512)
def public_key_info(certificate: bytes) -> bytes:
    """DER SubjectPublicKeyInfo. MalformedDataError when it is no certificate."""
    try:
        info: bytes = x509.Certificate.load(certificate)["tbs_certificate"]["subject_public_key_info"].dump()
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not an X.509 certificate") from error
    return info
