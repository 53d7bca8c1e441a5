"""Time-stamp tokens (RFC 3161, GM/T 0033) with SM2/SM3: requests, tokens and responses as DER bytes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# tsp first: importing it later freezes asn1crypto's content types without TSTInfo.
from asn1crypto import tsp

from signing import der
from signing.algorithms import DIGESTS, SCHEMES, SM3_OID, TST_INFO_OID, digest
from signing.cms import build_signed_data
from signing.errors import MalformedDataError
from signing.keys import SigningKey

_TOKEN_VERSION = 1
_ACCURACY_SECONDS = 1
_GRANTED = 0
_REJECTED = 2
BAD_REQUEST = 2
"""PKIFailureInfo bit (RFC 3161, 2.4.2)."""
BAD_ALGORITHM = 0
"""PKIFailureInfo bit."""
_MAX_REQUEST_BYTES = 4096


class TimestampSource(Protocol):
    """Whoever gives time-stamp tokens: the in-process unit or a remote one."""

    def stamp(self, imprint: bytes) -> bytes:
        """A token (DER ContentInfo) over an SM3 imprint of 32 bytes. TimestampUnavailableError when there is none."""
        ...


@dataclass(frozen=True)
class TimestampRequest:
    """What a client asks for (RFC 3161, 2.4.1)."""

    digest_oid: str
    imprint: bytes
    nonce: int | None
    certificate_wanted: bool


def build_token(
    *,
    imprint: bytes,
    serial_number: int,
    generated_at: datetime,
    policy_oid: str,
    key: SigningKey,
    digest_oid: str = SM3_OID,
    nonce: int | None = None,
) -> bytes:
    """A signed token (DER ContentInfo) over ``imprint``, made with ``digest_oid``."""
    info = der.sequence(
        der.integer(_TOKEN_VERSION),
        der.oid(policy_oid),
        der.sequence(der.sequence(der.oid(digest_oid)), der.octet_string(imprint)),
        der.integer(serial_number),
        der.generalized_time(generated_at),
        der.sequence(der.integer(_ACCURACY_SECONDS)),
        *(() if nonce is None else (der.integer(nonce),)),
    )
    return build_signed_data(
        message_digest=digest(SCHEMES[key.algorithm].digest_oid, info),
        key=key,
        content_type=TST_INFO_OID,
        encapsulated=info,
    )


def parse_request(encoded: bytes) -> TimestampRequest:
    """A TimeStampReq. MalformedDataError when it is none, or its imprint does not have its digest's length."""
    if len(encoded) > _MAX_REQUEST_BYTES:
        raise MalformedDataError("the time-stamp request is too long")
    try:
        request = tsp.TimeStampReq.load(encoded, strict=True)
        imprint = request["message_imprint"]
        parsed = TimestampRequest(
            digest_oid=imprint["hash_algorithm"]["algorithm"].dotted,
            imprint=imprint["hashed_message"].native,
            nonce=request["nonce"].native,
            certificate_wanted=bool(request["cert_req"].native),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedDataError("not a time-stamp request") from error
    if parsed.digest_oid in DIGESTS and len(parsed.imprint) != len(digest(parsed.digest_oid, b"")):
        raise MalformedDataError("the imprint does not have the length of its digest")
    return parsed


def build_response(token: bytes) -> bytes:
    """TimeStampResp, granted."""
    return der.sequence(der.sequence(der.integer(_GRANTED)), token)


def build_rejection(failure_bit: int) -> bytes:
    """TimeStampResp, rejected, with one PKIFailureInfo bit."""
    flags = (1 << (31 - failure_bit)).to_bytes(4)
    return der.sequence(der.sequence(der.integer(_REJECTED), der.bit_string(flags[: failure_bit // 8 + 1], 7 - failure_bit % 8)))


