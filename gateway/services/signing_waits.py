"""Waits for a signing request to change. Each wait keeps a process of the server busy, so that only a few may wait at once."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gateway.domain.signing_requests import SigningState
from gateway.domain.signing_views import SigningView
from gateway.services.dependencies import Dependencies

MOST_WAIT_SECONDS = 20.0
_PAUSE_SECONDS = 0.25
Look = Callable[[], SigningView]


class SigningWaits:
    """Places to wait, shared by all processes on this machine; a process that dies gives its place back."""

    def __init__(
        self,
        deps: Dependencies,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._deps = deps
        self._monotonic, self._sleep = monotonic, sleep

    def changed(self, look: Look, after: SigningState | None, seconds: float) -> SigningView:
        """The request once it is in another state than ``after`` (None: than now) or over, or when the time is up.

        At once when no place is free. What ``look`` raises passes through.
        """
        view = look()
        known = view.standing.state if after is None else after
        if not _is_waiting(view, known):
            return view
        ends = self._monotonic() + min(seconds, MOST_WAIT_SECONDS)
        with self._place() as is_free:
            while is_free and _is_waiting(view, known) and self._monotonic() < ends:
                self._sleep(_PAUSE_SECONDS)
                view = look()
        return view

    def stream(self, look: Look) -> Iterator[SigningView]:
        """The request as it is, then each change until it is over or the time is up."""
        view = look()
        yield view
        ends = self._monotonic() + MOST_WAIT_SECONDS
        with self._place() as is_free:
            while is_free and not view.standing.is_final and self._monotonic() < ends:
                self._sleep(_PAUSE_SECONDS)
                seen, view = view.standing, look()
                if view.standing != seen:
                    yield view

    @contextmanager
    def _place(self) -> Iterator[bool]:
        """Whether one of the places was free; it is held meanwhile."""
        folder = self._deps.settings.data_dir / "waits"
        folder.mkdir(exist_ok=True)
        for number in range(self._deps.settings.waiting_requests):
            with (folder / str(number)).open("wb") as handle, suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield True
                return
        yield False


def _is_waiting(view: SigningView, known: SigningState) -> bool:
    return view.standing.state is known and not view.standing.is_final
