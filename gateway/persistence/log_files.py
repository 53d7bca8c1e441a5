"""The public files of the transparency log: a checkpoint, tiles and bundles of entries, each replaced in one step."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.domain.checkpoints import Checkpoint, read_checkpoint
from gateway.domain.log_tiles import ENTRIES, HASH_BYTES, TILE_WIDTH, Tile, join_entries, split_entries, tile_width
from gateway.errors import LogBrokenError, NotFoundError, StorageError


class LogFiles:
    """A folder that any web server may serve as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def note(self) -> str | None:
        """The published checkpoint's note; None when nothing was published. StorageError when it cannot be read."""
        try:
            return (self.folder / "checkpoint").read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"The checkpoint in {self.folder} cannot be read.") from error

    def published(self) -> Checkpoint | None:
        """What the published note says."""
        note = self.note()
        return None if note is None else read_checkpoint(note)

    def read(self, tile: Tile) -> bytes:
        """A tile, or the beginning of a wider one. NotFoundError when it is not there.

        A partial tile is the beginning of those that followed it, so that the older ones need not be kept.
        """
        widths = [tile.width]
        if tile.width < TILE_WIDTH:
            published = self.published()
            edge = 0 if published is None else tile_width(tile.level, tile.number, published.size)
            widths += [TILE_WIDTH, *([edge] if edge > tile.width else [])]
        for width in widths:
            found = Tile(tile.level, tile.number, width)
            with contextlib.suppress(FileNotFoundError):
                return _beginning(tile, found, (self.folder / found.path).read_bytes())
        raise NotFoundError(f"日志中没有 {tile.path}。The log has no {tile.path}.")

    def write(self, tile: Tile, data: bytes) -> None:
        """Store a tile; a full one takes the place of its partial forerunners."""
        path = self.folder / tile.path
        _replace(path, data)
        if tile.width == TILE_WIDTH:
            shutil.rmtree(path.with_name(path.name + ".p"), ignore_errors=True)

    def write_note(self, note: str) -> None:
        """Publish a checkpoint whose tiles are there."""
        _replace(self.folder / "checkpoint", note.encode())

    @contextmanager
    def publishing(self) -> Iterator[bool]:
        """Whether this process may write now; the kernel lets go when it is killed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".writer").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True


def _beginning(wanted: Tile, found: Tile, data: bytes) -> bytes:
    if found.width == wanted.width:
        return data
    if wanted.level == ENTRIES:
        return join_entries(split_entries(found, data)[: wanted.width])
    if len(data) != found.width * HASH_BYTES:
        raise LogBrokenError(f"日志分块 {found.path} 不完整。The tile {found.path} has not {found.width} hashes.")
    return data[: wanted.width * HASH_BYTES]


def _replace(path: Path, data: bytes) -> None:
    """Durably, since a checkpoint must not outlive the tiles that it promises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
