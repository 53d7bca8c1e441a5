"""Counts of visits in memory that the processes of one server share. Nothing of them is stored, or says who asked."""

import mmap
import secrets
import tempfile
import time
from collections.abc import Callable
from fcntl import LOCK_EX, LOCK_UN, lockf
from hashlib import blake2b
from struct import Struct
from threading import Lock
from typing import TypeVar

_PLACES = 8
_PLACE = Struct("<Qd")
_SET = Struct("<" + "Qd" * _PLACES)
"""Keys (never 0) and instants of eight places, of which a key may take any."""
_SETS = 8192
_MINUTE = 60.0
_ROUNDING = 1e-6


Answer = TypeVar("Answer")


class VisitCounts:
    """For each key one instant, in a file without a name that is mapped into memory.

    Made before the server forks, it is one for all its processes. The keys are digests under a secret of this object. A limit
    is the generic cell rate algorithm (ITU-T I.371, annex A): the instant at which the next visit would be due if all came
    evenly says how many came at once. The kernel frees the lock of a process that is killed.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._secret = secrets.token_bytes(16)
        self._lock = Lock()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the process lives
        self._file.truncate(2 * _SETS * _SET.size)
        self._memory = mmap.mmap(self._file.fileno(), 0)

    def wait_for(self, key: str, per_minute: int) -> float:
        """Count one visit; 0 when it may come, otherwise the seconds until it may. 0 per minute means no limit."""
        if per_minute == 0:
            return 0.0
        every, now = _MINUTE / per_minute, self._now()

        def counted(at: float, _: float) -> tuple[float, float | None]:
            due = max(at, now)
            wait = due - now - (per_minute - 1) * every
            return (wait, None) if wait > _ROUNDING else (0.0, due + every)

        return self._changed(key, 0, counted)

    def queue(self, key: str, seconds: float) -> float:
        """Take a place of so many seconds behind all that this key has taken; the wait until it is over.

        Negative seconds give one back.
        """
        now = self._now()

        def behind(at: float, _: float) -> tuple[float, float]:
            over = max(at, now) + seconds
            # The difference of two sums may be a little more than what was put in, and is rounded up later.
            return round(over - now, 6), over

        return self._changed(key, 0, behind)

    def claim(self, key: str, seconds: float) -> bool:
        """Whether nobody did so before; kept for so many seconds. When there is no room to keep it, it is refused."""
        now = self._now()

        def first(at: float, others_end: float) -> tuple[bool, float | None]:
            return (False, None) if at > now or others_end > now else (True, now + seconds)

        return self._changed(key, _SETS, first)

    def _changed(self, key: str, first: int, change: Callable[[float, float], tuple[Answer, float | None]]) -> Answer:
        """Hand the key's instant (0: none) and that of what has to go for a new key (0: nothing) to ``change``, and keep the
        instant that it gives.
        """
        digest = blake2b(key.encode(), key=self._secret, digest_size=16).digest()
        name = int.from_bytes(digest[:8]) | 1
        offset = (first + int.from_bytes(digest[8:]) % _SETS) * _SET.size
        with self._lock:
            lockf(self._file, LOCK_EX, _SET.size, offset)
            try:
                kept = _SET.unpack_from(self._memory, offset)
                names, instants = kept[::2], kept[1::2]
                if name in names:
                    place = names.index(name)
                    answer, instant = change(instants[place], 0.0)
                else:
                    # What ends first goes: it is over, or says least.
                    place = instants.index(min(instants))
                    answer, instant = change(0.0, instants[place])
                if instant is not None:
                    _PLACE.pack_into(self._memory, offset + place * _PLACE.size, name, instant)
            finally:
                lockf(self._file, LOCK_UN, _SET.size, offset)
        return answer
