"""A test PKI whose certificates may be expired, revoked, for the wrong use, or under the wrong root.

Anything else that a profile can say is had by ``dataclasses.replace`` on one: another key usage, a path length.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from certs.authority import CertificateAuthority, CertificateRequest, Subject, self_signed_root
from certs.profiles import (
    ELECTRONIC_BUSINESS_LICENCE,
    ISSUING_CA,
    ROOT,
    SEAL_SIGNER,
    TIMESTAMPING_UNIT,
    Profile,
)
from certs.revocation import RevocationReason, RevokedEntry
from certs.tsa import TimestampingUnit
from signing import sm2
from signing.keys import SignatureAlgorithm
from signing.private_keys import SoftwareKey, generate, public_half, signing_key
from signing.validation.policy import Revocation, TrustAnchor, ValidationPolicy
from signing.validation.x509 import load_certificate

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
CREDIT_CODE = "91441702MA9Y03WY4L"
POLICY_OID = "1.2.3.4"


@dataclass
class TestPki:
    """Root -> issuing CA -> leaves; revocation lists are made on demand."""

    __test__ = False
    root: SoftwareKey
    issuing: SoftwareKey
    revoked: list[RevokedEntry] = field(default_factory=list)

    def authority(self, issuer=None, profile=ISSUING_CA, name="另一签发"):
        """A further CA, under the root or under ``issuer``."""
        issuer = issuer or self.root
        key = _key(issuer, profile, Subject(name, "测试"))
        return signing_key(key.private, key.certificate, _chain(issuer))

    def leaf(
        self,
        profile: Profile = SEAL_SIGNER,
        *,
        since=-30 * DAY,
        until=None,
        issuer=None,
        code=CREDIT_CODE,
        algorithm=None,
    ):
        """A key, of its issuer's kind or another, with a certificate valid from NOW+since to NOW+until."""
        issuer = issuer or self.issuing
        until = min(365, profile.days - 31) * DAY if until is None else until
        private = generate(algorithm or issuer.algorithm)
        request = CertificateRequest(
            profile=profile,
            subject=Subject(
                "阳江市江城区市场监督管理局", "阳江市江城区市场监督管理局", code if profile.needs_credit_code else None
            ),
            public_key=public_half(private),
            not_before=NOW + since,
            not_after=NOW + until,
        )
        certificate = CertificateAuthority(issuer).sign_request(request)
        return signing_key(private, certificate, _chain(issuer))

    def unit(self, at=NOW, **options):
        """A time-stamping unit whose clock stands at ``at``."""
        key = self.leaf(TIMESTAMPING_UNIT, **options)
        return TimestampingUnit(key, policy_oid=POLICY_OID, clock=lambda: at)

    def revoke(self, key, at=NOW, reason=RevocationReason.KEY_COMPROMISE):
        self.revoked.append(RevokedEntry(load_certificate(key.certificate).parsed.serial_number, at, reason))

    def crls(self, *, this_update=NOW - DAY / 24, next_update=NOW + 30 * DAY):
        return tuple(
            CertificateAuthority(key).crl(
                number=1, this_update=this_update, next_update=next_update, revoked=self.revoked
            )
            for key in (self.root, self.issuing)
        )

    def policy(self, *, crls=None, revocation=Revocation.REQUIRED, egov_qualified=False, uses=None):
        anchor = (
            TrustAnchor(self.root.certificate, egov_qualified)
            if uses is None
            else TrustAnchor(self.root.certificate, egov_qualified, uses)
        )
        return ValidationPolicy(
            (anchor,),
            certificates=(self.issuing.certificate,),
            crls=self.crls() if crls is None else crls,
            revocation=revocation,
        )


def _chain(issuer):
    """What a holder hands over besides the certificate: the issuers, without the root."""
    is_root = load_certificate(issuer.certificate).parsed.issuer == load_certificate(issuer.certificate).parsed.subject
    return () if is_root else (issuer.certificate, *issuer.chain)


def _key(issuer, profile, subject):
    private = generate(issuer.algorithm)
    request = CertificateRequest(profile, subject, public_half(private), NOW - 400 * DAY, NOW + 3000 * DAY)
    return signing_key(private, CertificateAuthority(issuer).sign_request(request))


@cache
def _roots(algorithm):
    root = self_signed_root(ROOT, Subject("测试根", "测试"), generate(algorithm), now=NOW - 500 * DAY)
    return root, _key(root, ISSUING_CA, Subject("测试签发", "测试"))


def make_pki(algorithm=SignatureAlgorithm.SM2_WITH_SM3):
    """The shared root and issuing CA of this algorithm with an empty revocation list."""
    return TestPki(*_roots(algorithm))


def make_stranger():
    """Another root that no policy here trusts."""
    root = self_signed_root(ROOT, Subject("别的根", "别处"), sm2.generate(), now=NOW - 500 * DAY)
    return TestPki(root, _key(root, ISSUING_CA, Subject("别的签发", "别处")))


__all__ = ["CREDIT_CODE", "DAY", "ELECTRONIC_BUSINESS_LICENCE", "NOW", "TestPki", "make_pki", "make_stranger"]
