"""Hot standbys of the database that look-ups may read from, each only while it is known to be fresh (docs/databases.md).

A standby is fresh as of the last instant at which the primary had written no further than the standby shows now. That needs
no clock but ours, and holds for a primary on which nothing happens, where the time of the last replayed change says nothing.
"""

import itertools
import math
import time
from collections import deque
from collections.abc import Sequence
from threading import Lock

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import RegistryUnavailableError
from gateway.persistence.engines import WalPosition, replayed_up_to, written_up_to
from gateway.persistence.session import Elsewhere, QuickReads, make_engine

LOOK_SECONDS = 0.5
"""How often a process asks how far a standby is."""
REST_SECONDS = 5.0
"""How long one that failed is not asked."""
_QUICK_TO_FAIL = {"connect_timeout": "2", "tcp_user_timeout": "2000"}
"""There is somebody else to ask; what stands in the URL goes before it."""
_NEVER = -math.inf


class Standby:
    """One hot standby, as this process knows it."""

    def __init__(self, url: str, primary: Engine, bound: float) -> None:
        """``bound``: seconds that the standby may be behind."""
        parsed = make_url(url)
        missing = {name: value for name, value in _QUICK_TO_FAIL.items() if name not in parsed.query}
        quick = parsed.update_query_dict(missing)
        self.engine = make_engine(quick.render_as_string(hide_password=False))
        self.reads = Elsewhere(self.engine, QuickReads(self.engine))
        self._primary = primary
        self._bound = bound
        self._written: deque[tuple[float, int]] = deque(maxlen=math.ceil(bound / LOOK_SECONDS) + 1)
        self._fresh_at = self._look_at = _NEVER
        self._lock = Lock()

    def is_fresh(self) -> bool:
        """Whether what it shows was all that there was at an instant within the bound; it is asked now and then."""
        if time.monotonic() >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return time.monotonic() - self._fresh_at <= self._bound

    def rest(self) -> None:
        """Ask it nothing for a while: it failed, or is no standby of this database."""
        self._fresh_at = _NEVER
        self._look_at = time.monotonic() + REST_SECONDS

    def _look(self) -> None:
        now = time.monotonic()
        self._look_at = now + LOOK_SECONDS
        try:
            before = self._position_of_primary()
            with self.engine.connect() as connection:
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
        return None

    def _position_of_primary(self) -> WalPosition:
        with self._primary.connect() as connection:
            return written_up_to(connection)


class Standbys:
    """All that are configured, asked in turn."""

    def __init__(self, urls: Sequence[str], primary: Engine, bound: float) -> None:
        self._all = [Standby(url, primary, bound) for url in urls]
        self._turn = itertools.count()

    def choose(self) -> Standby | None:
        """The next one that is fresh; None: the primary is to be asked."""
        first = next(self._turn)
        turned = (self._all[(first + step) % len(self._all)] for step in range(len(self._all)))
        return next((standby for standby in turned if standby.is_fresh()), None)

    def states(self) -> dict[str, str]:
        """Each by its place in the setting, since anyone may ask: ``fresh``, or ``not used`` as it is away or behind."""
        return {str(place): "fresh" if each.is_fresh() else "not used" for place, each in enumerate(self._all, 1)}

    def dispose(self) -> None:
        """Close their connections."""
        for each in self._all:
            each.engine.dispose()
