"""Checks a log from its public files alone: no database, no gateway, only the log's certificate."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.domain.checkpoints import Checkpoint, verify_checkpoint
from gateway.domain.log_proofs import LogFault, LogFindings
from gateway.domain.log_tiles import ENTRIES, TILE_WIDTH, Tile, split_entries, split_hashes, tile_width
from gateway.domain.merkle import SM3_TREE, Frontier
from gateway.errors import LogBrokenError, NotFoundError
from gateway.persistence.log_files import LogFiles

Progress = Callable[[int, int], None]


def verify_tiles(
    folder: Path,
    note: str | None,
    certificates: Sequence[bytes],
    against: str | None = None,
    progress: Progress = lambda *_: None,
) -> LogFindings:
    """Every entry against its leaf, every tile against the tiles below it, and the tree against the checkpoint.

    ``note``: a checkpoint, by default the published one; ``against``: an older one that the log must contain.
    NotFoundError when the folder holds no log; LogBrokenError when a checkpoint is not signed by the certificates (DER).
    """
    files = LogFiles(folder)
    note = note or files.note()
    if note is None:
        raise NotFoundError(f"{folder} 中没有检查点。There is no checkpoint in {folder}.")
    newest = verify_checkpoint(note, certificates)
    older = None if against is None else verify_checkpoint(against, certificates)
    reading = _TileReading(files, newest.size, {c.size for c in (newest, older) if c is not None})
    for number in range(-(-newest.size // TILE_WIDTH)):
        reading.take(number)
        progress(min((number + 1) * TILE_WIDTH, newest.size), newest.size)
    reading.compare_upper()
    faults = [*reading.faults, *(f for c in (newest, older) if c is not None for f in reading.root_fault(c))]
    return LogFindings(reading.frontier.size, 1 if older is None else 2, 0, tuple(faults))


class _TileReading:
    """One pass over the leaves; the upper tiles are compared with what the leaves give."""

    def __init__(self, files: LogFiles, size: int, wanted: set[int]) -> None:
        self._files = files
        self._size = size
        self._wanted = wanted
        self._roots: dict[int, bytes] = {0: SM3_TREE.empty()}
        self._full: list[bytes] = []
        self.frontier = Frontier(SM3_TREE)
        self.faults: list[LogFault] = []

    def take(self, number: int) -> None:
        """One tile of leaves with its entries. What the entries hash to counts; the tile is a second witness."""
        width = tile_width(0, number, self._size)
        hashes = self._hashes(Tile(0, number, width))
        entries = self._entries(Tile(ENTRIES, number, width))
        computed = hashes if entries is None else [SM3_TREE.leaf(entry) for entry in entries]
        self._compare(number, hashes, computed)
        for leaf_hash in hashes or computed or []:
            self.frontier.append(leaf_hash)
            if self.frontier.size in self._wanted:
                self._roots[self.frontier.size] = self.frontier.root()
        if hashes and len(hashes) == TILE_WIDTH:
            self._full.append(SM3_TREE.complete(hashes))

    def compare_upper(self) -> None:
        """Each tile of level 1 and above holds the roots of the full tiles below."""
        level, below = 1, self._full
        while below:
            full = []
            for number in range(-(-len(below) // TILE_WIDTH)):
                right = below[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
                tile = Tile(level, number, len(right))
                found = self._hashes(tile)
                if found is not None and found != right:
                    wrong = next(at for at, pair in enumerate(zip(found, right, strict=True)) if pair[0] != pair[1])
                    self._fault(
                        "tile_changed", f"{tile.path} 第 {wrong} 个散列值不符。Hash {wrong} of {tile.path} is wrong."
                    )
                if len(right) == TILE_WIDTH:
                    full.append(SM3_TREE.complete(right))
            level, below = level + 1, full

    def root_fault(self, checkpoint: Checkpoint) -> list[LogFault]:
        """A fault when the leaves do not lead to the checkpoint."""
        size = checkpoint.size
        if size > self._size:
            detail = (
                f"已签名 {size} 项，如今只有 {self._size} 项。{size} leaves were signed, and {self._size} are left."
            )
            return [LogFault("rolled_back", detail)]
        if self._roots.get(size) == checkpoint.root:
            return []
        detail = f"前 {size} 项与检查点不符。The first {size} leaves do not lead to the checkpoint."
        return [LogFault("root_differs", detail)]

    def _compare(self, number: int, hashes: list[bytes] | None, computed: list[bytes] | None) -> None:
        if hashes is None or computed is None:
            return
        places = {leaf_hash: at for at, leaf_hash in enumerate(hashes)}
        for at, (published, found) in enumerate(zip(hashes, computed, strict=True)):
            if published == found:
                continue
            index, home = number * TILE_WIDTH + at, places.get(found)
            if home is not None:
                home += number * TILE_WIDTH
                detail = f"第 {index} 项的内容应在第 {home} 项。The entry at {index} belongs to leaf {home}."
                self.faults.append(LogFault("reordered", detail, index))
            else:
                detail = f"第 {index} 项的内容与散列值不符。Entry {index} does not hash to its leaf."
                self.faults.append(LogFault("changed", detail, index))

    def _hashes(self, tile: Tile) -> list[bytes] | None:
        try:
            return split_hashes(tile, self._files.read(tile))
        except (NotFoundError, LogBrokenError) as error:
            self._fault("missing", error.message)
            return None

    def _entries(self, tile: Tile) -> list[bytes] | None:
        try:
            return split_entries(tile, self._files.read(tile))
        except (NotFoundError, LogBrokenError) as error:
            self._fault("missing", error.message)
            return None

    def _fault(self, kind: str, detail: str) -> None:
        self.faults.append(LogFault(kind, detail))
