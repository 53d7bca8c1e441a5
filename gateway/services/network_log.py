"""The network log (网络日志): which request came when, from where, by which client, and how it ended.

The Cybersecurity Law (art. 21, 3) wants it kept for six months at least. It names no licence, holder or person: routes
stand in it without their values, and of visitors only the network that they come from.
"""

import os
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson

from gateway.domain.networks import network_of
from gateway.domain.status import china_day
from gateway.services.dependencies import Dependencies

FOLDER = "network-log"
_SUFFIX = ".jsonl"


@dataclass(frozen=True)
class NetworkEntry:
    """One request."""

    request_id: str
    client_id: str
    """Empty for visitors."""
    address: str
    method: str
    route: str
    """The rule of the route, never the path."""
    status: int
    milliseconds: float


class NetworkLog:
    """A file for each day in China, a line for each request; every process of the server adds to the same one."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._lock = threading.Lock()
        self._day: date | None = None
        self._descriptor = -1

    def record(self, entry: NetworkEntry) -> None:
        """Add one line. OSError when the disk does not take it."""
        now = self._deps.clock()
        shown = entry.address if entry.client_id else network_of(entry.address)
        line = orjson.dumps({"at": now, **vars(entry), "address": shown}, option=orjson.OPT_APPEND_NEWLINE)
        with self._lock:
            # One write to a file that is open for appending: lines of several processes do not mix (POSIX, write).
            os.write(self._opened(now), line)

    def past(self) -> list[Path]:
        """The files of days past their retention."""
        last = china_day(self._deps.clock() - timedelta(days=self._deps.settings.network_log_days))
        return [path for path in self._folder.glob(f"*{_SUFFIX}") if _is_before(path, last)]

    def remove(self, days: list[Path]) -> None:
        """Remove these files; one that another process removed meanwhile is no fault."""
        for path in days:
            path.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self._deps.settings.data_dir / FOLDER

    def _opened(self, now: datetime) -> int:
        day = china_day(now)
        if day != self._day:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / f"{day.isoformat()}{_SUFFIX}"
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            if self._day is not None:
                os.close(self._descriptor)
            self._day, self._descriptor = day, opened
        return self._descriptor


def _is_before(path: Path, day: date) -> bool:
    """Whether a file is of an earlier day; one that names no day is not ours to remove."""
    try:
        return date.fromisoformat(path.stem) < day
    except ValueError:
        return False
