"""Waits for a signing request to change, in the places that all who wait share."""

import time
from collections.abc import Callable, Iterator

from gateway.domain.signing_requests import SigningState
from gateway.domain.signing_views import SigningView
from gateway.services.dependencies import Dependencies
from gateway.services.waiting_places import waiting_place

MOST_WAIT_SECONDS = 20.0
_PAUSE_SECONDS = 0.25
Look = Callable[[], SigningView]


class SigningWaits:
    """Looks at a request again and again while there is a place to wait."""

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
        with waiting_place(self._deps.settings) as is_free:
            while is_free and _is_waiting(view, known) and self._monotonic() < ends:
                self._sleep(_PAUSE_SECONDS)
                view = look()
        return view

    def stream(self, look: Look) -> Iterator[SigningView]:
        """The request as it is, then each change until it is over or the time is up."""
        view = look()
        yield view
        ends = self._monotonic() + MOST_WAIT_SECONDS
        with waiting_place(self._deps.settings) as is_free:
            while is_free and not view.standing.is_final and self._monotonic() < ends:
                self._sleep(_PAUSE_SECONDS)
                seen, view = view.standing, look()
                if view.standing != seen:
                    yield view


def _is_waiting(view: SigningView, known: SigningState) -> bool:
    return view.standing.state is known and not view.standing.is_final
