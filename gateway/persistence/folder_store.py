"""Files by digest in a local folder.

A file is *staged* under ``incoming`` before the row that names it is committed and *published* (renamed) after. A
process killed in between leaves either a staged file with a row, which readers find and the next start publishes, or
a staged file without a row, which the next start removes. A published file therefore always has its row.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gateway.errors import StorageError
from gateway.persistence.blobs import FileDigest, HeldFile, checked, missing

_INCOMING = "incoming"
_FOLDERS = re.compile(rf"[0-9a-f]{{2}}|{_INCOMING}")


class FolderStore:
    """A ``FileStore`` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = str(folder)
        self._staging = folder / _INCOMING
        self._lock = folder / ".writers"

    def prepare(self) -> None:
        """Make the folders."""
        self._staging.mkdir(parents=True, exist_ok=True)
        self._lock.touch(exist_ok=True)

    def local_path(self, digest: str, suffix: str) -> Path:
        """Where the file lies once it is published."""
        return self._folder / digest[:2] / f"{digest}{suffix}"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold off recovery while this process stages and commits; the kernel lets go when it is killed."""
        with self._lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield

    def stage(self, files: Iterable[tuple[bytes, str]]) -> list[FileDigest]:
        """Write each (content, suffix) durably under its staged name. StorageError when the disk does not take it.

        All of them are open at once: a hundred or so, not thousands.
        """
        staged: list[tuple[FileDigest, str]] = []
        begun: list[int] = []
        try:
            for data, suffix in files:
                digest = FileDigest.of(data)
                staged.append((digest, suffix))
                begun.append(_begin(self._staged(digest.sm3, suffix), data))
            for descriptor in begun:
                os.fsync(descriptor)
            _sync_folder(self._staging)
        except OSError as error:
            self.discard((digest.sm3, suffix) for digest, suffix in staged)
            raise StorageError(f"A file could not be written: {error.strerror}.", hint="Free disk space.") from error
        finally:
            for descriptor in begun:
                os.close(descriptor)
        return [digest for digest, _ in staged]

    def publish(self, files: Iterable[tuple[str, str]]) -> None:
        """Rename staged files, given as (SM3, suffix), to their lasting names. Safe to repeat."""
        for digest, suffix in files:
            staged, target = self._staged(digest, suffix), self.local_path(digest, suffix)
            try:
                staged.replace(target)
            except FileNotFoundError:
                # The first file of its folder; or it was published before.
                target.parent.mkdir(exist_ok=True)
                with contextlib.suppress(FileNotFoundError):
                    staged.replace(target)

    def discard(self, files: Iterable[tuple[str, str]]) -> None:
        """Remove staged files whose transaction did not happen."""
        for digest, suffix in files:
            self._staged(digest, suffix).unlink(missing_ok=True)

    def read(self, digest: str, suffix: str, sha256: str | None = None) -> bytes:
        """The bytes, checked against their digests. StorageError when missing or altered."""
        published = self.local_path(digest, suffix)
        # Between the first look and the second it may have been published.
        for path in (published, self._staged(digest, suffix), published):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StorageError(f"File {digest} cannot be read: {error.strerror}.") from error
            return checked(data, digest, sha256)
        raise missing(digest)

    def stamp(self, digest: str, suffix: str) -> str | None:
        """What changes whenever the file is written, replaced or touched; None when it is not there."""
        # Asked for every line of every list: plain text and a plain call, without the cost of a Path.
        name = f"{digest}{suffix}"
        for folder in (digest[:2], _INCOMING):
            try:
                found = os.stat(f"{self._root}/{folder}/{name}")  # noqa: PTH116
            except OSError:
                continue
            # No program sets the time of change; it moves with every write, rename and change of times.
            return f"{found.st_ctime_ns}:{found.st_ino}:{found.st_size}"
        return None

    def recover(self, is_named: Callable[[str], bool]) -> tuple[int, int]:
        """Settle what killed processes left: (published, removed). Does nothing while a writer is alive.

        ``is_named`` tells whether a row of the registry names the digest.
        """
        with self._lock.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0, 0
            published = removed = 0
            for path in self._staging.iterdir():
                if is_named(path.stem):
                    self.publish([(path.stem, path.suffix)])
                    published += 1
                else:
                    path.unlink(missing_ok=True)
                    removed += 1
            return published, removed

    def held(self) -> Iterator[HeldFile]:
        """Every file, published or staged."""
        for folder in sorted(self._folder.iterdir()):
            for path in sorted(folder.iterdir()) if _FOLDERS.fullmatch(folder.name) else ():
                # One that is published or discarded meanwhile is no longer here.
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    yield HeldFile(path.stem, path.suffix, datetime.fromtimestamp(status.st_mtime, UTC), status.st_size)

    def remove(self, file: HeldFile) -> None:
        """Remove a file that no row names."""
        for path in (self.local_path(file.sm3, file.suffix), self._staged(file.sm3, file.suffix)):
            path.unlink(missing_ok=True)

    def holds(self, digest: str, suffix: str) -> bool:
        """Whether the file is there; its content is not read."""
        return self.local_path(digest, suffix).exists() or self._staged(digest, suffix).exists()

    def _staged(self, digest: str, suffix: str) -> Path:
        return self._staging / f"{digest}{suffix}"


def _begin(path: Path, data: bytes) -> int:
    """A descriptor of the file, all of it on its way to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        # Linux begins to write what it is told to forget. Files that are waited for only when all are on their way
        # take much less time, since the journal is written once for most of them.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _sync_folder(folder: Path) -> None:
    # A new name is durable only once its folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
