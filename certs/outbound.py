"""Questions to other systems over HTTP, bounded in time, size and number; and whom to leave alone for a while."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import urllib3

_OK = 200


class OutboundError(Exception):
    """No usable answer: not in time, too long, not reached, or not HTTP 200 with the media type that was asked for."""


class CircuitState(StrEnum):
    """Whether a system is asked."""

    CLOSED = "closed"
    """It is asked."""
    OPEN = "open"
    """It failed too often and is left alone."""
    HALF_OPEN = "half_open"
    """Its rest is over: the next question decides."""


class Circuit:
    """A circuit breaker: after ``failures`` failures in a row a system is left alone for ``rest_seconds``.

    Then one question is let through; when it fails, the rest begins anew. It lives in one process.
    """

    def __init__(self, failures: int, rest_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._rest, self._monotonic = failures, rest_seconds, monotonic
        self._failures, self._resting_until, self._on_trial = 0, 0.0, False
        self._lock = threading.Lock()

    @property
    def state(self) -> CircuitState:
        """As of now."""
        with self._lock:
            if self._failures < self._limit:
                return CircuitState.CLOSED
            return CircuitState.OPEN if self._resting_until > self._monotonic() else CircuitState.HALF_OPEN

    def admits(self) -> bool:
        """Whether a question may be asked now; of those that come after a rest only the first may, until it ended."""
        with self._lock:
            if self._failures < self._limit:
                return True
            if self._on_trial or self._resting_until > self._monotonic():
                return False
            self._on_trial = True
            return True

    def succeeded(self) -> None:
        """A question was answered."""
        with self._lock:
            self._failures, self._on_trial = 0, False

    def failed(self) -> None:
        """A question was not answered."""
        with self._lock:
            self._failures, self._on_trial = self._failures + 1, False
            if self._failures >= self._limit:
                self._resting_until = self._monotonic() + self._rest


@dataclass(frozen=True)
class OutboundLimits:
    """What one question may cost."""

    attempt_seconds: float = 6.0
    """For connecting, and for each read; the whole question may take twice as long."""
    response_bytes: int = 64 * 1024
    most_waiting: int = 16
    """Questions that may hang at once; a server that sends a byte now and then holds no more than these."""


@dataclass(frozen=True)
class OutboundAnswer:
    """What came back, of any status."""

    status: int
    media_type: str
    content: bytes
    headers: Mapping[str, str]


class Http(Protocol):
    """Sends one request: ``urllib3.PoolManager`` does, and ``certs.origins.PinnedHttp``."""

    def request(self, method: str, url: str, *, headers: Mapping[str, str], **rest: Any) -> urllib3.BaseHTTPResponse:
        """As urllib3."""
        ...


@dataclass
class Outbound:
    """Asks by POST. Never follows a redirection, never repeats."""

    limits: OutboundLimits = field(default_factory=OutboundLimits)
    http: Http = field(default_factory=lambda: urllib3.PoolManager(maxsize=8, retries=False))

    def __post_init__(self) -> None:
        self._slots = threading.BoundedSemaphore(self.limits.most_waiting)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, media_type: str, seconds: float
    ) -> tuple[bytes, Mapping[str, str]]:
        """(content, headers) of an answer of this media type. OutboundError after ``seconds`` at the latest."""
        answer = self.exchange(url, body, headers, seconds=seconds)
        if answer.status != _OK or answer.media_type != media_type:
            raise OutboundError(f"HTTP {answer.status} without {media_type}")
        return answer.content, answer.headers

    def exchange(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, method: str = "POST"
    ) -> OutboundAnswer:
        """The answer, whatever its status. OutboundError after ``seconds`` at the latest.

        The attempt has a thread of its own: name resolution and a dripping server know no time-out.
        """
        if not self._slots.acquire(blocking=False):
            raise OutboundError("too many attempts hang already")
        outcome: SimpleQueue[OutboundAnswer | Exception] = SimpleQueue()
        wait = min(self.limits.attempt_seconds, seconds)

        def attempt() -> None:
            try:
                outcome.put(self._ask(method, url, body, headers, wait))
            except (OutboundError, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                outcome.put(error)
            finally:
                self._slots.release()

        threading.Thread(target=attempt, name="outbound", daemon=True).start()
        try:
            found = outcome.get(timeout=min(seconds, 2 * self.limits.attempt_seconds))
        except Empty:
            raise OutboundError("no answer in time") from None
        if isinstance(found, OutboundError):
            raise found
        if isinstance(found, Exception):
            # Its words may hold the address and what was sent.
            raise OutboundError(f"not reached: {type(found).__name__}") from found
        return found

    def _ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str], wait: float) -> OutboundAnswer:
        response = self.http.request(
            method,
            url,
            body=body,
            headers=dict(headers),
            timeout=urllib3.Timeout(connect=wait, read=wait),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            content = response.read(self.limits.response_bytes + 1)
            given = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        finally:
            # Not put back: what is left of an answer that is too long must not begin the next one.
            response.close()
        if len(content) > self.limits.response_bytes:
            raise OutboundError(f"more than {self.limits.response_bytes} bytes")
        return OutboundAnswer(response.status, given, content, response.headers)
