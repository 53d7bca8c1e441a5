"""Publishes the log: writes the tiles that a new checkpoint needs, and only what hashes to what was signed."""

from gateway.domain.checkpoints import Checkpoint, read_checkpoint
from gateway.domain.log_tiles import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    TileNodes,
    join_entries,
    new_tiles,
    split_hashes,
    tile_width,
)
from gateway.domain.merkle import SM3_TREE, tree_root
from gateway.errors import LogBrokenError
from gateway.persistence.log_files import LogFiles
from gateway.persistence.models import AuditEvent, LogLeaf
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.log_rows import event_query, logged_event, newest_checkpoint


class LogPublication:
    """The files under ``transparency-log`` in the data directory; removed, they are made again from the database."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self.files = LogFiles(deps.log_dir)

    def publish(self) -> int:
        """Bring the files to the newest checkpoint; gives the published size. LogBrokenError when a row was changed."""
        with self.files.publishing() as is_ours:
            published = self.files.published()
            old = 0 if published is None else published.size
            with reading(self._deps.sessions) as session:
                latest = newest_checkpoint(session)
            if not is_ours or latest is None or latest.size <= old:
                return old
            for tile in new_tiles(old, latest.size):
                self._write(tile, old)
            root = tree_root(SM3_TREE, latest.size, TileNodes(SM3_TREE, latest.size, self.files.read))
            if root != read_checkpoint(latest.note).root:
                raise LogBrokenError(
                    f"已存叶子与第 {latest.size} 项处的检查点不符。The leaves do not lead to the checkpoint of {latest.size}."
                )
            self.files.write_note(latest.note)
            return latest.size

    def _write(self, tile: Tile, old: int) -> None:
        if tile.level > 0:
            self.files.write(tile, b"".join(self._upper_hashes(tile, old)))
            return
        hashes, entries = self._leaves(tile)
        self.files.write(Tile(ENTRIES, tile.number, tile.width), join_entries(entries))
        self.files.write(tile, b"".join(hashes))

    def _leaves(self, tile: Tile) -> tuple[list[bytes], list[bytes]]:
        first = tile.number * TILE_WIDTH
        query = (
            event_query()
            .add_columns(LogLeaf.leaf_index, LogLeaf.leaf_hash)
            .join(LogLeaf, LogLeaf.event_id == AuditEvent.id)
            .where(LogLeaf.leaf_index >= first, LogLeaf.leaf_index < first + tile.width)
            .order_by(LogLeaf.leaf_index)
        )
        with reading(self._deps.sessions) as session:
            rows = session.execute(query).all()
        hashes, entries = [row.leaf_hash for row in rows], [logged_event(row).entry() for row in rows]
        for row, entry in zip(rows, entries, strict=True):
            if SM3_TREE.leaf(entry) != row.leaf_hash:
                raise LogBrokenError(
                    f"日志第 {row.leaf_index} 项（事件 {row.id}）已被改动。Leaf {row.leaf_index} (event {row.id}) was changed."
                )
        if len(rows) != tile.width:
            raise LogBrokenError(f"日志第 {first} 项之后有缺失。Rows are missing after leaf {first}.")
        return hashes, entries

    def _upper_hashes(self, tile: Tile, old: int) -> list[bytes]:
        """What the tile had at the published size, and the roots of the full tiles below that are new."""
        before = tile_width(tile.level, tile.number, old)
        forerunner = Tile(tile.level, tile.number, before)
        known = split_hashes(forerunner, self.files.read(forerunner)) if before else []
        for number in range(tile.number * TILE_WIDTH + before, tile.number * TILE_WIDTH + tile.width):
            below = Tile(tile.level - 1, number)
            known.append(SM3_TREE.complete(split_hashes(below, self.files.read(below))))
        return known


def require_not_ahead(published: Checkpoint | None, latest: Checkpoint | None) -> None:
    """LogBrokenError when more was published than the database holds, as after a restore of an old backup.

    To sign on would make a second log under the same name; docs/transparency-log.md says what to do.
    """
    if published is None:
        return
    size = 0 if latest is None else latest.size
    if published.size > size or (latest is not None and published.size == size and published.root != latest.root):
        raise LogBrokenError(
            f"已公布 {published.size} 项，数据库只有 {size} 项或内容不同。"
            f"{published.size} leaves were published, and the database holds {size}, or others.",
            hint="Restore the newest backup; see docs/transparency-log.md.",
        )
