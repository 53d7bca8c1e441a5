"""Questions whose answer is waited for a bounded time, whoever asks how often: a monitor must never do harm."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Told(Generic[Answer]):
    """An answer, and when it came by ``time.monotonic``."""

    answer: Answer
    at: float


class BoundedQuestion(Generic[Answer]):
    """One question. It is asked by one thread at a time, which nobody waits for longer than ``seconds``.

    An answer serves ``kept_for`` seconds. While none comes the last one serves on, as long as ``stale_after`` says.
    """

    def __init__(
        self, ask: Callable[[], Answer], *, seconds: float, kept_for: float, stale_after: float | None = None
    ) -> None:
        """``ask`` may raise whatever it likes: then there is no answer."""
        self._ask = ask
        self._seconds = seconds
        self._kept_for = kept_for
        self._stale_after = kept_for if stale_after is None else stale_after
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._told: Told[Answer] | None = None

    def begin(self) -> None:
        """Ask, where there is no answer that serves; nobody waits."""
        if self._serving(self._kept_for) is None:
            self._begun()

    def answer(self, seconds: float | None = None) -> Told[Answer] | None:
        """The newest answer; None when none came in time and there is none that still serves.

        ``seconds`` is how long it is waited for, where that is to be other than it was said at first.
        """
        told = self._serving(self._kept_for)
        if told is None:
            self._begun().join(max(0.0, self._seconds if seconds is None else seconds))
            told = self._serving(self._stale_after)
        return told

    def _begun(self) -> threading.Thread:
        with self._lock:
            if self._asking is None or not self._asking.is_alive():
                # A daemon: what hangs must not keep the process from ending.
                self._asking = threading.Thread(target=self._run, name="bounded-question", daemon=True)
                self._asking.start()
            return self._asking

    def _run(self) -> None:
        try:
            answer = self._ask()
        except Exception:  # noqa: BLE001 - whatever it was, there is no answer, which is what callers are told
            return
        self._told = Told(answer, time.monotonic())

    def _serving(self, seconds: float) -> Told[Answer] | None:
        told = self._told
        return told if told is not None and time.monotonic() - told.at <= seconds else None
