"""Keys at rest."""

import stat
import subprocess
import sys
from dataclasses import replace

import pytest

from certs.errors import KeystoreError, KeyUseError
from certs.key_uses import Purpose
from certs.keystore import Keystore
from certs.private_files import write_private
from signing import sm2
from signing.outside_keys import accept
from tests.pki import make_pki
from tests.unit.signing.key_material import KINDS, certified

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


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_keys_of_each_kind_are_stored_and_sign(kind, folder):
    made = certified(kind)
    opened(folder).store("key", made)
    loaded = opened(folder).load("key")
    assert (loaded.algorithm, loaded.certificate, loaded.chain) == (kind, made.certificate, made.chain)
    assert accept(made.certificate, b"message", loaded.sign(b"message"))
    assert opened(folder).entry("key").algorithm is kind


def test_a_key_waits_for_its_certificate_and_signs_nothing_before(folder):
    keystore, key = opened(folder), make_pki().leaf()
    keystore.store_private("waiting", key.private)
    assert (keystore.entry("waiting").state, keystore.names()) == ("pending", [])
    with pytest.raises(KeystoreError, match="no key named waiting"):
        keystore.load("waiting")
    with pytest.raises(KeystoreError, match="for another key"):
        keystore.store_certificate("waiting", make_pki().leaf().certificate)
    keystore.store_certificate("waiting", key.certificate, key.chain)
    assert keystore.entry("waiting").state == "active"
    sm2.verify(key.private.public_key, b"message", opened(folder).load("waiting").sign(b"message"))


def test_a_key_that_replaced_another_signs_in_its_place(folder):
    keystore = opened(folder)
    for name in ("seal", "seal.2", "seal.3"):
        keystore.store(name, make_pki().leaf())
    keystore.retire("seal", replaced_by="seal.2")
    keystore.retire("seal.2", replaced_by="seal.3")
    fresh = opened(folder)
    assert fresh.load("seal").certificate == keystore.certificate("seal.3")
    assert fresh.load("seal").name == "seal.3"
    assert fresh.certificate("seal") != fresh.certificate("seal.3")
    assert [entry.state for entry in fresh.entries()] == ["retired", "retired", "active"]


def test_keys_that_replace_each_other_do_not_hang(folder):
    keystore = opened(folder)
    for name in ("a", "b"):
        keystore.store(name, make_pki().leaf())
    keystore.retire("a", replaced_by="b")
    keystore.retire("b", replaced_by="a")
    with pytest.raises(KeyUseError, match="retired"):
        keystore.load("a")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"purposes": ["licences"]}', b"\xff"])
def test_attributes_that_cannot_be_read_lift_no_limit(content, folder):
    keystore = opened(folder)
    keystore.store("seal", make_pki().leaf(), purposes=frozenset({Purpose.LIST}))
    (folder / "seal.attributes").write_bytes(content)
    with pytest.raises(KeystoreError, match="attributes of the key seal cannot be read"):
        opened(folder).load("seal", Purpose.LIST)


def test_a_password_is_changed_and_a_killed_change_is_finished_later(folder):
    keystore = opened(folder)
    keys = {f"key-{number}": certified(kind) for number, kind in enumerate(KINDS)}
    for name, key in keys.items():
        keystore.store(name, key)
    # Killed after the first file: one is under the new password, two under the old one.
    sealed = (folder / "key-0.p8").read_bytes()
    opened(folder).reseal(b"the new one")
    done = (folder / "key-0.p8").read_bytes()
    for name, key in keys.items():
        opened(folder).store(name, key)
    (folder / "key-0.p8").write_bytes(done)
    both = Keystore(folder, PASSWORD, iterations=1000, next_password=b"the new one")
    assert all(both.load(name).sign(b"message") for name in keys)
    assert both.reseal(b"the new one") == 3
    assert all(opened(folder, b"the new one").load(name).sign(b"message") for name in keys)
    with pytest.raises(KeystoreError, match="wrong password"):
        opened(folder).load("key-0")
    assert sealed != done


def test_a_key_file_that_opens_with_neither_password_stops_the_change_before_it_begins(folder):
    keystore = opened(folder)
    keystore.store("a", make_pki().leaf())
    opened(folder, b"stranger").store("b", make_pki().leaf())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(KeystoreError, match="key b cannot be opened"):
        opened(folder).reseal(b"the new one")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


SOURCE = {"kind": "remote", "url": "https://signer.invalid/sign", "key": "seal"}


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"kind": "file"},
        SOURCE | {"password": "secret"},
        SOURCE | {"url": None},
        {"kind": "remote", "key": "seal"},
        {"kind": "pkcs11", "module": "/m.so", "token": "t", "key_id": "xyz", "pin_file": "/pin"},
        {"kind": "pkcs11", "module": "/m.so", "token": "t", "key_label": "k"},
    ],
    ids=range(7),
)
def test_a_wrong_source_is_refused_before_it_is_stored(source, folder, key):
    with pytest.raises((KeystoreError, sm2.SigningError)):
        opened(folder).store_source("far", source, key.certificate, key.chain)
    assert opened(folder).entries() == []


def test_a_source_file_holds_no_secret_and_its_key_is_listed(folder, key, tmp_path):
    token = tmp_path / "token"
    write_private(token, b"bearer-secret\n")
    opened(folder).store_source("far", SOURCE | {"token_file": str(token)}, key.certificate, key.chain)
    entry = opened(folder).entry("far")
    assert (entry.source, entry.state, entry.certificate) == ("remote", "active", key.certificate)
    assert b"bearer-secret" not in b"".join(path.read_bytes() for path in folder.iterdir())
    assert "bearer-secret" not in repr(opened(folder).load("far")) + repr(entry)
    with pytest.raises(KeystoreError, match="take another name"):
        opened(folder).store_source("far", SOURCE, key.certificate)


@pytest.mark.timeout(120)
def test_killed_while_storing_there_is_a_whole_key_or_none(folder):
    program = (
        "import sys; from pathlib import Path; from certs.keystore import Keystore; from tests.pki import make_pki\n"
        "store = Keystore(Path(sys.argv[1]), b'a long password', iterations=1000)\n"
        "keys = [make_pki().leaf() for _ in range(2)]\n"
        "n = 0\n"
        "while True:\n store.store(f'key-{n % 7}', keys[n % 2]); n += 1; print(n, flush=True)\n"
    )
    for stored in (1, 4, 9):
        with subprocess.Popen([sys.executable, "-c", program, folder], stdout=subprocess.PIPE) as child:
            for _ in range(stored):
                child.stdout.readline()
            child.kill()
        fresh = opened(folder)
        assert fresh.names()
        for name in fresh.names():
            assert fresh.load(name).sign(b"message")
        assert len(fresh.entries()) - len(fresh.names()) <= 1
