"""Certificate profiles (GB/T 20518, RFC 5280): what each kind of certificate must and may hold."""

from dataclasses import dataclass
from enum import StrEnum


class KeyUsage(StrEnum):
    """Bits of the key usage extension that the profiles use, by their RFC 5280 names."""

    DIGITAL_SIGNATURE = "digitalSignature"
    NON_REPUDIATION = "nonRepudiation"
    KEY_CERT_SIGN = "keyCertSign"
    CRL_SIGN = "cRLSign"


KEY_USAGE_BITS = {
    KeyUsage.DIGITAL_SIGNATURE: 0,
    KeyUsage.NON_REPUDIATION: 1,
    KeyUsage.KEY_CERT_SIGN: 5,
    KeyUsage.CRL_SIGN: 6,
}

TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
"""id-kp-timeStamping; critical and alone (RFC 3161, 2.3)."""
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
"""id-kp-OCSPSigning: the CA lets this key answer for it (RFC 6960, 4.2.2.2)."""


@dataclass(frozen=True)
class Profile:
    """One kind of certificate."""

    name: str
    key_usage: frozenset[KeyUsage]
    days: int
    """Validity in days."""
    is_ca: bool = False
    path_length: int | None = None
    extended_key_usage: str | None = None
    needs_credit_code: bool = False
    """Whether the extension with the holder's unified social credit code must be there."""
    ocsp_no_check: bool = False
    """Whether id-pkix-ocsp-nocheck must be there: nobody asks whether the responder itself is revoked, so that
    its certificates are short-lived (RFC 6960, 4.2.2.2.1)."""


_CA_USAGE = frozenset({KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN})
_SIGNER_USAGE = frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION})

ROOT = Profile("root", _CA_USAGE, 7300, is_ca=True)
ISSUING_CA = Profile("issuing_ca", _CA_USAGE, 3650, is_ca=True, path_length=0)
SEAL_SIGNER = Profile("seal_signer", _SIGNER_USAGE, 1825, needs_credit_code=True)
TIMESTAMPING_UNIT = Profile("timestamping_unit", _SIGNER_USAGE, 1825, extended_key_usage=TIME_STAMPING)
OCSP_RESPONDER = Profile(
    "ocsp_responder",
    frozenset({KeyUsage.DIGITAL_SIGNATURE}),
    90,
    extended_key_usage=OCSP_SIGNING,
    ocsp_no_check=True,
)
ELECTRONIC_BUSINESS_LICENCE = Profile("electronic_business_licence", _SIGNER_USAGE, 1825, needs_credit_code=True)
GATEWAY_SIGNER = Profile("gateway_signer", _SIGNER_USAGE, 1825)

PROFILES = {
    profile.name: profile
    for profile in (
        ROOT,
        ISSUING_CA,
        SEAL_SIGNER,
        TIMESTAMPING_UNIT,
        OCSP_RESPONDER,
        ELECTRONIC_BUSINESS_LICENCE,
        GATEWAY_SIGNER,
    )
}
"""Every profile by its name."""
