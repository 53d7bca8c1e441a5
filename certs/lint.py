"""Checks a certificate against its profile before the real signature is made (RFC 5280, GB/T 20518)."""

import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ExtensionOID, NameOID

from certs.credit_code import extract_credit_code
from certs.errors import CreditCodeError, ProfileError
from certs.profiles import TIME_STAMPING, KeyUsage, Profile
from signing import der, sm2
from signing.algorithms import EC_PUBLIC_KEY_OID, ECDSA_SHA256_OID, RSA_SHA256_OID, SM2_CURVE_OID, SM2_WITH_SM3_OID
from signing.errors import KeyRefusedError, SigningError
from signing.x509_fields import public_key_info

# The parser counts the octets of a name where RFC 5280 bounds its characters: any Chinese name over 21 would warn.
warnings.filterwarnings("ignore", message="Attribute's length must be", category=UserWarning)

E = TypeVar("E", bound=x509.ExtensionType)
Rule = Callable[[x509.Certificate, Profile], bool]

_USAGE_ATTRIBUTES = {
    KeyUsage.DIGITAL_SIGNATURE: "digital_signature",
    KeyUsage.NON_REPUDIATION: "content_commitment",
    KeyUsage.KEY_CERT_SIGN: "key_cert_sign",
    KeyUsage.CRL_SIGN: "crl_sign",
}
_OTHER_USAGES = ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
_LEAST_SERIAL_BITS, _MOST_SERIAL_BITS = 65, 159
"""More than 64 bits of randomness; at most 20 octets with the sign bit clear (RFC 5280, 4.1.2.2)."""
_MOST_CHARACTERS = {NameOID.COMMON_NAME: 64, NameOID.ORGANIZATION_NAME: 64, NameOID.SERIAL_NUMBER: 64}
"""Upper bounds of the attributes (RFC 5280, appendix A)."""
_COUNTRY_CHARACTERS = 2
_SIGNATURES = frozenset({SM2_WITH_SM3_OID, ECDSA_SHA256_OID, RSA_SHA256_OID})
_LEAST_RSA_BITS, _RSA_EXPONENT = 2048, 65537
"""ETSI TS 119 312, 7.2; a small exponent has weakened many an implementation."""
_SM2_ALGORITHM = der.sequence(der.oid(EC_PUBLIC_KEY_OID), der.oid(SM2_CURVE_OID))
_SLACK = timedelta(days=1)
"""The validity starts a little before the moment of issue."""
_CRITICAL = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
    }
)
"""Extensions that validators must understand; a critical one besides these would be refused by them."""


def lint(certificate: bytes, profile: Profile) -> None:
    """ProfileError that names the first rule which the certificate (DER) breaks."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        broken = next((sentence for sentence, holds in _RULES if not holds(parsed, profile)), None)
        _require_usable(public_key_info(certificate))
        if profile.needs_credit_code:
            extract_credit_code(certificate)
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ProfileError(f"{profile.name}: the certificate cannot be parsed: {error}") from error
    except (SigningError, CreditCodeError) as error:
        raise ProfileError(f"{profile.name}: {error}") from error
    if broken is not None:
        raise ProfileError(f"{profile.name}: the certificate must have {broken}")


def _has_good_subject(certificate: x509.Certificate, _: Profile) -> bool:
    attributes = list(certificate.subject)
    countries = [a.value for a in attributes if a.oid == NameOID.COUNTRY_NAME]
    return (
        any(a.oid == NameOID.COMMON_NAME and a.value for a in attributes)
        and all(len(a.value) <= _MOST_CHARACTERS.get(a.oid, len(a.value)) for a in attributes)
        and all(len(c) == _COUNTRY_CHARACTERS and str(c).isupper() for c in countries)
    )


def _has_key_usage(certificate: x509.Certificate, profile: Profile) -> bool:
    expected = x509.KeyUsage(
        **{attribute: name in profile.key_usage for name, attribute in _USAGE_ATTRIBUTES.items()},
        **dict.fromkeys(_OTHER_USAGES, False),
    )
    found = _extension(certificate, x509.KeyUsage)
    return found is not None and found.critical and found.value == expected


def _has_extended_key_usage(certificate: x509.Certificate, profile: Profile) -> bool:
    found = _extension(certificate, x509.ExtendedKeyUsage)
    if found is None or profile.extended_key_usage is None:
        return found is None and profile.extended_key_usage is None
    is_critical_enough = found.critical or profile.extended_key_usage != TIME_STAMPING
    return is_critical_enough and [oid.dotted_string for oid in found.value] == [profile.extended_key_usage]


def _has_basic_constraints(certificate: x509.Certificate, profile: Profile) -> bool:
    found = _extension(certificate, x509.BasicConstraints)
    if found is None:
        return not profile.is_ca
    return found.critical and (found.value.ca, found.value.path_length) == (profile.is_ca, profile.path_length)


def _has_key_identifiers(certificate: x509.Certificate, _: Profile) -> bool:
    subject = _extension(certificate, x509.SubjectKeyIdentifier)
    authority = _extension(certificate, x509.AuthorityKeyIdentifier)
    return subject is not None and authority is not None and authority.value.key_identifier is not None


def _has_ocsp_no_check(certificate: x509.Certificate, profile: Profile) -> bool:
    return (_extension(certificate, x509.OCSPNoCheck) is not None) == profile.ocsp_no_check


def _has_good_name_constraints(certificate: x509.Certificate, profile: Profile) -> bool:
    found = _extension(certificate, x509.NameConstraints)
    return found is None or (profile.is_ca and found.critical)


def _require_usable(spki: bytes) -> None:
    """KeyRefusedError unless the key is one that signs here: SM2, P-256, or RSA of a good size."""
    if _SM2_ALGORITHM in spki:
        sm2.load_public(spki)
        return
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefusedError("not an SM2 public key, nor a P-256 or RSA one") from error
    is_good = (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)) or (
        isinstance(key, rsa.RSAPublicKey)
        and key.key_size >= _LEAST_RSA_BITS
        and key.public_numbers().e == _RSA_EXPONENT
    )
    if not is_good:
        raise KeyRefusedError(f"a public key is SM2, P-256, or RSA of at least {_LEAST_RSA_BITS} bits")


def _extension(certificate: x509.Certificate, kind: type[E]) -> x509.Extension[E] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


_RULES: tuple[tuple[str, Rule], ...] = (
    ("version 3", lambda c, _: c.version is x509.Version.v3),
    (
        "a positive random serial number of at most 20 octets",
        lambda c, _: c.serial_number > 0 and _LEAST_SERIAL_BITS <= c.serial_number.bit_length() <= _MOST_SERIAL_BITS,
    ),
    (
        "a signature by SM2 with SM3, or by ECDSA or RSA with SHA-256",
        lambda c, _: c.signature_algorithm_oid.dotted_string in _SIGNATURES,
    ),
    ("a validity that is not empty", lambda c, _: c.not_valid_before_utc < c.not_valid_after_utc),
    (
        "a validity no longer than its profile's",
        lambda c, p: c.not_valid_after_utc - c.not_valid_before_utc <= timedelta(days=p.days) + _SLACK,
    ),
    ("a subject with a common name, within the lengths of RFC 5280", _has_good_subject),
    ("its key usage and no other, critical", _has_key_usage),
    ("its extended key usage and no other", _has_extended_key_usage),
    ("its basic constraints, critical", _has_basic_constraints),
    ("both key identifiers", _has_key_identifiers),
    ("ocsp-nocheck exactly when its profile says so", _has_ocsp_no_check),
    ("name constraints only in a CA, critical and not empty", _has_good_name_constraints),
    ("no other critical extension", lambda c, _: all(e.oid in _CRITICAL for e in c.extensions if e.critical)),
)
