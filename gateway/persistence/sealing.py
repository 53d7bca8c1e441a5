"""Personal fields at rest: SM4-GCM (GB/T 32907, NIST SP 800-38D) under a key of the key store.

Each sealed value is bound to its place (table, column, row), so that it opens nowhere else, and names its key, so that
keys can be changed while rows of the older ones stay readable. Nothing searches in sealed fields.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from certs.errors import KeystoreError
from certs.keystore import Keystore
from gateway.errors import StorageError

KEY_NAME = "fields"
"""The field keys are called fields-1, fields-2, ...; the last one seals."""
_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 16, 12, 16
_SEALED = re.compile(r"sealed:(\d{1,9}):([A-Za-z0-9_-]+)")
_KEY = re.compile(rf"{KEY_NAME}-(\d{{1,9}})")
_FACE_MARK = "sealed"


@dataclass(frozen=True)
class Place:
    """Where a value stands; it is authenticated with the value."""

    table: str
    column: str
    row: str
    """What names the row for ever, and is known before it is written."""

    def item(self, label: str) -> "Place":
        """One item of a JSON column."""
        return Place(self.table, f"{self.column}/{label}", self.row)

    def encode(self) -> bytes:
        """Unambiguous bytes: each part with its length."""
        parts = [part.encode() for part in (self.table, self.column, self.row)]
        return b"".join(len(part).to_bytes(4) + part for part in parts)


class FieldVault:
    """Seals and opens single values. ``key`` gives the 16 bytes of a key by its number."""

    def __init__(self, current: int, key: Callable[[int], bytes]) -> None:
        self.current = current
        self._key = key
        self._known: dict[int, bytes] = {}

    def seal(self, text: str, place: Place) -> str:
        """``sealed:KEY:BASE64URL`` of nonce, ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        encryptor = Cipher(algorithms.SM4(self._bytes(self.current)), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(place.encode())
        data = nonce + encryptor.update(text.encode()) + encryptor.finalize() + encryptor.tag
        return f"sealed:{self.current}:{base64.urlsafe_b64encode(data).rstrip(b'=').decode()}"

    def open(self, sealed: str, place: Place) -> str:
        """The text. StorageError when it was changed, moved to another place, or is not sealed at all."""
        try:
            number, data = _parts(sealed)
            nonce, body, tag = data[:_NONCE_BYTES], data[_NONCE_BYTES:-_TAG_BYTES], data[-_TAG_BYTES:]
            decryptor = Cipher(algorithms.SM4(self._bytes(number)), modes.GCM(nonce, tag)).decryptor()
            decryptor.authenticate_additional_data(place.encode())
            return (decryptor.update(body) + decryptor.finalize()).decode()
        except (ValueError, binascii.Error, InvalidTag, KeystoreError) as error:
            raise StorageError(
                f"A sealed value of {place.table}.{place.column} does not open.",
                hint="Restore the row, or the field keys in the key store, from the backup.",
            ) from error

    def is_current(self, sealed: str) -> bool:
        """Whether a value is sealed with the newest key."""
        found = _SEALED.fullmatch(sealed)
        return found is not None and int(found[1]) == self.current

    def is_sealed(self, value: str) -> bool:
        """Whether a value has the form of a sealed one."""
        return _SEALED.fullmatch(value) is not None

    def seal_face(self, items: Mapping[str, str], sensitive: frozenset[str], place: Place) -> dict[str, Any]:
        """The lines of a face as they are stored: those under the labels ``sensitive`` as ``{"sealed": ...}``."""
        return {
            label: {_FACE_MARK: self.seal(value, place.item(label))} if label in sensitive else value
            for label, value in items.items()
        }

    def open_face(self, stored: Mapping[str, Any], place: Place) -> dict[str, str]:
        """The lines in clear, for those who may see them. StorageError as for ``open``."""
        return {
            label: self.open(str(value[_FACE_MARK]), place.item(label)) if isinstance(value, Mapping) else str(value)
            for label, value in stored.items()
        }

    def _bytes(self, number: int) -> bytes:
        if number not in self._known:
            self._known[number] = self._key(number)
        return self._known[number]


def _parts(sealed: str) -> tuple[int, bytes]:
    """Number of the key, and nonce, ciphertext and tag. ValueError when it is not sealed, or cut off."""
    found = _SEALED.fullmatch(sealed)
    if found is None:
        raise ValueError("not sealed")
    data = base64.b64decode(found[2] + "=" * (-len(found[2]) % 4), altchars=b"-_", validate=True)
    if len(data) < _NONCE_BYTES + _TAG_BYTES:
        raise ValueError("cut off")
    return int(found[1]), data


def closed_face(stored: Mapping[str, Any], hidden: str) -> tuple[tuple[str, str], ...]:
    """The lines with ``hidden`` in place of each sealed value; needs no key."""
    return tuple((label, hidden if isinstance(value, Mapping) else str(value)) for label, value in stored.items())


def sealed_values(stored: Mapping[str, Any]) -> list[str]:
    """The sealed values of a face."""
    return [str(value[_FACE_MARK]) for value in stored.values() if isinstance(value, Mapping)]


def add_field_key(keystore: Keystore) -> int:
    """Make the next field key; from now on it seals. Gives its number."""
    number = max(_numbers(keystore), default=0) + 1
    keystore.add_secret(f"{KEY_NAME}-{number}", os.urandom(_KEY_BYTES))
    return number


def ensure_field_key(keystore: Keystore) -> None:
    """Make the first field key where there is none; of two processes at once the first one's stays."""
    if not _numbers(keystore):
        try:
            add_field_key(keystore)
        except KeystoreError:
            if not _numbers(keystore):
                raise


def open_vault(keystore: Keystore) -> FieldVault:
    """The vault over the field keys of a key store. KeystoreError when there is none yet."""
    numbers = _numbers(keystore)
    if not numbers:
        raise KeystoreError("没有个人字段密钥，请运行 init。There is no key for personal fields; run init")
    return FieldVault(max(numbers), lambda number: keystore.secret(f"{KEY_NAME}-{number}"))


def _numbers(keystore: Keystore) -> list[int]:
    return [int(found[1]) for name in keystore.secret_names() if (found := _KEY.fullmatch(name))]
