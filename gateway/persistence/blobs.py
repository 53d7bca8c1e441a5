"""Files by their digests, in step with the database: what every file store promises.

A file is written before the row that names it is committed. What a killed process leaves is a file without a row; a
row without its file cannot come about. Which file has no row, the store's ``recover`` and garbage collection settle.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gateway.errors import StorageError
from signing.sm2 import sm3


@dataclass(frozen=True)
class FileDigest:
    """What names a file and proves its content."""

    sm3: str
    """Lower-case hexadecimal, 64 characters."""
    sha256: str
    """Lower-case hexadecimal, 64 characters."""
    size: int
    """Bytes."""

    @classmethod
    def of(cls, data: bytes) -> "FileDigest":
        """Digests of ``data``."""
        return cls(sm3=sm3(data).hex(), sha256=hashlib.sha256(data).hexdigest(), size=len(data))


@dataclass(frozen=True)
class HeldFile:
    """A file that lies in a store, whether a row names it or not."""

    sm3: str
    """The digest that it claims by its name."""
    suffix: str
    written_at: datetime
    """Aware UTC."""
    size: int


class FileStore(Protocol):
    """Immutable files named by digest. Every method raises StorageError when the store does not serve."""

    def prepare(self) -> None:
        """Make the store ready; safe to repeat."""

    def writing(self) -> AbstractContextManager[None]:
        """Hold off recovery while this process stages and commits."""

    def stage(self, files: Iterable[tuple[bytes, str]]) -> list[FileDigest]:
        """Write each (content, suffix) durably, all or none; after the commit they are published."""

    def publish(self, files: Iterable[tuple[str, str]]) -> None:
        """Give staged files, as (SM3, suffix), their lasting names. Safe to repeat."""

    def discard(self, files: Iterable[tuple[str, str]]) -> None:
        """Remove staged files whose transaction did not happen."""

    def read(self, digest: str, suffix: str, sha256: str | None = None) -> bytes:
        """The bytes, checked against their SM3 digest and, where it is known, their SHA-256 digest."""

    def holds(self, digest: str, suffix: str) -> bool:
        """Whether the file is there; its content is not read."""

    def stamp(self, digest: str, suffix: str) -> str | None:
        """What is other once the file was written over, without reading it; None when it is not there or cannot be told."""

    def recover(self, is_named: Callable[[str], bool]) -> tuple[int, int]:
        """Settle what killed processes left: (published, removed); ``is_named`` tells whether a row names a digest."""

    def held(self) -> Iterator[HeldFile]:
        """Every file in the store, those on their way too."""

    def remove(self, file: HeldFile) -> None:
        """Remove a file that no row names."""

    def local_path(self, digest: str, suffix: str) -> Path | None:
        """Where the file lies on this machine; None when it lies elsewhere."""


@dataclass(frozen=True)
class StoredDocument:
    """A file of the register, read when it is asked for, wherever it lies."""

    store: FileStore
    sm3: str
    suffix: str
    sha256: str | None = None

    def read_bytes(self) -> bytes:
        """The content, checked. StorageError when it is missing or altered."""
        return self.store.read(self.sm3, self.suffix, self.sha256)

    @property
    def local_path(self) -> Path:
        """Where it lies on this machine. StorageError when it lies elsewhere."""
        path = self.store.local_path(self.sm3, self.suffix)
        if path is None:
            raise StorageError(f"File {self.sm3} does not lie on this machine.", hint="Read it through the gateway.")
        return path

    def __str__(self) -> str:
        """The path of a local file; else its name."""
        return str(self.store.local_path(self.sm3, self.suffix) or f"{self.sm3}{self.suffix}")


def checked(data: bytes, digest: str, sha256: str | None) -> bytes:
    """``data`` when it has both digests. StorageError when it was altered."""
    if sm3(data).hex() != digest or (sha256 is not None and hashlib.sha256(data).hexdigest() != sha256):
        raise FileAlteredError(f"File {digest} differs from its digest.", hint="Restore it from the backup.")
    return data


class FileAlteredError(StorageError):
    """The store works and the file is there, but it is not the one that was stored."""


class FileMissingError(StorageError):
    """The store works, but the file is not there."""


def missing(digest: str) -> FileMissingError:
    """The error for a file that is not there."""
    return FileMissingError(f"File {digest} is missing.", hint="Restore it from the backup.")
