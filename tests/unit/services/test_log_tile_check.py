"""The public files alone tell what was changed in them."""

import shutil

import pytest

from gateway.domain.log_tiles import ENTRIES, Tile, join_entries, split_entries
from gateway.errors import LogBrokenError, NotFoundError
from gateway.services.log_tile_check import verify_tiles
from tests.pki import make_pki
from tests.unit.services.log_gateway import event, small_gateway


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    container = small_gateway(tmp_path_factory.mktemp("log") / "gateway")
    notes = []
    for batch in (100, 500):
        with container.deps.sessions.begin() as session:
            session.add_all([event(number) for number in range(batch)])
        container.log.sequence()
        notes.append(container.log.checkpoint_note())
    yield container, notes
    container.deps.engine.dispose()


@pytest.fixture
def copy(log, tmp_path):
    """(folder, certificates, older note)"""
    container, notes = log
    shutil.copytree(container.deps.log_dir, tmp_path / "log")
    return tmp_path / "log", container.deps.log_certificates(), notes[0]


def found(copy, **more):
    findings = verify_tiles(copy[0], more.get("note"), copy[1], more.get("against"))
    return [(fault.kind, fault.leaf_index) for fault in findings.faults]


def entries_of(folder, number, width=256):
    tile = Tile(ENTRIES, number, width)
    return folder / tile.path, split_entries(tile, (folder / tile.path).read_bytes())


def test_a_whole_log_is_whole_and_contains_its_older_checkpoint(copy):
    assert found(copy) == found(copy, against=copy[2]) == []
    assert found(copy, note=copy[2]) == []


def test_a_changed_entry_is_named(copy):
    path, entries = entries_of(copy[0], 1)
    entries[3] = entries[3].replace(b"revoked", b"valid")
    path.write_bytes(join_entries(entries))
    assert found(copy) == [("changed", 259)]


def test_exchanged_entries_are_named(copy):
    path, entries = entries_of(copy[0], 0)
    entries[3], entries[9] = entries[9], entries[3]
    path.write_bytes(join_entries(entries))
    assert found(copy) == [("reordered", 3), ("reordered", 9)]


def test_a_removed_entry_makes_its_bundle_unreadable(copy):
    path, entries = entries_of(copy[0], 0)
    path.write_bytes(join_entries(entries[1:]))
    assert found(copy) == [("missing", None)]


def test_a_changed_hash_breaks_the_root_and_the_tile_above(copy):
    path = copy[0] / "tile/0/000"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    assert found(copy) == [("changed", 0), ("tile_changed", None), ("root_differs", None)]


def test_a_changed_upper_tile_is_found(copy):
    path = copy[0] / "tile/1/000.p/2"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    assert found(copy) == [("tile_changed", None)]


@pytest.mark.parametrize("name", ["tile/0/001", "tile/entries/000", "tile/1/000.p/2"])
def test_a_missing_file_is_found(copy, name):
    (copy[0] / name).unlink()
    assert ("missing", None) in found(copy)


def test_an_older_state_of_the_files_does_not_contain_a_newer_checkpoint(copy):
    newer = (copy[0] / "checkpoint").read_text()
    (copy[0] / "checkpoint").write_text(copy[2])
    assert found(copy, against=newer) == [("rolled_back", None)]


def test_a_strange_signature_and_an_empty_folder_are_refused(copy, tmp_path):
    with pytest.raises(LogBrokenError):
        verify_tiles(copy[0], None, [make_pki().leaf().certificate])
    with pytest.raises(NotFoundError):
        verify_tiles(tmp_path / "nothing", None, copy[1])
