"""Sealed fields: what opens them, what does not, and what stays readable when keys change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.errors import KeystoreError
from certs.keystore import Keystore
from gateway.errors import StorageError
from gateway.persistence.sealing import FieldVault, Place, add_field_key, closed_face, ensure_field_key, open_vault

PLACE = Place("licence_versions", "face_items", "1.2.3")
VAULT = FieldVault(1, lambda number: bytes([number]) * 16)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_in_its_place_only(text):
    sealed = VAULT.seal(text, PLACE)
    assert VAULT.open(sealed, PLACE) == text
    assert sealed != VAULT.seal(text, PLACE)
    for other in (
        Place("paper_events", "face_items", "1.2.3"),
        Place("licence_versions", "face_item", "s1.2.3"),
        Place("licence_versions", "face_items", "1.2.4"),
        PLACE.item("签发人"),
    ):
        with pytest.raises(StorageError):
            VAULT.open(sealed, other)


def test_every_changed_character_is_noticed():
    sealed = VAULT.seal("梁某某", PLACE)
    start = sealed.rindex(":") + 1
    for place in range(start, len(sealed) - 1):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(StorageError):
            VAULT.open(changed, PLACE)
    for broken in ("", "梁某某", sealed[:30], sealed.replace("sealed:1", "sealed:2"), "sealed:1:AAAA"):
        with pytest.raises(StorageError):
            VAULT.open(broken, PLACE)


def test_a_face_hides_what_is_sensitive():
    items = {"经营场所": "海陵路1号", "签发人": "张三"}
    stored = VAULT.seal_face(items, frozenset({"签发人"}), PLACE)
    assert "张三" not in str(stored)
    assert VAULT.open_face(stored, PLACE) == items
    assert closed_face(stored, "******") == (("经营场所", "海陵路1号"), ("签发人", "******"))
    swapped = {"经营场所": stored["签发人"], "签发人": stored["签发人"]}
    with pytest.raises(StorageError):
        VAULT.open_face(swapped, PLACE)


def test_keys_lie_sealed_in_the_key_store_and_change(tmp_path):
    store = Keystore(tmp_path, b"password", iterations=1000)
    with pytest.raises(KeystoreError):
        open_vault(store)
    ensure_field_key(store)
    ensure_field_key(store)
    old = open_vault(store)
    sealed = old.seal("梁某某", PLACE)
    assert add_field_key(store) == 2
    assert store.reseal(b"another") == 2
    new = open_vault(Keystore(tmp_path, b"another", iterations=1000))
    assert new.open(sealed, PLACE) == "梁某某"
    assert (new.current, new.is_current(sealed)) == (2, False)
    assert old.open(new.seal("李某某", PLACE), PLACE) == "李某某"
    wrong = open_vault(Keystore(tmp_path, b"password", iterations=1000))
    with pytest.raises(StorageError):
        wrong.open(sealed, PLACE)
    for path in tmp_path.glob("*.secret"):
        assert path.stat().st_mode & 0o077 == 0
