"""Signed lists of licences and of statuses: checks presented ones, for which the published trust files suffice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from certs.trust_store import TrustStore
from gateway.domain.answers import Genuine, InForce
from gateway.domain.conclusion import certificate_reason, judge_status
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.instants import instant
from gateway.domain.licence_code import LicenceClaims
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.signed_list import TOKEN_TYPE, SignedList, SignedListError
from gateway.domain.status import status_at
from gateway.domain.status_list import PLACES, ListedStatus, StatusList, StatusListError
from gateway.domain.status_list import TOKEN_TYPE as STATUS_TYPE
from signing.cose import Sign1, parse_sign1, verify_sign1
from signing.errors import InvalidSignatureError, MalformedDataError, SigningError
from signing.sm2 import load_public
from signing.validation.policy import ValidationPolicy
from signing.validation.process import CertificateValidation, validate_certificate
from signing.validation.report import Conclusion
from signing.x509_fields import public_key_info

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clocks of a gateway and of who checks may differ before a list counts as one from the future."""


@dataclass(frozen=True)
class SignedListFinding:
    """What a presented list says, and whether a gateway said it."""

    genuine: Genuine
    in_force: InForce
    """Whether it may stand for now: not before its instant and not after its end."""
    stated: SignedList | None
    """None when it cannot be read; not to be believed unless ``genuine`` is ``yes``."""
    certificate: CertificateValidation | None
    signer_certificate: bytes | None
    """DER of the signer's certificate; None when the key id is not known here."""
    reasons: tuple[Reason, ...]


def check_signed_list(
    token: bytes, trust_store: TrustStore, policy: ValidationPolicy, *, at: datetime
) -> SignedListFinding:
    """Check a list against the trusted signers of lists, as of ``at``. Never raises for bad input.

    In this order, the first that applies: unreadable, signer unknown, signature wrong, certificate not good.
    """
    try:
        message = token_of(token, TOKEN_TYPE)
        stated = SignedList.decode(message.payload)
    except (SigningError, SignedListError):
        return _undecided("LIST_UNREADABLE")
    signer = check_signer(message, trust_store, policy, at)
    if signer.certificate is None:
        return _undecided("LIST_SIGNER_UNKNOWN", stated)
    certificate, validation = signer.certificate, signer.validation
    if validation is None:
        wrong = (reason("SIGNATURE_INVALID"),)
        return SignedListFinding(Genuine.NO, InForce.NOT_APPLICABLE, stated, None, certificate, wrong)
    if validation.conclusion is not Conclusion.PASSED:
        why = (certificate_reason(validation.sub_indication),)
        return SignedListFinding(Genuine.UNKNOWN, InForce.UNKNOWN, stated, validation, certificate, why)
    in_force, code = _standing(stated, at)
    reasons = (reason("GENUINE"), reason(code))
    return SignedListFinding(Genuine.YES, in_force, stated, validation, certificate, reasons)


def status_by_lists(
    claims: LicenceClaims, tokens: Iterable[bytes], trust_store: TrustStore, policy: ValidationPolicy, *, at: datetime
) -> tuple[InForce, tuple[Reason, ...]]:
    """How the licence of a genuine code stands by the newest of some status lists. Never raises for bad input.

    A list that is not the code's is passed over; one that cannot be relied on leaves the status unknown.
    """
    place = claims.status_index
    found, codes = [], list[str]()
    for token in tokens:
        try:
            message = token_of(token, STATUS_TYPE)
            listed = StatusList.decode(message.payload)
        except (SigningError, StatusListError):
            codes.append("STATUS_LIST_NOT_USABLE")
            continue
        authority_code = LicenceIdentifier.parse(claims.licence_identifier).authority_code
        if place is None or (listed.authority_code, listed.number) != (authority_code, place // PLACES):
            continue
        validation = check_signer(message, trust_store, policy, at).validation
        if validation is None or validation.conclusion is not Conclusion.PASSED:
            codes.append("STATUS_LIST_NOT_USABLE")
        elif not listed.signed_at - CLOCK_TOLERANCE <= at <= listed.expires_at:
            codes.append("STATUS_LIST_TOO_OLD")
        else:
            found.append(listed)
    if not found or place is None:
        return InForce.UNKNOWN, (*map(reason, dict.fromkeys(codes)), reason("REGISTRY_NOT_CHECKED"))
    newest = max(found, key=attrgetter("signed_at"))
    in_force, why = _by_list(newest.status_of(place), claims, at)
    return in_force, (why, reason("STATUS_LIST_USED", at=instant(newest.signed_at)))


def _by_list(status: ListedStatus, claims: LicenceClaims, at: datetime) -> tuple[InForce, Reason]:
    if status is ListedStatus.INVALID:
        return InForce.NO, reason("LICENCE_ENDED")
    if status is ListedStatus.VALID:
        # The list leaves the calendar to the days in the code.
        return judge_status(status_at((), valid_from=claims.valid_from, valid_until=claims.valid_until, at=at))
    return judge_status("suspended" if status is ListedStatus.SUSPENDED else "superseded")


@dataclass(frozen=True)
class Signer:
    """Who signed a token: no certificate when it is nobody known, no validation when the signature is wrong."""

    certificate: bytes | None = None
    validation: CertificateValidation | None = None


def token_of(data: bytes, token_type: str) -> Sign1:
    """The token, which says that it is of this type. MalformedDataError for any other."""
    message = parse_sign1(data)
    if message.media_type != token_type:
        raise MalformedDataError("a token of another kind")
    return message


def check_signer(message: Sign1, trust_store: TrustStore, policy: ValidationPolicy, at: datetime) -> Signer:
    """Whose token of a gateway it is, as of ``at``."""
    certificate = trust_store.list_signer_by_key_id(message.key_id)
    if certificate is None:
        return Signer()
    try:
        verify_sign1(message, load_public(public_key_info(certificate)))
    except InvalidSignatureError:
        return Signer(certificate)
    return Signer(certificate, validate_certificate(certificate, policy, at=at, use="signature"))


def _standing(stated: SignedList, at: datetime) -> tuple[InForce, str]:
    if at + CLOCK_TOLERANCE < stated.as_of:
        return InForce.NO, "LIST_NOT_YET"
    if at > stated.expires_at:
        return InForce.NO, "LIST_TOO_OLD"
    return InForce.YES, "LIST_CURRENT"


def _undecided(code: str, stated: SignedList | None = None) -> SignedListFinding:
    return SignedListFinding(Genuine.UNKNOWN, InForce.UNKNOWN, stated, None, None, (reason(code),))
