"""An in-process time-stamping unit (RFC 3161) with SM2/SM3; a remote one can take its place."""

import secrets
from collections.abc import Callable
from datetime import datetime

from asn1crypto import x509

from signing.algorithms import SM3_OID
from signing.errors import TimestampUnavailableError
from signing.keys import SigningKey
from signing.timestamp import build_token

_SERIAL_BITS = 127


class TimestampingUnit:
    """Implements ``TimestampSource`` with a key of its own."""

    def __init__(self, key: SigningKey, *, policy_oid: str, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._policy_oid = policy_oid
        self._clock = clock
        validity = x509.Certificate.load(key.certificate)["tbs_certificate"]["validity"]
        self._not_before: datetime = validity["not_before"].native
        self._not_after: datetime = validity["not_after"].native

    def stamp(self, imprint: bytes, digest_oid: str = SM3_OID) -> bytes:
        """A token over an imprint. TimestampUnavailableError outside the certificate's validity."""
        return self.stamp_request(imprint, digest_oid)

    def stamp_request(self, imprint: bytes, digest_oid: str, nonce: int | None = None) -> bytes:
        """A token over an imprint of any supported digest, with the client's nonce."""
        now = self._clock()
        if not self._not_before <= now <= self._not_after:
            raise TimestampUnavailableError("the time-stamping unit's certificate is not within its validity")
        return build_token(
            imprint=imprint,
            serial_number=secrets.randbits(_SERIAL_BITS),
            generated_at=now,
            policy_oid=self._policy_oid,
            key=self._key,
            digest_oid=digest_oid,
            nonce=nonce,
        )
