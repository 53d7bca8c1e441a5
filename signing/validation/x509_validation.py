"""X.509 certificate validation at the validation time (EN 319 102-1, 5.2.6).

1. Find the paths to an anchor for the use at hand (5.2.6.4, 1): none is NO_CERTIFICATE_CHAIN_FOUND.
2. Constraints that hold at any time (5.2.6.4, 2): usage, CA flag, path length, names, required trust.
3. Revocation: a revoked certificate is REVOKED_NO_POE or REVOKED_CA_NO_POE; on hold, TRY_LATER.
4. Validity: out of it is OUT_OF_BOUNDS_NO_POE.
5. Freshness of the revocation data (5.2.5): without it TRY_LATER.
6. Cryptographic constraints on every signature in the path (5.1.4.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from signing.validation.acceptance import unreliable_certificate
from signing.validation.checks import broken, decisive, not_applicable, passed
from signing.validation.context import ValidationContext
from signing.validation.freshness import is_fresh
from signing.validation.paths import Path
from signing.validation.policy import Revocation, Use
from signing.validation.report import Check, SubIndication, Trust
from signing.validation.x509 import Certificate

PATH_CHECK = "x509_certificate_validation.path"
_TRUST_CHECK = "x509_certificate_validation.required_trust"
_STATUS_CHECK, _FRESHNESS_CHECK = "revocation.status", "revocation.freshness"


@dataclass(frozen=True)
class CertificateFinding:
    """A certificate's path and what was checked on it."""

    path: Path | None
    checks: tuple[Check, ...]

    @property
    def trust(self) -> Trust:
        """How far the certificate is trusted; not at all unless every check holds."""
        if self.path is None or decisive(self.checks) is not None:
            return Trust.NONE
        return trust_of(self.path)


def trust_of(path: Path) -> Trust:
    """What the anchor of a sound path is worth."""
    return Trust.EGOV_QUALIFIED if path.anchor.egov_qualified else Trust.TRUSTED


def validate_x509(leaf: Certificate, context: ValidationContext, use: Use) -> CertificateFinding:
    """The first path on which everything holds, else the first one found with what is wrong on it."""
    # 1.
    first: CertificateFinding | None = None
    for path in context.paths(leaf, use):
        finding = CertificateFinding(path, (*static_checks(path, context, use), *_checks_now(path, context)))
        if decisive(finding.checks) is None:
            return finding
        first = first or finding
    return first or CertificateFinding(None, (_no_path(context, use),))


def _no_path(context: ValidationContext, use: Use) -> Check:
    detail = "no path from the certificate to a trust anchor"
    if use is Use.SIGNATURE and context.policy.required_trust is Trust.NONE:
        return not_applicable(PATH_CHECK, f"{detail}; the policy asks for none")
    return broken(PATH_CHECK, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, detail)


def static_checks(path: Path, context: ValidationContext, use: Use) -> Iterator[Check]:
    """2. What holds or not at any time."""
    yield passed(PATH_CHECK, " <- ".join(c.name for c in path.certificates))
    if path.flaw is not None:
        yield path.flaw
    if use is not Use.SIGNATURE:
        return
    policy = context.policy
    if policy.required_trust is Trust.EGOV_QUALIFIED and not path.anchor.egov_qualified:
        detail = "the CA is not qualified for e-government, which the policy asks for"
        yield broken(_TRUST_CHECK, SubIndication.CHAIN_CONSTRAINTS_FAILURE, detail)
    usages = path.certificates[0].extended_key_usages or frozenset()
    if policy.required_extended_key_usages and not policy.required_extended_key_usages & usages:
        detail = "the certificate names none of the extended key usages that the policy asks for"
        name = "x509_certificate_validation.required_extended_key_usage"
        yield broken(name, SubIndication.CHAIN_CONSTRAINTS_FAILURE, detail)


def _checks_now(path: Path, context: ValidationContext) -> Iterator[Check]:
    # 3. A known revocation says more than an expiry, so that it comes first.
    freshness: list[Check] = []
    for certificate, issuer in path.links():
        known, fresh = _revocation(certificate, issuer, context, is_leaf=certificate is path.certificates[0])
        yield from known
        freshness += fresh
    # 4.
    for certificate in path.certificates:
        if not certificate.is_valid_at(context.at):
            state = "is not yet valid" if context.at < certificate.not_before else "has expired"
            name, detail = "x509_certificate_validation.validity", f"{certificate.name} {state}"
            yield broken(name, SubIndication.OUT_OF_BOUNDS_NO_POE, detail)
    # 5.
    yield from freshness
    # 6.
    for certificate, issuer in path.links():
        flaw = unreliable_certificate(certificate, issuer, context.policy.algorithms, context.at)
        if flaw is not None:
            yield flaw


def _revocation(
    certificate: Certificate, issuer: Certificate, context: ValidationContext, *, is_leaf: bool
) -> tuple[list[Check], list[Check]]:
    """(what is known of a revocation, whether it is fresh) for one certificate."""
    statuses = context.statuses(certificate, issuer)
    newest = next(iter(statuses), None)
    if newest is not None and newest.revoked_at is not None and newest.revoked_at <= context.at:
        detail = f"{certificate.name} was revoked at {newest.revoked_at:%Y-%m-%dT%H:%M:%SZ} ({newest.reason})"
        if newest.is_on_hold:
            return [broken(_STATUS_CHECK, SubIndication.TRY_LATER, f"{detail}: the revocation may be lifted")], []
        # That it was used before the revocation cannot be excluded here, only not be proven (5.3.4).
        sub = SubIndication.REVOKED_NO_POE if is_leaf else SubIndication.REVOKED_CA_NO_POE
        return [broken(_STATUS_CHECK, sub, detail)], []
    if newest is not None and is_fresh(newest, context.policy, context.at):
        detail = f"{certificate.name} is not revoked ({newest.kind} of {newest.issued_at:%Y-%m-%dT%H:%M:%SZ})"
        return [passed(_STATUS_CHECK, detail)], []
    detail = f"no fresh revocation data for {certificate.name}"
    if context.policy.revocation is Revocation.IF_AVAILABLE:
        return [], [not_applicable(_FRESHNESS_CHECK, detail)]
    return [], [broken(_FRESHNESS_CHECK, SubIndication.TRY_LATER, detail)]
