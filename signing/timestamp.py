"""Time-stamps (RFC 3161, GM/T 0033) with SM2 and SM3: requests, tokens and responses as DER bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import ClassVar, Protocol

# tsp first: importing it later freezes asn1crypto's content types without TSTInfo.
from asn1crypto import core, tsp

from signing import der
from signing.algorithms import DIGESTS, SCHEMES, SHA1_OID, SM3_OID, TST_INFO_OID, digest
from signing.cms import build_signed_data
from signing.errors import (
    InvalidSignatureError,
    MalformedDataError,
    TimestampUnavailableError,
    UnsupportedFormatError,
)
from signing.keys import SigningKey
from signing.validation.cms_reading import SignedCms, parse_cms
from signing.validation.cryptographic import verify_value
from signing.x509_fields import issuer_and_serial_number, public_key_info

MAX_REQUEST_BYTES = 4096
"""A request holds a digest, an OID and a nonce; no time-stamp client makes a longer one."""
ACCURACY = timedelta(seconds=1)
"""Tokens carry whole seconds, so that the instant may be off by as much."""

STAMPED_DIGESTS = frozenset(DIGESTS) - {SHA1_OID}
"""Digests that may be stamped: a token over a weak one would prove nothing for long."""

_VERSION = 1
_GRANTED, _GRANTED_WITH_MODIFICATIONS, _REJECTED = 0, 1, 2


class FailureInfo(IntEnum):
    """Bits of PKIFailureInfo (RFC 3161, 2.4.2)."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    SYSTEM_FAILURE = 25


class RequestRefusedError(UnsupportedFormatError):
    """A well-formed request for what is not done here."""

    def __init__(self, message: str, failure: FailureInfo) -> None:
        super().__init__(message)
        self.failure = failure
        """The bit that tells the client."""


class TimestampSource(Protocol):
    """Whoever gives time-stamp tokens: the in-process unit or a remote one."""

    def stamp(self, imprint: bytes, digest_oid: str = SM3_OID) -> bytes:
        """A token (DER ContentInfo) over ``imprint``, made with ``digest_oid``. TimestampUnavailableError without one."""
        ...


@dataclass(frozen=True)
class TimestampRequest:
    """What a client asks for (RFC 3161, 2.4.1)."""

    digest_oid: str
    imprint: bytes
    """As long as the digest."""
    policy_oid: str | None
    """The policy that the client insists on."""
    nonce: int | None
    certificate_wanted: bool


@dataclass(frozen=True)
class TimestampToken:
    """A parsed token; nothing in it is proven until ``verify_token`` and ``verify_imprint`` return."""

    digest_oid: str
    imprint: bytes
    generated_at: datetime
    """Aware UTC."""
    accuracy: timedelta | None
    serial_number: int
    policy_oid: str
    nonce: int | None
    certificates: tuple[bytes, ...]
    """DER, as embedded."""
    cms: SignedCms


class _Response(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    """TimeStampResp; asn1crypto's own demands a token even of a refusal (RFC 3161, 2.4.2)."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", tsp.ContentInfo, {"optional": True}),
    ]


def build_token(
    *,
    imprint: bytes,
    serial_number: int,
    generated_at: datetime,
    policy_oid: str,
    key: SigningKey,
    digest_oid: str = SM3_OID,
    nonce: int | None = None,
    with_certificates: bool = True,
) -> bytes:
    """A signed token (DER ContentInfo) over ``imprint``, which was made with ``digest_oid``."""
    info = der.sequence(
        der.integer(_VERSION),
        der.oid(policy_oid),
        der.sequence(der.sequence(der.oid(digest_oid)), der.octet_string(imprint)),
        der.integer(serial_number),
        der.generalized_time(generated_at),
        der.sequence(der.integer(int(ACCURACY.total_seconds()))),
        *(() if nonce is None else (der.integer(nonce),)),
    )
    return build_signed_data(
        message_digest=digest(SCHEMES[key.algorithm].digest_oid, info),
        key=key,
        content_type=TST_INFO_OID,
        encapsulated=info,
        with_certificates=with_certificates,
    )


def build_request(*, imprint: bytes, digest_oid: str = SM3_OID, nonce: int | None = None) -> bytes:
    """A TimeStampReq that asks for the certificates too."""
    return der.sequence(
        der.integer(_VERSION),
        der.sequence(der.sequence(der.oid(digest_oid)), der.octet_string(imprint)),
        *(() if nonce is None else (der.integer(nonce),)),
        der.boolean(value=True),
    )


def parse_request(encoded: bytes) -> TimestampRequest:
    """A TimeStampReq.

    MalformedDataError when it is none or its imprint is not as long as its digest, RequestRefusedError for
    a weak or unknown digest, and for an extension, none of which is known here (RFC 3161, 2.4.1).
    """
    if len(encoded) > MAX_REQUEST_BYTES:
        raise MalformedDataError("the time-stamp request is too long")
    with _reading("not a time-stamp request"):
        request = tsp.TimeStampReq.load(encoded, strict=True)
        has_extensions = request["extensions"].native is not None
        parsed = TimestampRequest(
            digest_oid=request["message_imprint"]["hash_algorithm"]["algorithm"].dotted,
            imprint=request["message_imprint"]["hashed_message"].native,
            policy_oid=request["req_policy"].dotted if request["req_policy"].native else None,
            nonce=request["nonce"].native,
            certificate_wanted=bool(request["cert_req"].native),
        )
        if request["version"].native != "v1":
            raise MalformedDataError("a time-stamp request has version 1")
    if has_extensions:
        raise RequestRefusedError("no extension of a time-stamp request is supported", FailureInfo.UNACCEPTED_EXTENSION)
    if parsed.digest_oid not in STAMPED_DIGESTS:
        raise RequestRefusedError(f"digest algorithm {parsed.digest_oid} is not stamped", FailureInfo.BAD_ALGORITHM)
    if len(parsed.imprint) != len(digest(parsed.digest_oid, b"")):
        raise MalformedDataError("the imprint is not as long as its digest")
    return parsed


def build_response(token: bytes) -> bytes:
    """A TimeStampResp that grants ``token`` (DER ContentInfo)."""
    return der.sequence(der.sequence(der.integer(_GRANTED)), token)


def build_rejection(failure: FailureInfo) -> bytes:
    """A TimeStampResp that refuses, with its reason."""
    octets, unused = failure // 8 + 1, 7 - failure % 8
    flag = (1 << unused).to_bytes(octets)
    return der.sequence(der.sequence(der.integer(_REJECTED), der.bit_string(flag, unused)))


def parse_response(encoded: bytes) -> bytes:
    """The token of a TimeStampResp (RFC 3161, 2.4.2), DER ContentInfo; nothing of it is proven.

    TimestampUnavailableError when the unit refused, MalformedDataError when it is no response.
    """
    with _reading("not a time-stamp response"):
        response = _Response.load(encoded, strict=True)
        status = int(response["status"]["status"])
        if status not in (_GRANTED, _GRANTED_WITH_MODIFICATIONS):
            reasons = response["status"]["fail_info"].native
            raise TimestampUnavailableError(
                f"the time-stamping unit refused with status {status} {sorted(reasons) if reasons else ''}".strip()
            )
        token: bytes = response["time_stamp_token"].dump()
    if not token:
        raise MalformedDataError("the time-stamp response grants without a token")
    return token


def parse_token(encoded: bytes) -> TimestampToken:
    """A TimeStampToken. MalformedDataError, or UnsupportedFormatError when it is no SignedData."""
    cms = parse_cms(encoded)
    if cms.encapsulated_type_oid != TST_INFO_OID or cms.encapsulated is None:
        raise MalformedDataError("the CMS holds no TSTInfo")
    with _reading("not a TSTInfo"):
        info = tsp.TSTInfo.load(cms.encapsulated, strict=True)
        generated_at: datetime = info["gen_time"].native
        parsed = TimestampToken(
            digest_oid=info["message_imprint"]["hash_algorithm"]["algorithm"].dotted,
            imprint=info["message_imprint"]["hashed_message"].native,
            generated_at=generated_at,
            accuracy=_accuracy(info["accuracy"]),
            serial_number=info["serial_number"].native,
            policy_oid=info["policy"].dotted,
            nonce=info["nonce"].native,
            certificates=cms.certificates,
            cms=cms,
        )
        if info["version"].native != "v1" or generated_at.tzinfo is None:
            raise MalformedDataError("a TSTInfo has version 1 and UTC time")
    return parsed


def signer_certificate(token: TimestampToken) -> bytes:
    """DER of the certificate that the signed reference and the signer identifier both name (RFC 5816).

    InvalidSignatureError when it is not embedded, UnsupportedFormatError for a reference with an unknown
    digest.
    """
    reference = token.cms.certificate_reference
    if reference is not None:
        for certificate in token.certificates:
            is_bound = digest(reference.digest_oid, certificate) == reference.digest
            if is_bound and issuer_and_serial_number(certificate) == token.cms.issuer_and_serial_number:
                return certificate
    raise InvalidSignatureError("the time-stamp does not hold the certificate that it names")


def verify_token(token: TimestampToken) -> None:
    """InvalidSignatureError unless the named certificate's key signed exactly this TSTInfo (RFC 5652, 5.6).

    Whether that certificate is to be trusted is the validation's affair. KeyRefusedError and
    UnsupportedFormatError for keys and algorithms that cannot be used.
    """
    cms = token.cms
    if cms.content_type_oid != TST_INFO_OID or cms.encapsulated is None:
        raise InvalidSignatureError("the signed content type is not TSTInfo")
    if cms.message_digest != digest(cms.digest_oid, cms.encapsulated):
        raise InvalidSignatureError("the signed digest is not that of the TSTInfo")
    spki = public_key_info(signer_certificate(token))
    verify_value(spki, cms.signature_oid, cms.digest_oid, cms.signed_attributes, cms.signature)


def verify_imprint(token: TimestampToken, stamped: bytes) -> None:
    """InvalidSignatureError unless the token is over ``stamped``."""
    if digest(token.digest_oid, stamped) != token.imprint:
        raise InvalidSignatureError("the time-stamp is over something else")


def _accuracy(field: tsp.Accuracy) -> timedelta | None:
    if field.native is None:
        return None
    return timedelta(
        seconds=field["seconds"].native or 0,
        milliseconds=field["millis"].native or 0,
        microseconds=field["micros"].native or 0,
    )


@contextmanager
def _reading(complaint: str) -> Iterator[None]:
    """asn1crypto parses on access and answers broken input with assorted exceptions: make them one."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise MalformedDataError(complaint) from error
