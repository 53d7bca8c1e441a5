"""Checks a certificate against its profile before the real signature is made."""

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.credit_code import extract_credit_code
from certs.errors import CreditCodeError, ProfileError
from certs.profiles import TIME_STAMPING, KeyUsage, Profile

_USAGE_ATTRIBUTES = {
    KeyUsage.DIGITAL_SIGNATURE: "digital_signature",
    KeyUsage.NON_REPUDIATION: "content_commitment",
    KeyUsage.KEY_CERT_SIGN: "key_cert_sign",
    KeyUsage.CRL_SIGN: "crl_sign",
}
_SERIAL_BITS = 64
"""Least randomness in a serial number."""


def lint(certificate: bytes, profile: Profile) -> None:
    """ProfileError that names the rule which the certificate (DER) breaks."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        extensions = parsed.extensions
    except ValueError as error:
        raise ProfileError(f"{profile.name}: the certificate cannot be parsed: {error}") from error
    _require(parsed.version is x509.Version.v3, profile, "version 3")
    _require(parsed.serial_number.bit_length() > _SERIAL_BITS, profile, "a random serial number")
    _require(parsed.not_valid_before_utc < parsed.not_valid_after_utc, profile, "a validity that is not empty")
    _require(bool(parsed.subject.rdns), profile, "a subject")
    _lint_usage(extensions, profile)
    _lint_constraints(extensions, profile)
    if profile.needs_credit_code:
        try:
            extract_credit_code(certificate)
        except CreditCodeError as error:
            raise ProfileError(f"{profile.name}: {error}") from error


def _lint_usage(extensions: x509.Extensions, profile: Profile) -> None:
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    found = {name for name, attribute in _USAGE_ATTRIBUTES.items() if getattr(usage.value, attribute)}
    _require(usage.critical and found == profile.key_usage, profile, "its key usage, critical")
    wanted = {profile.extended_key_usage} - {None}
    try:
        extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        _require(not wanted, profile, "its extended key usage")
        return
    _require({oid.dotted_string for oid in extended.value} == wanted, profile, "no other extended key usage")
    if ExtendedKeyUsageOID.TIME_STAMPING in extended.value:
        _require(
            extended.critical and profile.extended_key_usage == TIME_STAMPING,
            profile,
            "critical timeStamping",
        )


def _lint_constraints(extensions: x509.Extensions, profile: Profile) -> None:
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        _require(not profile.is_ca, profile, "basic constraints")
        return
    fits = constraints.value.ca is profile.is_ca and constraints.value.path_length == profile.path_length
    _require(constraints.critical and fits, profile, "its basic constraints, critical")


def _require(condition: bool, profile: Profile, rule: str) -> None:
    if not condition:
        raise ProfileError(f"{profile.name}: the certificate must have {rule}")
