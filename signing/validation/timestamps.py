"""Validation of a time-stamp token (EN 319 102-1, 5.4; RFC 3161), with past signature validation where it needs it."""

from dataclasses import dataclass, replace
from datetime import datetime

from signing import algorithms
from signing import der_reading as der
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.validation.algorithm_constraints import NEVER
from signing.validation.basic import BasicResult, SignedObject, validate_basic
from signing.validation.checks import broken, decisive, passed
from signing.validation.cms_reading import SignedCms, algorithm_oid, parse_cms
from signing.validation.context import ValidationContext
from signing.validation.cryptographic import check_message_digest
from signing.validation.past import validate_past
from signing.validation.policy import Use
from signing.validation.report import Check, SubIndication, TimestampReport
from signing.validation.x509 import Certificate

_IMPRINT_CHECK, _ORDER_CHECK = "time_stamp.message_imprint", "time_stamp.order"


@dataclass(frozen=True)
class TimestampToken:
    """A parsed token; nothing in it is proven."""

    encoded: bytes
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
    token: TimestampToken | None = None
    result: BasicResult | None = None

    def report(self, encoded: bytes) -> TimestampReport:
        """The finding on the token ``encoded`` for the report."""
        check = decisive(self.checks)
        return TimestampReport(
            token=encoded,
            generated_at=None if self.token is None else self.token.generated_at,
            is_proof=self.proven_at is not None,
            sub_indication=None if check is None else check.sub_indication,
            chain=() if self.result is None else self.result.chain,
        )


def parse_token(encoded: bytes) -> TimestampToken:
    """MalformedDataError or UnsupportedFormatError when it is no time-stamp token."""
    cms = parse_cms(encoded)
    if cms.encapsulated_type_oid != algorithms.TST_INFO_OID or cms.encapsulated is None:
        raise MalformedDataError("the token holds no TSTInfo")
    fields = der.parse(cms.encapsulated, der.SEQUENCE).children()
    if fields.take().integer() != 1:
        raise MalformedDataError("a TSTInfo has version 1")
    fields.take(der.OID)
    imprint = fields.take(der.SEQUENCE).children()
    digest_oid, digest = algorithm_oid(imprint.take()), imprint.take().octets()
    fields.take().integer()
    return TimestampToken(encoded, cms, digest_oid, digest, fields.take(der.GENERALIZED_TIME).time())


def validate_token(encoded: bytes, stamped: bytes, context: ValidationContext) -> TimestampValidation:
    """Validate a token over the bytes ``stamped``. Bad tokens prove nothing; they never raise."""
    try:
        token = parse_token(encoded)
        digest = algorithms.digest(token.digest_oid, stamped)
    except (MalformedDataError, UnsupportedFormatError) as error:
        return TimestampValidation(None, (broken("time_stamp.format", SubIndication.FORMAT_FAILURE, str(error)),))
    return validate_parsed(token, digest, context)


def validate_parsed(token: TimestampToken, digest: bytes, context: ValidationContext) -> TimestampValidation:
    """As ``validate_token``, with the digest of the stamped bytes made by the caller.

    1. The imprint is that of the stamped bytes, by a digest that was reliable when the token is proven to have been.
    2. The token is a signature for time-stamping, good now (5.4) or good when it is proven to have existed (5.6.2.4).
    3. It does not speak of the future, nor of a time when the unit had no certificate.
    """
    existed_at = context.proofs.earliest(token.encoded)
    # 1.
    imprint = _check_imprint(token, digest, context, existed_at)
    # 2.
    content = token.cms.encapsulated or b""
    try:
        content_digest = algorithms.digest(token.cms.digest_oid, content)
    except UnsupportedFormatError:
        content_digest = b""
    signed = SignedObject(
        cms=token.cms,
        message=token.cms.signed_attributes,
        digest_checks=(check_message_digest(token.cms, content_digest),),
    )
    basic = validate_basic(signed, context, (Use.TIMESTAMP,))
    result = validate_past(basic, existed_at)
    checks = [imprint, *result.checks]
    # 3.
    if token.generated_at > context.at:
        checks.append(broken(_ORDER_CHECK, SubIndication.TIMESTAMP_ORDER_FAILURE, "the token is of the future"))
    if result.certificate is not None and not result.certificate.is_valid_at(token.generated_at):
        detail = "the unit's certificate was not valid when the token says that it was made"
        checks.append(broken("time_stamp.unit_validity", SubIndication.SIG_CONSTRAINTS_FAILURE, detail))
    renamed = tuple(_in_time_stamp(check) for check in checks)
    proven = token.generated_at if decisive(renamed) is None else None
    return TimestampValidation(proven, renamed, result.certificate, token, result)


def _check_imprint(token: TimestampToken, digest: bytes, context: ValidationContext, existed_at: datetime) -> Check:
    if token.imprint != digest:
        return broken(_IMPRINT_CHECK, SubIndication.HASH_FAILURE, "the token stamps other data")
    until = context.policy.algorithms.digest_until(token.digest_oid)
    if until < existed_at:
        end = "" if until == NEVER else f" since {until:%Y-%m-%d}"
        detail = f"the imprint's digest {token.digest_oid} is not reliable{end}"
        return broken(_IMPRINT_CHECK, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, detail)
    return passed(_IMPRINT_CHECK, f"{token.generated_at:%Y-%m-%dT%H:%M:%SZ}")


def _in_time_stamp(check: Check) -> Check:
    return check if check.name.startswith("time_stamp.") else replace(check, name=f"time_stamp.{check.name}")
