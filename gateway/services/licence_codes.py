"""Checks a licence's own QR code: COSE signature, seal certificate, claims. Needs no network and no database."""

from dataclasses import dataclass
from datetime import datetime

from certs.trust_store import TrustStore
from gateway.domain.answers import Genuine, InForce
from gateway.domain.conclusion import certificate_reason
from gateway.domain.licence_code import LicenceClaims, LicenceCodeError, decode_payload
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.verification import (
    Answer,
    PresentedDocument,
    RegistryFinding,
    RegistryStatus,
    VerificationReport,
)
from gateway.persistence.blobs import FileDigest
from signing.cose import parse_sign1, verify_sign1
from signing.errors import InvalidSignatureError, SigningError
from signing.sm2 import load_public
from signing.validation.policy import ValidationPolicy
from signing.validation.process import CertificateValidation, signer_identity, validate_certificate
from signing.validation.report import (
    Changes,
    Conclusion,
    Coverage,
    Indication,
    SignatureReport,
    SignerIdentity,
    SubIndication,
    Trust,
)
from signing.x509_fields import public_key_info

CODE_MEDIA_TYPE = "text/plain"


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


def licence_code_report(
    text: str,
    payload: str,
    file_name: str,
    trust_store: TrustStore,
    policy: ValidationPolicy,
    *,
    at: datetime,
) -> VerificationReport:
    """The verification report on a licence QR code by itself: what a counterparty without a network can know."""
    finding = check_licence_code(payload, trust_store, policy, at=at)
    digest = FileDigest.of(text.encode())
    reasons = (*finding.reasons, reason("REGISTRY_NOT_CHECKED"))
    in_force = InForce.NOT_APPLICABLE if finding.genuine is Genuine.NO else InForce.UNKNOWN
    identifier = None if finding.claims is None else finding.claims.licence_identifier
    return VerificationReport(
        document=PresentedDocument(file_name, CODE_MEDIA_TYPE, digest.size, digest.sha256, digest.sm3),
        answer=Answer(finding.genuine, in_force, at, reasons),
        signatures=(_signature_report(finding, at),),
        registry=RegistryFinding(RegistryStatus.NOT_CHECKED, identifier),
    )


def _signature_report(finding: LicenceCodeFinding, at: datetime) -> SignatureReport:
    validation, claims = finding.certificate, finding.claims
    indication = {
        Genuine.YES: Indication.TOTAL_PASSED,
        Genuine.NO: Indication.TOTAL_FAILED,
        Genuine.UNKNOWN: Indication.INDETERMINATE,
    }[finding.genuine]
    sub_indication = None if validation is None else validation.sub_indication
    if finding.genuine is Genuine.NO:
        sub_indication = SubIndication.SIG_CRYPTO_FAILURE
    elif validation is None:
        sub_indication = SubIndication.NO_SIGNING_CERTIFICATE_FOUND if claims else SubIndication.FORMAT_FAILURE
    return SignatureReport(
        name="licence_code",
        kind="seal",
        format="COSE",
        sub_filter="",
        level="",
        algorithm="SM2-with-SM3",
        indication=indication,
        sub_indication=sub_indication,
        signer=SignerIdentity() if finding.signer_certificate is None else signer_identity(finding.signer_certificate),
        signer_certificate=finding.signer_certificate,
        trust=Trust.NONE if validation is None else validation.trust,
        claimed_signing_time=None if claims is None else claims.issued_at,
        best_signature_time=at,
        coverage=Coverage.ENTIRE_FILE,
        changes_after_signing=Changes.NONE,
        checks=() if validation is None else validation.checks,
    )
