"""In-process time-stamping units (RFC 3161) with SM2/SM3 or ECDSA/SHA-256; remote ones can take their place."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from signing.algorithms import SM3_OID
from signing.errors import MalformedDataError, TimestampUnavailableError
from signing.keys import SigningKey
from signing.timestamp import (
    FailureInfo,
    RequestRefusedError,
    TimestampSource,
    build_rejection,
    build_response,
    build_token,
    parse_request,
)
from signing.x509_fields import not_after, not_before

_SERIAL_BITS = 127


class TimestampingUnit:
    """Implements ``TimestampSource`` with a key of its own."""

    def __init__(self, key: SigningKey, *, policy_oid: str, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._policy_oid = policy_oid
        self._clock = clock
        self._not_before = not_before(key.certificate)
        self._not_after = not_after(key.certificate)

    @property
    def policy_oid(self) -> str:
        """The policy that its tokens name."""
        return self._policy_oid

    def require_valid(self) -> datetime:
        """Now. TimestampUnavailableError outside the certificate's validity."""
        now = self._clock()
        if not self._not_before <= now <= self._not_after:
            raise TimestampUnavailableError("the time-stamping unit's certificate is not within its validity")
        return now

    def stamp(self, imprint: bytes, digest_oid: str = SM3_OID) -> bytes:
        """A token over an imprint. TimestampUnavailableError outside the certificate's validity."""
        return self.stamp_request(imprint, digest_oid)

    def stamp_request(
        self, imprint: bytes, digest_oid: str, nonce: int | None = None, *, with_certificates: bool = True
    ) -> bytes:
        """A token over an imprint of any supported digest, with the client's nonce."""
        now = self.require_valid()
        return build_token(
            imprint=imprint,
            serial_number=secrets.randbits(_SERIAL_BITS),
            generated_at=now,
            policy_oid=self._policy_oid,
            key=self._key,
            digest_oid=digest_oid,
            nonce=nonce,
            with_certificates=with_certificates,
        )


@dataclass(frozen=True)
class TimestampSources:
    """Implements ``TimestampSource`` with two: SM3 imprints are for domestic verifiers, the others for everyone's."""

    domestic: TimestampSource
    international: TimestampSource

    def stamp(self, imprint: bytes, digest_oid: str = SM3_OID) -> bytes:
        """A token of the source for this digest. TimestampUnavailableError without one."""
        source = self.domestic if digest_oid == SM3_OID else self.international
        return source.stamp(imprint, digest_oid)


def answer_request(encoded: bytes, unit_for: Callable[[str], TimestampingUnit]) -> bytes:
    """The TimeStampResp (DER) to a TimeStampReq, by the unit for its digest; a refusal names its reason (2.4.2)."""
    try:
        request = parse_request(encoded)
        unit = unit_for(request.digest_oid)
        if request.policy_oid not in (None, unit.policy_oid):
            return build_rejection(FailureInfo.UNACCEPTED_POLICY)
        token = unit.stamp_request(
            request.imprint, request.digest_oid, request.nonce, with_certificates=request.certificate_wanted
        )
    except MalformedDataError:
        return build_rejection(FailureInfo.BAD_DATA_FORMAT)
    except RequestRefusedError as refused:
        return build_rejection(refused.failure)
    except TimestampUnavailableError:
        return build_rejection(FailureInfo.TIME_NOT_AVAILABLE)
    return build_response(token)
