"""Counts of all processes of one gateway on one machine: prometheus_client keeps those of each in files, here they are put
together.

The files lie in the data directory, in a folder for this host and its space of process numbers: two containers with the same data
directory number their processes alike. Nothing of them is kept for long: whoever begins while no other process counts removes
what was left, and at each reading what dead processes counted is added up in one file, so that no counter goes back.
"""

import contextlib
import fcntl
import os
import platform
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from prometheus_client import Metric, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from gateway.metrics import METRICS, REGISTRY
from gateway.settings import count_into

_FOLDER = "metrics"
_SHARED, _READING = ".counting", ".reading"
_DEAD = 0
"""In place of a process number: what dead processes counted."""
_NOTE = ".folded"
_ASIDE = "-"
"""Behind the number of a process that is known to be dead."""
_ROOM = 1 << 20
"""Octets of a file of counts at first."""
_BESIDE_KEY = 32
"""Octets that a value takes beside its key, at most: its length, what fills up to eight, a value and an instant."""
_MEMORY = "/proc/self/fd/"
_PROCESS_NUMBERS = Path("/proc/self/ns/pid")


class MetricFiles:
    """The folder of one gateway on this machine."""

    def __init__(self, data_dir: Path) -> None:
        space = _PROCESS_NUMBERS.stat().st_ino if _PROCESS_NUMBERS.exists() else 0
        self._all = (data_dir / _FOLDER).resolve()
        self._folder = self._all / f"{platform.node() or 'host'}-{space}"

    def share(self) -> None:
        """From now on this process, and those that it begins, count into the folder. Call it before any other thread counts."""
        self._all.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(self._all / _SHARED):
            for folder in filter(Path.is_dir, self._all.iterdir()):
                _remove_unless_used(folder)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            # Open for as long as this process and its children live: the lock says that someone counts.
            fcntl.flock(os.open(self._folder / _SHARED, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), fcntl.LOCK_SH)
        # Values made before are kept in this process alone. Once the folder is set, prometheus_client warns of this.
        for metric in METRICS:
            metric.clear()
        count_into(self._folder)
        values.MmapedDict = _Placed  # type: ignore[attr-defined] # there is no other way to have files of our own
        values.ValueClass = values.MultiProcessValue()

    def collector(self) -> Collector:
        """What was counted: by all processes where these share a folder, else by this one."""
        if values.ValueClass is values.MutexValue or not self._folder.is_dir():
            return REGISTRY
        # One process at a time: who reads while files are added up would count them twice, or not at all.
        with _alone(self._folder / _READING):
            self._fold()
            return _Read(MultiProcessCollector(None, str(self._folder)))

    def _fold(self) -> None:
        """Add up what dead processes left, and forget what only counts while they live. Exactly once, whenever it is killed."""
        for note in self._folder.glob(f"*{_NOTE}"):
            _Total(self._folder, note.stem).finish()
        found = sorted((kind, path) for path in self._folder.glob("*.db") for kind in _dead_kind(path))
        for kind, group in groupby(found, key=lambda pair: pair[0]):
            paths = [path for _, path in group]
            if kind.startswith("gauge_live"):
                _remove(paths)
            else:
                _Total(self._folder, kind).take(paths)


class _Total:
    """What dead processes counted of one kind. A note says which files a sum holds, and of which sum it speaks: when it is that
    which is in place the files are counted and go, else they were not.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder
        self._is_latest = kind.startswith("gauge")
        self._file = folder / f"{kind}_{_DEAD}.db"
        self._note = folder / f"{kind}{_NOTE}"

    def take(self, paths: Iterable[Path]) -> None:
        """Add what these files hold, and remove them; where the disk has no room they stay, and are read as they are."""
        # A later process may get the number of a dead one, and would count on in its file.
        dead = [_put_aside(path) for path in paths]
        made = _added_up((*dead, self._file), self._file.with_suffix(".new"), is_latest=self._is_latest)
        if made is None or not self._says(made, dead):
            return
        made.replace(self._file)
        self.finish()

    def _says(self, made: Path, dead: Iterable[Path]) -> bool:
        """Note what the sum holds; False where the disk is full."""
        noted = self._note.with_suffix(".noting")
        try:
            noted.write_text("\n".join((str(made.stat().st_ino), *(path.name for path in dead))))
            noted.replace(self._note)
        except OSError:
            return False
        return True

    def finish(self) -> None:
        """Do what the note leaves to do of a sum that is in place, and forget one that never came to be."""
        inode, *names = self._note.read_text().splitlines()
        if self._file.exists() and self._file.stat().st_ino == int(inode):
            _remove(self._folder / name for name in names)
        self._note.unlink()


class _Read(Collector):
    """What was read at one moment."""

    def __init__(self, collector: MultiProcessCollector) -> None:
        self._found: list[Metric] = list(collector.collect())

    def collect(self) -> Iterable[Metric]:
        """As a registry asks for it."""
        return self._found


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """While no other process is within; the kernel lets go when the holder is killed."""
    with lock.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _remove_unless_used(folder: Path) -> None:
    """Remove the folder of a gateway that has ended, however that was."""
    with contextlib.suppress(OSError):
        lock = os.open(folder / _SHARED, os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(lock)


def _dead_kind(path: Path) -> Iterator[str]:
    """What kind of values a file holds, once its process is dead: ``counter``, ``histogram`` or ``gauge_`` and its mode."""
    kind, _, number = path.stem.rpartition("_")
    if _ASIDE in number:
        yield kind
    if not number.isdecimal() or int(number) == _DEAD:
        return
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        yield kind
    except PermissionError:
        return


def _put_aside(path: Path) -> Path:
    """Give the file of a dead process a name that no other process gets; it is read under it as before."""
    return path if _ASIDE in path.stem else path.replace(path.with_stem(f"{path.stem}{_ASIDE}{path.stat().st_ino}"))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


class _Placed(MmapedDict):
    """Counts of one process, in a file that has all its room on the disk: where a disk is full, the kernel would kill whoever
    first touches a page without (SIGBUS). A process for which there is none counts in its memory, and nobody sees it.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        super().__init__(filename if read_mode or _has_room(Path(filename), _ROOM) else _in_memory(), read_mode)

    def _init_value(self, key: str) -> None:
        """Make one more value; the file grows where its room is used up, or what it holds moves into memory."""
        is_outgrown = self._used + _octets(key) > self._capacity and not self._fname.startswith(_MEMORY)
        if is_outgrown and not _has_room(Path(self._fname), 2 * self._capacity):
            held = list(self.read_all_values())
            self.close()
            super().__init__(_in_memory())
            for known, value, at in held:
                self.write_value(known, value, at)
        super()._init_value(key)


def _has_room(path: Path, octets: int) -> bool:
    """Give a file all its room at once, a new one before it has its name; False where the disk has not so much."""
    made = path if path.exists() else path.with_suffix(".making")
    try:
        with made.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, octets)
        if made != path:
            made.replace(path)
    except OSError:
        if made != path:
            made.unlink(missing_ok=True)
        return False
    return True


def _in_memory() -> str:
    """The path of a file that only this process has."""
    return f"{_MEMORY}{os.memfd_create('metrics')}"


def _octets(key: str) -> int:
    """At most what a value takes in a file."""
    return len(key.encode()) + _BESIDE_KEY


def _added_up(paths: Iterable[Path], made: Path, *, is_latest: bool) -> Path | None:
    """Make one file of the values of several: sums, or of instants the last. None where the disk has no room."""
    found: dict[str, float] = {}
    for path in paths:
        if path.exists():
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
                found[key] = max(found.get(key, 0.0), value) if is_latest else found.get(key, 0.0) + value
    made.unlink(missing_ok=True)
    if not _has_room(made, _BESIDE_KEY + sum(map(_octets, found))):
        return None
    whole = MmapedDict(str(made))
    for key, value in found.items():
        whole.write_value(key, value, 0.0)
    whole.close()
    return made
