"""Tiles: paths, widths, and trees read from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.log_tiles import (
    ENTRIES,
    Tile,
    TileNodes,
    join_entries,
    new_tiles,
    parse_tile_path,
    split_entries,
    split_hashes,
    tile_width,
)
from gateway.domain.merkle import SM3_TREE, Frontier, tree_root
from gateway.errors import LogBrokenError
from signing.sm2 import sm3


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 1234067), "tile/3/x001/x234/067"),
        (Tile(1, 999, 17), "tile/1/999.p/17"),
        (Tile(ENTRIES, 1000, 255), "tile/entries/x001/000.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path == path
    assert parse_tile_path(path.removeprefix("tile/")) == tile


@given(st.integers(0, 63), st.integers(0, 10**15 - 1), st.integers(1, 256))
def test_every_path_is_read_back(level, number, width):
    tile = Tile(level, number, width)
    assert parse_tile_path(tile.path.removeprefix("tile/")) == tile


@pytest.mark.parametrize(
    "path",
    [
        "0/0",
        "00/000",
        "64/000",
        "0/x000/001",
        "0/000.p/256",
        "0/000.p/0",
        "0/000.p/01",
        "0/../000",
        "0/１23",
        "x/000",
        "",
    ],
)
def test_another_way_to_write_a_path_is_none(path):
    assert parse_tile_path(path) is None


def test_the_example_of_the_specification():
    tiles = list(new_tiles(0, 70_000))
    assert [sum(t.level == level for t in tiles) for level in range(4)] == [274, 2, 1, 0]
    assert [t.width for t in tiles if t.width < 256] == [112, 17, 1]
    assert [(t.level, t.width) for t in new_tiles(0, 256)] == [(0, 256), (1, 1)]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_a_tree_that_grows_in_batches_is_read_from_its_tiles(batches):
    stored, leaves, frontier = {}, [], Frontier(SM3_TREE)
    for batch in batches:
        old = len(leaves)
        for number in range(old, old + batch):
            leaves.append(SM3_TREE.leaf(str(number).encode()))
            frontier.append(leaves[-1])
        for tile in new_tiles(old, len(leaves)):
            below = leaves
            for _ in range(tile.level):
                whole = len(below) // 256
                below = [SM3_TREE.complete(below[n * 256 : n * 256 + 256]) for n in range(whole)]
            stored[tile] = b"".join(below[tile.number * 256 : tile.number * 256 + tile.width])
        assert tree_root(SM3_TREE, len(leaves), TileNodes(SM3_TREE, len(leaves), stored.__getitem__)) == frontier.root()


def test_a_tile_of_another_width_is_refused():
    with pytest.raises(LogBrokenError, match="000"):
        split_hashes(Tile(0, 0, 2), sm3(b""))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_are_read_back(entries):
    tile = Tile(ENTRIES, 0, len(entries))
    data = join_entries(entries)
    assert split_entries(tile, data) == entries
    with pytest.raises(LogBrokenError):
        split_entries(tile, data + b"\0")
    with pytest.raises(LogBrokenError):
        split_entries(Tile(ENTRIES, 0, len(entries) + 1), data)


def test_an_entry_has_an_end():
    with pytest.raises(ValueError, match="65535"):
        join_entries([bytes(65_536)])


def test_widths_at_the_edge():
    assert [tile_width(0, n, 300) for n in range(3)] == [256, 44, 0]
    assert tile_width(ENTRIES, 1, 300) == 44
    assert [tile_width(1, 0, size) for size in (255, 256, 511, 512)] == [0, 1, 1, 2]
