"""Time-stamps from others over HTTP (RFC 3161, 3.4): several providers, bounded in time, size and attempts."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import urllib3

from signing.algorithms import SM3_OID
from signing.errors import InvalidSignatureError, SigningError, TimestampUnavailableError
from signing.timestamp import build_request, parse_response, parse_token, verify_token

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_OK = 200
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
class _Provider:
    """One address with what is remembered of it."""

    url: str
    failures: int = 0
    resting_until: float = 0.0


@dataclass
class RemoteTimestamps:
    """Implements ``TimestampSource`` with providers that are asked in order until one gives a token that fits.

    Imprint, nonce and signature of the token are checked here; whether its certificate is trusted is the
    validation's affair.
    """

    urls: tuple[str, ...]
    limits: ClientLimits = field(default_factory=ClientLimits)
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=8, retries=False))
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self._providers = [_Provider(url) for url in self.urls]
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(self.limits.most_waiting)

    def stamp(self, imprint: bytes, digest_oid: str = SM3_OID) -> bytes:
        """A token over an imprint. TimestampUnavailableError, with the last reason of each provider, within the limits."""
        deadline = self.monotonic() + self.limits.total_seconds
        reasons: dict[str, str] = {}
        for attempt in range(self.limits.rounds):
            if attempt:
                self._pause(attempt, deadline)
            for provider in self._providers:
                remaining = deadline - self.monotonic()
                if remaining <= 0:
                    break
                if provider.resting_until > self.monotonic():
                    reasons.setdefault(provider.url, "left alone after failures")
                    continue
                try:
                    token = self._bounded(provider.url, imprint, digest_oid, remaining)
                except (SigningError, urllib3.exceptions.HTTPError, OSError) as error:
                    reasons[provider.url] = f"{type(error).__name__}: {error}"
                    self._note_failure(provider)
                else:
                    provider.failures = 0
                    return token
        told = "; ".join(f"{url}: {reason}" for url, reason in reasons.items())
        raise TimestampUnavailableError(f"no time-stamp provider gave a usable token: {told or 'none is set'}")

    def _pause(self, attempt: int, deadline: float) -> None:
        """Wait a random part of a growing time, so that many clients do not come back at once."""
        longest = self.limits.pause_seconds * 2 ** (attempt - 1)
        part = secrets.randbelow(1000) / 1000
        self.sleep(max(0.0, min(longest * (0.5 + part / 2), deadline - self.monotonic())))

    def _note_failure(self, provider: _Provider) -> None:
        with self._lock:
            provider.failures += 1
            if provider.failures >= self.limits.failures:
                provider.failures, provider.resting_until = 0, self.monotonic() + self.limits.rest_seconds

    def _bounded(self, url: str, imprint: bytes, digest_oid: str, seconds: float) -> bytes:
        """One attempt in a thread of its own: name resolution and a dripping server know no time-out."""
        if not self._slots.acquire(blocking=False):
            raise TimestampUnavailableError("too many attempts hang already")
        outcome: SimpleQueue[bytes | Exception] = SimpleQueue()

        def attempt() -> None:
            try:
                outcome.put(self._ask(url, imprint, digest_oid, seconds))
            except (SigningError, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                outcome.put(error)
            finally:
                self._slots.release()

        threading.Thread(target=attempt, name="timestamp-client", daemon=True).start()
        try:
            found = outcome.get(timeout=min(seconds, 2 * self.limits.attempt_seconds))
        except Empty:
            raise TimestampUnavailableError("no answer in time") from None
        if isinstance(found, ValueError):
            raise TimestampUnavailableError("the address cannot be used") from found
        if isinstance(found, Exception):
            raise found
        return found

    def _ask(self, url: str, imprint: bytes, digest_oid: str, seconds: float) -> bytes:
        """The token of one provider, checked against what was asked."""
        nonce = secrets.randbits(_NONCE_BITS)
        wait = min(self.limits.attempt_seconds, seconds)
        response = self.http.request(
            "POST",
            url,
            body=build_request(imprint=imprint, digest_oid=digest_oid, nonce=nonce),
            headers={"Content-Type": _QUERY, "Accept": _REPLY},
            timeout=urllib3.Timeout(connect=wait, read=wait),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            content = response.read(self.limits.response_bytes + 1)
            is_reply = response.headers.get("Content-Type", "").split(";")[0].strip().lower() == _REPLY
        finally:
            # Not put back: what is left of an answer that is too long must not begin the next one.
            response.close()
        if response.status != _OK or not is_reply:
            raise TimestampUnavailableError(f"HTTP {response.status} without a time-stamp reply")
        if len(content) > self.limits.response_bytes:
            raise TimestampUnavailableError(f"more than {self.limits.response_bytes} bytes")
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
