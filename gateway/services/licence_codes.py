"""Checks a licence's own QR code: COSE signature, seal certificate, claims. Needs no network and no database."""

from dataclasses import dataclass
from datetime import datetime

from certs.trust_store import TrustStore
from gateway.domain.answers import Genuine
from gateway.domain.conclusion import certificate_reason
from gateway.domain.licence_code import LicenceClaims, LicenceCodeError, decode_payload
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from signing.cose import parse_sign1, verify_sign1
from signing.errors import InvalidSignatureError, SigningError
from signing.sm2 import load_public
from signing.validation.policy import ValidationPolicy
from signing.validation.process import CertificateValidation, validate_certificate
from signing.validation.report import Conclusion
from signing.x509_fields import public_key_info


@dataclass(frozen=True)
class LicenceCodeFinding:
    """What a licence QR code says and whether the authority said it."""

    genuine: Genuine
    claims: LicenceClaims | None
    """None when the payload cannot be read; not to be believed unless ``genuine`` is ``yes``."""
    certificate: CertificateValidation | None
    signer_certificate: bytes | None
    """DER of the seal certificate, None when the key id is not known here."""
    reasons: tuple[Reason, ...]


def check_licence_code(
    payload: str, trust_store: TrustStore, policy: ValidationPolicy, *, at: datetime
) -> LicenceCodeFinding:
    """Check the base32 payload of a licence QR code against trusted seal certificates.

    A wrong signature is ``no``; an unknown key or an unchecked certificate is ``unknown``. Never raises for bad input.
    """
    try:
        message = parse_sign1(decode_payload(payload))
        if message.media_type is not None:
            raise LicenceCodeError("a token of another kind")  # noqa: TRY301 - unreadable as a licence code, as any other
        claims = LicenceClaims.decode(message.payload)
    except (SigningError, LicenceCodeError):
        return LicenceCodeFinding(Genuine.UNKNOWN, None, None, None, (reason("LICENCE_CODE_UNREADABLE"),))
    certificate = trust_store.certificate_by_key_id(message.key_id)
    if certificate is None:
        return LicenceCodeFinding(Genuine.UNKNOWN, claims, None, None, (reason("SEAL_UNKNOWN"),))
    try:
        verify_sign1(message, load_public(public_key_info(certificate)))
    except InvalidSignatureError:
        return LicenceCodeFinding(Genuine.NO, claims, None, certificate, (reason("SIGNATURE_INVALID"),))
    validation = validate_certificate(certificate, policy, at=at, use="signature")
    if validation.conclusion is Conclusion.PASSED:
        return LicenceCodeFinding(Genuine.YES, claims, validation, certificate, (reason("GENUINE"),))
    return LicenceCodeFinding(
        Genuine.UNKNOWN, claims, validation, certificate, (certificate_reason(validation.sub_indication),)
    )
