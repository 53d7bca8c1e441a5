"""Basic signature validation (EN 319 102-1, 5.3): one signature, as of the validation time, by itself.

1. Format checking came before (5.3.4, 1).
2. Identification of the signing certificate (5.3.4, 2).
3. Validation context initialisation came before, and is joined by what the signature brings (5.3.4, 3).
4. X.509 certificate validation (5.3.4, 4).
5. Cryptographic verification (5.3.4, 5).
6. Signature acceptance validation (5.3.4, 6).
"""

from dataclasses import dataclass, field

from signing.validation.acceptance import check_acceptance
from signing.validation.checks import decisive
from signing.validation.cms_reading import SignedCms
from signing.validation.context import ValidationContext
from signing.validation.cryptographic import check_value
from signing.validation.identification import identify_signer
from signing.validation.policy import Use
from signing.validation.report import Check, SubIndication
from signing.validation.x509 import Certificate
from signing.validation.x509_validation import CertificateFinding, validate_x509


@dataclass(frozen=True)
class SignedObject:
    """A signature of any profile as the building blocks see it."""

    cms: SignedCms
    message: bytes
    """What the value is over: the signed attributes, or the content where a profile has none."""
    digest_checks: tuple[Check, ...]
    """Whether the message is bound to the document."""
    takes_raw: bool = False
    """Whether the profile allows r || s instead of DER."""
    needs_reference: bool = True
    """Whether the profile binds the certificate by a signed attribute."""


@dataclass(frozen=True)
class BasicResult:
    """What the building blocks found on one signature."""

    signed: SignedObject
    context: ValidationContext
    certificate: Certificate | None
    use: Use
    identification: tuple[Check, ...]
    cryptographic: tuple[Check, ...] = ()
    acceptance: tuple[Check, ...] = ()
    x509: CertificateFinding = field(default_factory=lambda: CertificateFinding(None, ()))
    further: tuple[Check, ...] = ()
    """What the later processes of 5.5 and 5.6 added."""

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of the path that was judged, the anchor last; of the signing certificate alone where there is none."""
        if self.x509.path is not None:
            return tuple(certificate.der for certificate in self.x509.path.certificates)
        return () if self.certificate is None else (self.certificate.der,)

    @property
    def checks(self) -> tuple[Check, ...]:
        """All of them in the order of the process."""
        return (
            *self.identification,
            *self.cryptographic,
            *self.acceptance,
            *self.x509.checks,
            *self.further,
        )

    @property
    def sub_indication(self) -> SubIndication | None:
        """Why it is not PASSED, None when it is."""
        check = decisive(self.checks)
        return None if check is None else check.sub_indication


def validate_basic(signed: SignedObject, context: ValidationContext, uses: tuple[Use, ...]) -> BasicResult:
    """Validate a signature for the first of ``uses`` for which its certificate has a sound path."""
    cms = signed.cms
    # 2.
    certificate, identification = identify_signer(cms, context.certificates, needs_reference=signed.needs_reference)
    # 3.
    joined = context.joined_by(cms.certificates, cms.archived)
    if certificate is None:
        return BasicResult(signed, joined, None, uses[0], identification, signed.digest_checks)
    # 4.
    use, finding = _for_any(certificate, joined, uses)
    return BasicResult(
        signed=signed,
        context=joined,
        certificate=certificate,
        use=use,
        identification=identification,
        # 5.
        cryptographic=(
            *signed.digest_checks,
            check_value(
                certificate.spki,
                cms.signature_oid,
                cms.digest_oid,
                signed.message,
                cms.signature,
                takes_raw=signed.takes_raw,
            ),
        ),
        # 6.
        acceptance=(check_acceptance(cms, certificate.spki, context.policy.algorithms, context.at),),
        x509=finding,
    )


def _for_any(
    certificate: Certificate, context: ValidationContext, uses: tuple[Use, ...]
) -> tuple[Use, CertificateFinding]:
    findings = []
    for use in uses:
        finding = validate_x509(certificate, context, use)
        if decisive(finding.checks) is None:
            return use, finding
        findings.append((use, finding))
    return next(((u, f) for u, f in findings if f.path is not None), findings[0])
