"""Keys at rest."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from certs.errors import KeystoreError
from certs.keystore import Keystore, create_password_file, read_password_file, write_private
from signing import sm2
from tests.pki import make_pki

PASSWORD = b"a long password"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def key():
    return make_pki().leaf()


def opened(folder, password=PASSWORD):
    return Keystore(folder, password, iterations=1000)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_stored_key_is_loaded_by_another_process_and_signs(folder, key):
    opened(folder).store("seal-1", key)
    keystore = opened(folder)
    loaded = keystore.load("seal-1")
    sm2.verify(key.private.public_key, b"message", loaded.sign(b"message"))
    assert (loaded.certificate, loaded.chain) == (key.certificate, key.chain)
    assert key.chain
    assert keystore.certificate("seal-1") == key.certificate


def test_a_key_is_unlocked_once(folder, key):
    opened(folder).store("seal-1", key)
    keystore = opened(folder)
    keystore.load("seal-1")
    (folder / "seal-1.p8").write_bytes(b"no key any more")
    sm2.verify(key.private.public_key, b"message", keystore.load("seal-1").sign(b"message"))


def test_files_are_for_the_owner_alone_and_hold_no_plain_key(folder, key):
    folder.mkdir(mode=0o755)
    opened(folder).store("seal-1", key)
    assert mode(folder) == 0o700
    assert sorted(p.name for p in folder.iterdir()) == ["seal-1.p8", "seal-1.pem"]
    assert {mode(p) for p in folder.iterdir()} == {0o600}
    with pytest.raises(sm2.SigningError):
        sm2.backend().load_private((folder / "seal-1.p8").read_bytes())


def test_a_wrong_password_gives_one_sentence_and_no_cause(folder, key):
    opened(folder).store("seal-1", key)
    with pytest.raises(KeystoreError, match="cannot be opened: wrong password or damaged file") as caught:
        opened(folder, b"another").load("seal-1")
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x30\x80"])
def test_a_damaged_key_or_certificate_is_named(content, folder, key):
    opened(folder).store("seal-1", key)
    sealed = (folder / "seal-1.p8").read_bytes()
    (folder / "seal-1.p8").write_bytes(content)
    with pytest.raises(KeystoreError, match="key seal-1"):
        opened(folder).load("seal-1")
    (folder / "seal-1.p8").write_bytes(sealed)
    (folder / "seal-1.pem").write_bytes(content)
    with pytest.raises(KeystoreError, match="certificate of the key seal-1"):
        opened(folder).load("seal-1")


def test_a_key_and_a_certificate_that_do_not_belong_together_are_refused(folder, key):
    other = make_pki().leaf()
    with pytest.raises(KeystoreError, match="for another key"):
        opened(folder).store("seal-1", replace(key, certificate=other.certificate))
    assert not folder.exists()
    opened(folder).store("seal-1", key)
    opened(folder).store("seal-2", other)
    (folder / "seal-2.pem").replace(folder / "seal-1.pem")
    with pytest.raises(KeystoreError, match="for another key"):
        opened(folder).load("seal-1")


def test_half_a_pair_is_no_key(folder, key):
    keystore = opened(folder)
    keystore.store("seal-1", key)
    keystore.store("seal-2", key)
    (folder / "seal-1.pem").unlink()
    fresh = opened(folder)
    assert "seal-1" not in fresh
    assert fresh.names() == ["seal-2"]
    with pytest.raises(KeystoreError, match="no key named seal-1"):
        fresh.load("seal-1")
    with pytest.raises(KeystoreError, match="no key named seal-1"):
        fresh.certificate("seal-1")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "章", "a" * 101, "a\n"])
def test_a_name_stays_inside_the_folder(name, folder, key):
    with pytest.raises(KeystoreError, match="key name"):
        opened(folder).store(name, key)
    with pytest.raises(KeystoreError, match="key name"):
        opened(folder).load(name)


def test_a_missing_folder_holds_no_keys(folder):
    assert opened(folder).names() == []
    assert "seal-1" not in opened(folder)


def test_the_representation_shows_nothing_secret(folder, key):
    opened(folder).store("seal-1", key)
    keystore = opened(folder)
    shown = repr(keystore) + repr(keystore.private("seal-1")) + repr(keystore.load("seal-1"))
    assert "password" not in shown
    assert "private=" not in shown


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
