"""Fields of X.509 certificates that CMS and the key identifiers need, as the DER bytes that stand in them."""

from datetime import datetime
from functools import lru_cache

from asn1crypto import keys, x509

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
def subject_name(certificate: bytes) -> bytes:
    """DER Name of the subject. MalformedDataError when it is no certificate."""
    try:
        name: bytes = x509.Certificate.load(certificate)["tbs_certificate"]["subject"].dump()
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not an X.509 certificate") from error
    return name


@lru_cache(maxsize=512)
def issuer_name(certificate: bytes) -> bytes:
    """DER Name of the issuer. MalformedDataError when it is no certificate."""
    try:
        name: bytes = x509.Certificate.load(certificate)["tbs_certificate"]["issuer"].dump()
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not an X.509 certificate") from error
    return name


def serial_number(certificate: bytes) -> int:
    """The serial number. MalformedDataError when it is no certificate."""
    try:
        number: int = x509.Certificate.load(certificate)["tbs_certificate"]["serial_number"].native
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not an X.509 certificate") from error
    return number


def not_before(certificate: bytes) -> datetime:
    """Start of the validity, aware UTC. MalformedDataError when it is no certificate."""
    return _validity(certificate)[0]


def not_after(certificate: bytes) -> datetime:
    """End of the validity, aware UTC. MalformedDataError when it is no certificate."""
    return _validity(certificate)[1]


@lru_cache(maxsize=512)
def _validity(certificate: bytes) -> tuple[datetime, datetime]:
    try:
        validity = x509.Certificate.load(certificate)["tbs_certificate"]["validity"]
        return validity["not_before"].native, validity["not_after"].native
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


def subject_key_identifier(certificate: bytes) -> bytes | None:
    """The subject key identifier, None when there is none. MalformedDataError when it is no certificate."""
    try:
        identifier: bytes | None = x509.Certificate.load(certificate).key_identifier
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not an X.509 certificate") from error
    return identifier


def public_key_bits(spki: bytes) -> bytes:
    """The subjectPublicKey of a SubjectPublicKeyInfo (DER), without tag, length and unused-bits octet.

    MalformedDataError when it is none.
    """
    try:
        # The contents, not the parsed key: it is hashed as it stands (RFC 6960, 4.1.1). One octet counts unused bits.
        bits: bytes = keys.PublicKeyInfo.load(spki, strict=True)["public_key"].contents[1:]
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not a public key") from error
    return bits


def rsa_bits(spki: bytes) -> int | None:
    """Size of an RSA modulus in a SubjectPublicKeyInfo, None for other keys."""
    info = keys.PublicKeyInfo.load(spki)
    return info["public_key"].parsed["modulus"].native.bit_length() if info.algorithm == "rsa" else None
