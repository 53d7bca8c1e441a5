"""Validation of a time-stamp token (EN 319 102-1, 5.4; RFC 3161)."""

from dataclasses import dataclass
from datetime import UTC, datetime

# tsp first: importing it later freezes asn1crypto's content types without TSTInfo.
from asn1crypto import tsp

from signing import algorithms
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.validation.cms_reading import SignedCms, parse_cms
from signing.validation.policy import Use, ValidationPolicy
from signing.validation.report import Check, SubIndication, TimestampReport
from signing.validation.signer import (
    check_acceptance,
    check_certificate,
    check_message_digest,
    check_value,
    failed,
    identify_signer,
    passed,
    undecided,
    worst,
)
from signing.validation.x509 import Certificate, Path


@dataclass(frozen=True)
class TimestampToken:
    """A parsed token; nothing in it is proven."""

    cms: SignedCms
    digest_oid: str
    imprint: bytes
    generated_at: datetime


@dataclass(frozen=True)
class TimestampValidation:
    """What a token proves: that the stamped bytes existed at ``proven_at``."""

    proven_at: datetime | None
    """None when the token proves nothing."""
    checks: tuple[Check, ...]
    certificate: Certificate | None = None
    generated_at: datetime | None = None
    """What the token says, proven or not."""
    path: Path | None = None

    def report(self, encoded: bytes) -> TimestampReport:
        """The finding on the token ``encoded`` for the report."""
        leaf = () if self.certificate is None else (self.certificate.der,)
        decisive = worst(self.checks)
        return TimestampReport(
            token=encoded,
            generated_at=self.generated_at,
            is_proof=self.proven_at is not None,
            sub_indication=None if decisive is None else decisive.sub_indication,
            chain=leaf if self.path is None else tuple(c.der for c in self.path.certificates),
        )


def parse_token(encoded: bytes) -> TimestampToken:
    """MalformedDataError or UnsupportedFormatError when it is no time-stamp token."""
    cms = parse_cms(encoded)
    if cms.encapsulated_type_oid != algorithms.TST_INFO_OID or cms.encapsulated is None:
        raise MalformedDataError("the token holds no TSTInfo")
    try:
        info = tsp.TSTInfo.load(cms.encapsulated, strict=True)
        imprint = info["message_imprint"]
        return TimestampToken(
            cms=cms,
            digest_oid=imprint["hash_algorithm"]["algorithm"].dotted,
            imprint=imprint["hashed_message"].native,
            generated_at=info["gen_time"].native.astimezone(UTC),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MalformedDataError("the TSTInfo cannot be parsed") from error


def validate_token(encoded: bytes, stamped: bytes, policy: ValidationPolicy, *, at: datetime) -> TimestampValidation:
    """Validate a token over the bytes ``stamped`` as of ``at``. Bad tokens prove nothing; they never raise."""
    try:
        token = parse_token(encoded)
        digest = algorithms.digest(token.digest_oid, stamped)
    except (MalformedDataError, UnsupportedFormatError) as error:
        return TimestampValidation(None, (undecided("time_stamp.format", SubIndication.FORMAT_FAILURE, str(error)),))
    return validate_parsed(token, digest, policy, at=at)


def validate_parsed(
    token: TimestampToken, digest: bytes, policy: ValidationPolicy, *, at: datetime
) -> TimestampValidation:
    """As ``validate_token``, with the digest of the stamped bytes made by the caller."""
    name = "time_stamp.message_imprint"
    checks: list[Check] = []
    if token.imprint != digest:
        checks.append(failed(name, SubIndication.HASH_FAILURE, "the token stamps other data"))
    elif token.digest_oid not in policy.digest_oids:
        checks.append(undecided(name, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "a weak imprint"))
    else:
        checks.append(passed(name, f"{token.generated_at:%Y-%m-%dT%H:%M:%SZ}"))
    certificate, identified = identify_signer(token.cms)
    checks.append(identified)
    path: Path | None = None
    if certificate is not None:
        result = check_certificate(certificate, token.cms.certificates, policy, Use.TIMESTAMP, at=at, control_time=at)
        path = result.path
        content = algorithms.digest(token.cms.digest_oid, token.cms.encapsulated or b"")
        checks += [
            check_message_digest(token.cms, content),
            check_value(token.cms, certificate),
            check_acceptance(token.cms, certificate, policy),
            *result.checks,
        ]
    if token.generated_at > at:
        checks.append(failed("time_stamp.order", SubIndication.TIMESTAMP_ORDER_FAILURE, "the token is of the future"))
    renamed = tuple(_in_time_stamp(check) for check in checks)
    proven = token.generated_at if worst(renamed) is None else None
    return TimestampValidation(proven, renamed, certificate, token.generated_at, path)


def _in_time_stamp(check: Check) -> Check:
    if check.name.startswith("time_stamp."):
        return check
    return Check(f"time_stamp.{check.name}", check.conclusion, check.detail, check.sub_indication)
