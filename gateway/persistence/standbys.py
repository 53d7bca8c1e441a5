"""Hot standbys of the database that look-ups may read from, each only while it is known to be fresh (docs/databases.md).

A standby is fresh as of the last instant at which the primary had written no further than the standby shows now. That needs
no clock but ours, and holds for a primary on which nothing happens, where the time of the last replayed change says nothing.
"""

import itertools
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, Thread

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import RegistryUnavailableError
from gateway.metrics import STANDBY_LEFT_ALONE
from gateway.persistence.bounded_connections import bounded_connect, waiting_at_most
from gateway.persistence.connecting import make_engine
from gateway.persistence.engines import WalPosition, replayed_up_to, written_up_to
from gateway.persistence.session import Elsewhere, QuickReads, reading_from

LOOK_SECONDS = 0.5
"""How often a process asks how far a standby is, while there are look-ups."""
REST_SECONDS = 5.0
"""How long one that failed is not asked."""
_NEVER = -math.inf


class Standby:
    """One hot standby, as this process knows it."""

    def __init__(self, url: str, primary: Engine, *, place: int = 1, bound: float, answer_seconds: float) -> None:
        """``place``: which one of the setting it is; ``bound``: seconds that the standby may be behind;
        ``answer_seconds``: how long one look-up waits for it.
        """
        parsed = make_url(url)
        missing = {name: value for name, value in _quick_to_fail(answer_seconds).items() if name not in parsed.query}
        quick = parsed.update_query_dict(missing)
        self.engine = make_engine(quick.render_as_string(hide_password=False), connect=bounded_connect)
        self._reads = Elsewhere(self.engine, QuickReads(self.engine, connect=bounded_connect))
        self._primary = primary
        self._bound = bound
        self._answer_seconds = answer_seconds
        self._left_alone = STANDBY_LEFT_ALONE.labels(str(place))
        self._written: deque[tuple[float, int]] = deque(maxlen=math.ceil(bound / LOOK_SECONDS) + 1)
        self._fresh_at = self._look_at = _NEVER
        self._rests = False
        self._lock = Lock()

    def is_fresh(self) -> bool:
        """Whether it showed all that there was at an instant within the bound. Nobody waits: a thread of its own looks."""
        if self._may_look():
            # A daemon: one that hangs must not keep the process from ending.
            Thread(target=self._look, name="standby-look", daemon=True).start()
        return self._is_within_bound()

    def state(self) -> str:
        """``fresh``, ``behind``, or ``left alone`` since it failed; it is looked at, which takes its time."""
        if self._may_look():
            self._look()
        return "fresh" if self._is_within_bound() else "left alone" if self._rests else "behind"

    @contextmanager
    def read(self) -> Iterator[None]:
        """What this thread only reads within comes from here. RegistryUnavailableError when it was waited for too long."""
        with reading_from(self._reads, behind=time.monotonic() - self._fresh_at), waiting_at_most(self._answer_seconds):
            yield

    def rest(self) -> None:
        """Ask it nothing for a while: it failed, or is no standby of this database."""
        self._fresh_at = _NEVER
        self._look_at = time.monotonic() + REST_SECONDS
        self._set_resting(True)

    def _set_resting(self, rests: bool) -> None:
        self._rests = rests
        self._left_alone.set(rests)

    def _is_within_bound(self) -> bool:
        return time.monotonic() - self._fresh_at <= self._bound

    def _may_look(self) -> bool:
        """Whether it is time to, and nobody else does; then this thread has the lock, for ``_look`` to give back."""
        return time.monotonic() >= self._look_at and self._lock.acquire(blocking=False)

    def _look(self) -> None:
        try:
            self._compare()
        finally:
            self._lock.release()

    def _compare(self) -> None:
        now = time.monotonic()
        self._look_at = now + LOOK_SECONDS
        try:
            before = self._position_of_primary()
            with waiting_at_most(self._answer_seconds), self.engine.connect() as connection:
                shown = replayed_up_to(connection)
            after = self._position_of_primary()
        except (RegistryUnavailableError, SQLAlchemyError):
            # Also one that does not let us ask, or knows nothing of positions.
            return self.rest()
        # One that is ahead followed another primary before, and shows what this one never knew.
        if shown is None or shown.cluster != before.cluster or shown.octets > after.octets:
            return self.rest()
        self._written.append((now, before.octets))
        self._fresh_at = max((at for at, octets in self._written if octets <= shown.octets), default=_NEVER)
        self._set_resting(False)
        return None

    def _position_of_primary(self) -> WalPosition:
        with self._primary.connect() as connection:
            return written_up_to(connection)


def _quick_to_fail(answer_seconds: float) -> dict[str, str]:
    """There is somebody else to ask; what stands in the URL goes before it.

    That a server gives up a statement ends no wait for one that hangs: it keeps a slow one from working for nobody.
    """
    milliseconds = str(math.ceil(answer_seconds * 1000))
    options = f"-c statement_timeout={milliseconds}"
    return {"connect_timeout": "2", "tcp_user_timeout": milliseconds, "options": options}


class Standbys:
    """All that are configured, asked in turn."""

    def __init__(self, urls: Sequence[str], primary: Engine, *, bound: float, answer_seconds: float) -> None:
        self._all = [
            Standby(url, primary, place=place, bound=bound, answer_seconds=answer_seconds)
            for place, url in enumerate(urls, 1)
        ]
        self._turn = itertools.count()

    def choose(self) -> Standby | None:
        """The next one that is fresh; None: the primary is to be asked."""
        first = next(self._turn)
        turned = (self._all[(first + step) % len(self._all)] for step in range(len(self._all)))
        return next((standby for standby in turned if standby.is_fresh()), None)

    def __bool__(self) -> bool:
        """Whether any is configured."""
        return bool(self._all)

    def states(self) -> dict[str, str]:
        """How each stands, by its place in the setting, since anyone may ask."""
        return {str(place): each.state() for place, each in enumerate(self._all, 1)}

    def dispose(self) -> None:
        """Close their connections."""
        for each in self._all:
            each.engine.dispose()
