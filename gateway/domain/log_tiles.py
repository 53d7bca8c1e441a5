"""Tiles of a transparency log (c2sp.org/tlog-tiles): 256 hashes of one level of the tree in one file, by their paths."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.domain.merkle import TreeHasher
from gateway.errors import LogBrokenError

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
HASH_BYTES = 32
ENTRIES = -1
"""Level of the bundles of entries, whose tiles are those of level 0."""

_PATH = re.compile(
    r"(?P<level>0|[1-9]\d?|entries)/(?P<number>(?:x\d{3}/){0,5}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?", re.ASCII
)
_MOST_LEVEL = 63
_LENGTH_BYTES = 2


@dataclass(frozen=True)
class Tile:
    """One tile, or one bundle of entries."""

    level: int
    """0 holds leaf hashes; each hash of level n is the root of a full tile of level n - 1. ``ENTRIES`` for a bundle."""
    number: int
    width: int = TILE_WIDTH
    """Hashes or entries in it; fewer than 256 only at the right edge."""

    @property
    def path(self) -> str:
        """Below the log's folder, such as ``tile/0/x001/234.p/17``."""
        thousands, last = divmod(self.number, 1000)
        name = f"{last:03}"
        while thousands:
            thousands, part = divmod(thousands, 1000)
            name = f"x{part:03}/{name}"
        level = "entries" if self.level == ENTRIES else self.level
        return f"tile/{level}/{name}" + ("" if self.width == TILE_WIDTH else f".p/{self.width}")


def parse_tile_path(path: str) -> Tile | None:
    """The tile of a path below ``tile/``; None when it is not written exactly as a tile's."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    width = TILE_WIDTH if found["width"] is None else int(found["width"])
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    tile = Tile(level, int(found["number"].replace("x", "").replace("/", "")), width)
    is_one = level <= _MOST_LEVEL and tile.path == f"tile/{path}"
    return tile if is_one else None


def tile_width(level: int, number: int, size: int) -> int:
    """Hashes that a tree of ``size`` leaves has in a tile; 0 when the tile does not exist."""
    hashes = size >> TILE_HEIGHT * max(level, 0)
    return max(0, min(TILE_WIDTH, hashes - number * TILE_WIDTH))


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """The tiles that a tree has more, or wider, when it grows from ``old`` to ``new`` leaves; lower levels first."""
    level = 0
    while new >> TILE_HEIGHT * level:
        before, after = old >> TILE_HEIGHT * level, new >> TILE_HEIGHT * level
        if before != after:
            for number in range(before // TILE_WIDTH, (after - 1) // TILE_WIDTH + 1):
                yield Tile(level, number, tile_width(level, number, new))
        level += 1


TileReader = Callable[[Tile], bytes]


class TileNodes:
    """Implements ``NodeReader`` for a tree of ``size`` leaves by its tiles, each read once."""

    def __init__(self, hasher: TreeHasher, size: int, read: TileReader) -> None:
        self._hasher = hasher
        self._size = size
        self._read = read
        self._known: dict[Tile, list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree. LogBrokenError when its tile has not the hashes that it should."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        number, start = divmod(first, TILE_WIDTH)
        tile = Tile(tile_level, number, tile_width(tile_level, number, self._size))
        if tile not in self._known:
            self._known[tile] = split_hashes(tile, self._read(tile))
        return self._hasher.complete(self._known[tile][start : start + (1 << height)])


def split_hashes(tile: Tile, data: bytes) -> list[bytes]:
    """The hashes of a tile. LogBrokenError when they are not as many as its width."""
    if len(data) != tile.width * HASH_BYTES:
        raise LogBrokenError(f"日志分块 {tile.path} 不完整。The tile {tile.path} has not {tile.width} hashes.")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def join_entries(entries: list[bytes]) -> bytes:
    """A bundle: each entry after its length in two bytes. ValueError for an entry over 65535 bytes."""
    try:
        return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)
    except OverflowError as error:
        raise ValueError("an entry of the log is longer than 65535 bytes") from error


def split_entries(tile: Tile, data: bytes) -> list[bytes]:
    """The entries of a bundle. LogBrokenError when they are not as many as its width, or cut off."""
    entries, at = [], 0
    while at < len(data):
        end = at + _LENGTH_BYTES + int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
        entries.append(data[at + _LENGTH_BYTES : end])
        at = end
    if at != len(data) or len(entries) != tile.width:
        raise LogBrokenError(f"日志条目包 {tile.path} 不完整。The bundle {tile.path} has not {tile.width} entries.")
    return entries
