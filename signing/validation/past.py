"""Past certificate validation, validation time sliding and past signature validation (EN 319 102-1, 5.6.2).

A signature that cannot be accepted *now* (its certificate expired or was revoked since, an algorithm became weak, the
revocation data is old) is accepted when it is proven to have existed before that, and everything that vouches for it
is proven to have existed while it could still be believed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from signing.validation.acceptance import certificate_until, check_acceptance, reliable_until
from signing.validation.basic import BasicResult
from signing.validation.checks import advisory, broken, decisive, not_applicable, passed
from signing.validation.context import ValidationContext
from signing.validation.freshness import fresh_until, is_fresh
from signing.validation.paths import Path
from signing.validation.policy import Revocation
from signing.validation.report import Check, SubIndication
from signing.validation.revocation import RevocationStatus
from signing.validation.x509 import Certificate
from signing.validation.x509_validation import CertificateFinding, static_checks

RESOLVABLE = frozenset(
    {
        SubIndication.REVOKED_NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        SubIndication.TRY_LATER,
    }
)
"""What a proof of existence may turn into PASSED (5.5.4, 2; 5.6.2.4)."""
_NAME = "past_signature_validation.control_time"


@dataclass(frozen=True)
class Sliding:
    """The outcome of validation time sliding."""

    control_time: datetime
    """Whatever existed by then may be believed."""
    missing: str = ""
    """What kept the time from being told, empty when it was."""


def slide(path: Path, context: ValidationContext) -> Sliding:
    """Validation time sliding (5.6.2.2): from below the anchor down to the leaf, back to when all could be believed.

    1. Start at the validation time, and no later than the anchor's end.
    2. For each certificate take the newest revocation status that, like the certificate, is proven by the control time.
    3. Revoked: back to the revocation. Not fresh at the control time: back to the end of its freshness. The standard
       slides to its issue; the end of its freshness is what 5.5.4 accepts for the same data, and both must agree.
    4. Back to the end of the algorithms on the certificate and on the status, and of the certificate's validity.
    """
    # 1.
    control = min(context.at, path.certificates[-1].not_after)
    for certificate, issuer in path.links():
        # 2.
        if context.proofs.earliest(certificate.der) > control and certificate is not path.certificates[0]:
            return Sliding(control, f"{certificate.name} is not proven to have existed by {control:%Y-%m-%dT%H:%M:%SZ}")
        status = _newest_proven(certificate, issuer, context, control)
        if status is None and context.policy.revocation is Revocation.REQUIRED:
            return Sliding(control, f"no revocation data for {certificate.name} from when it could be believed")
        if status is not None:
            control = _slide_to_status(status, context, control)
        # 4.
        control = min(control, certificate.not_after, certificate_until(certificate, issuer, context.policy.algorithms))
    return Sliding(control)


def _newest_proven(
    certificate: Certificate, issuer: Certificate, context: ValidationContext, control: datetime
) -> RevocationStatus | None:
    for status in context.statuses(certificate, issuer):
        if context.proofs.earliest(status.source) <= control and status.issued_at <= control:
            return status
    return None


def _slide_to_status(status: RevocationStatus, context: ValidationContext, control: datetime) -> datetime:
    """3. and, for the status, 4."""
    if status.revoked_at is not None:
        control = min(control, status.revoked_at)
    elif not is_fresh(status, context.policy, control):
        control = min(control, fresh_until(status, context.policy))
    return min(control, context.policy.algorithms.signature_until(status.signature_oid))


def validate_past(result: BasicResult, existed_at: datetime, made_after: datetime | None = None) -> BasicResult:
    """Past signature validation (5.6.2.4) of what the basic validation found, with the best signature time.

    ``existed_at`` is the earliest proven existence of the signature value (the validation time without a proof),
    ``made_after`` an instant that the signature is proven not to be older than, None without one.

    1. A signature older than its certificate: FAILED / NOT_YET_VALID (5.5.4, 4 c).
    2. Made after the revocation or the expiry: FAILED / REVOKED or EXPIRED (5.3.4, 4).
    3. Made before the control time of a path, by algorithms reliable then: PASSED.
    4. Else what was found stands.
    """
    certificate = result.certificate
    if certificate is None:
        return result
    # 1.
    if existed_at < certificate.not_before and existed_at < result.context.at:
        detail = f"the signature is older than its certificate, which is valid from {certificate.not_before:%Y-%m-%d}"
        return _with(result, broken(_NAME, SubIndication.NOT_YET_VALID, detail))
    if result.sub_indication not in RESOLVABLE:
        return result
    # 2.
    proof = None if made_after is None else _made_too_late(result, made_after)
    if proof is not None:
        return _with(result, proof)
    # 3.
    if existed_at < result.context.at:
        return _at_control_time(result, existed_at) or result
    # 4.
    return result


def _with(result: BasicResult, check: Check) -> BasicResult:
    return replace(result, further=(*result.further, check))


def _made_too_late(result: BasicResult, made_after: datetime) -> Check | None:
    """2. The certificate or algorithm was over when the signature was made: no proof of existence can mend it."""
    certificate = result.certificate
    if certificate is None or result.x509.path is None:
        return None
    since = f"the signature was made after {made_after:%Y-%m-%dT%H:%M:%SZ}"
    for link, issuer in result.x509.path.links():
        newest = next(iter(result.context.statuses(link, issuer)), None)
        revoked_at = None if newest is None or newest.is_on_hold else newest.revoked_at
        if link is certificate and revoked_at is not None and revoked_at <= made_after:
            return broken(_NAME, SubIndication.REVOKED, f"{since}, its certificate was revoked before")
    if certificate.not_after < made_after:
        return broken(_NAME, SubIndication.EXPIRED, f"{since}, its certificate had expired before")
    until = reliable_until(result.signed.cms, certificate.spki, result.context.policy.algorithms)
    if until < made_after:
        return broken(_NAME, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, f"{since}, when an algorithm was weak already")
    return None


def _at_control_time(result: BasicResult, existed_at: datetime) -> BasicResult | None:
    """3. The result with the proof in the place of the checks that could not be passed now; None without one."""
    certificate, context = result.certificate, result.context
    if certificate is None:
        return None
    accepted = check_acceptance(result.signed.cms, certificate.spki, context.policy.algorithms, existed_at)
    reason = "no path to an anchor"
    for path in context.paths(certificate, result.use):
        static = tuple(static_checks(path, context, result.use))
        sliding = slide(path, context)
        if decisive(static) is not None or sliding.missing or sliding.control_time < existed_at:
            reason = sliding.missing or f"it could be believed until {sliding.control_time:%Y-%m-%dT%H:%M:%SZ} only"
            continue
        detail = f"made by {existed_at:%Y-%m-%dT%H:%M:%SZ}, believed until {sliding.control_time:%Y-%m-%dT%H:%M:%SZ}"
        told = tuple(advisory(c) for c in result.x509.checks if c not in static and decisive((c,)) is not None)
        finding = CertificateFinding(path, (*static, *told, passed(_NAME, detail)))
        return replace(result, acceptance=(accepted,), x509=finding)
    return _with(result, not_applicable(_NAME, reason))
