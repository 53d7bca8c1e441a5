"""Time-stamps from others over HTTP (RFC 3161, 3.4): several providers, bounded in time, size and attempts."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from certs.outbound import Circuit, CircuitState, Outbound, OutboundError, OutboundLimits
from signing.algorithms import SM3_OID
from signing.errors import InvalidSignatureError, SigningError, TimestampUnavailableError
from signing.timestamp import build_request, parse_response, parse_token, verify_token

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_NONCE_BITS = 127


@dataclass(frozen=True)
class ClientLimits:
    """How much patience a stamp may cost."""

    total_seconds: float = 20.0
    """For the whole call, whatever happens."""
    attempt_seconds: float = 6.0
    """For connecting, and for each read."""
    rounds: int = 2
    """How often all providers are tried."""
    pause_seconds: float = 0.25
    """Before the second round, doubled before each further one; the real pause is a random part of it."""
    failures: int = 3
    """After so many failures in a row a provider is left alone for ``rest_seconds``."""
    rest_seconds: float = 30.0
    response_bytes: int = 64 * 1024
    most_waiting: int = 16
    """Attempts that may hang at once; a provider that sends a byte now and then holds no more than these."""


@dataclass
class RemoteTimestamps:
    """Implements ``TimestampSource`` with providers that are asked in order until one gives a token that fits.

    Imprint, nonce and signature of the token are checked here; whether its certificate is trusted is the
    validation's affair.
    """

    urls: tuple[str, ...]
    limits: ClientLimits = field(default_factory=ClientLimits)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        limits = self.limits
        self._outbound = Outbound(OutboundLimits(limits.attempt_seconds, limits.response_bytes, limits.most_waiting))
        self._circuits = {url: Circuit(limits.failures, limits.rest_seconds, self.monotonic) for url in self.urls}

    def left_alone(self) -> list[str]:
        """Providers that this process does not ask now, since they failed too often."""
        return [url for url, circuit in self._circuits.items() if circuit.state is CircuitState.OPEN]

    def stamp(self, imprint: bytes, digest_oid: str = SM3_OID) -> bytes:
        """A token over an imprint. TimestampUnavailableError, with the last reason of each provider, within the limits."""
        deadline = self.monotonic() + self.limits.total_seconds
        reasons: dict[str, str] = {}
        for attempt in range(self.limits.rounds):
            if attempt:
                self._pause(attempt, deadline)
            for url, circuit in self._circuits.items():
                remaining = deadline - self.monotonic()
                if remaining <= 0:
                    break
                if not circuit.admits():
                    reasons.setdefault(url, "left alone after failures")
                    continue
                try:
                    token = self._ask(url, imprint, digest_oid, remaining)
                except (SigningError, OutboundError, ValueError) as error:
                    reasons[url] = f"{type(error).__name__}: {error}"
                    circuit.failed()
                else:
                    circuit.succeeded()
                    return token
        told = "; ".join(f"{url}: {reason}" for url, reason in reasons.items())
        raise TimestampUnavailableError(f"no time-stamp provider gave a usable token: {told or 'none is set'}")

    def _pause(self, attempt: int, deadline: float) -> None:
        """Wait a random part of a growing time, so that many clients do not come back at once."""
        longest = self.limits.pause_seconds * 2 ** (attempt - 1)
        part = secrets.randbelow(1000) / 1000
        self.sleep(max(0.0, min(longest * (0.5 + part / 2), deadline - self.monotonic())))

    def _ask(self, url: str, imprint: bytes, digest_oid: str, seconds: float) -> bytes:
        """The token of one provider, checked against what was asked."""
        nonce = secrets.randbits(_NONCE_BITS)
        content, _ = self._outbound.post(
            url,
            build_request(imprint=imprint, digest_oid=digest_oid, nonce=nonce),
            {"Content-Type": _QUERY, "Accept": _REPLY},
            media_type=_REPLY,
            seconds=seconds,
        )
        encoded = parse_response(content)
        _require_fitting(encoded, imprint, digest_oid, nonce)
        return encoded


def _require_fitting(encoded: bytes, imprint: bytes, digest_oid: str, nonce: int) -> None:
    """The checks of RFC 3161, 2.4.2. InvalidSignatureError when the token is not the answer to our request."""
    token = parse_token(encoded)
    if (token.digest_oid, token.imprint) != (digest_oid, imprint):
        raise InvalidSignatureError("the time-stamp is over something else")
    if token.nonce != nonce:
        raise InvalidSignatureError("the time-stamp does not carry our nonce")
    verify_token(token)
