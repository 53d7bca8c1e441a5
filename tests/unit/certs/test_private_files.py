"""Secrets in files."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certs.errors import KeystoreError
from certs.private_files import create_password_file, read_password_file, write_private


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_password_file_is_random_private_and_kept(tmp_path):
    path = tmp_path / "deep" / "password"
    made = create_password_file(path)
    assert len(made) >= 43
    assert mode(path) == 0o600
    assert create_password_file(path) == read_password_file(path) == made
    assert create_password_file(tmp_path / "other") != made


def test_two_that_come_at_once_get_the_same_password(tmp_path):
    for round_number in range(20):
        path = tmp_path / str(round_number) / "password"
        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(create_password_file, [path] * 4))) == 1
        assert [p.name for p in path.parent.iterdir()] == ["password"]


def test_a_password_may_end_in_a_space_but_not_in_a_line_end(tmp_path):
    path = tmp_path / "password"
    write_private(path, b" secret \r\n")
    assert read_password_file(path) == b" secret "


@pytest.mark.parametrize("open_mode", [0o640, 0o604, 0o620, 0o644, 0o601])
def test_a_password_file_that_others_may_touch_is_refused(open_mode, tmp_path):
    path = tmp_path / "password"
    create_password_file(path)
    path.chmod(open_mode)
    with pytest.raises(KeystoreError, match="open to others: chmod 600"):
        read_password_file(path)


def test_a_missing_or_empty_password_file_is_named(tmp_path):
    path = tmp_path / "password"
    with pytest.raises(KeystoreError, match=str(path)):
        read_password_file(path)
    write_private(path, b"\n")
    with pytest.raises(KeystoreError, match="is empty"):
        read_password_file(path)


def test_an_interrupted_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_private(path, b"old")

    def fail(self, target):
        raise OSError(28, "no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
