"""Encrypts single fields at rest with SM4-GCM (GB/T 32907; GCM: NIST SP 800-38D).

The keys lie in a folder, each encrypted under the key password; a sealed field names its key, so that fields under an
older key stay readable after a new one was made.
"""

import base64
import json
import os
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from certs.errors import KeystoreError
from certs.private_files import write_private

_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES, _SALT_BYTES = 16, 12, 16, 16
_PREFIX = "sealed:"
_NAME = re.compile(r"field-([0-9a-f]{8})\.key")
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}
"""A tenth of a second and 32 MiB: once for each process."""


class FieldVault:
    """Seals and opens short texts, each bound to its place."""

    def __init__(self, folder: Path, password: bytes) -> None:
        self._folder = folder
        self._password = password
        self._keys: dict[str, bytes] = {}

    def seal(self, text: str, place: str) -> str:
        """``text`` encrypted; it can be opened at the same ``place`` (table, column, row) only."""
        name = self._current
        nonce = os.urandom(_NONCE_BYTES)
        content = nonce + _encrypt(self._key(name), nonce, text.encode(), place.encode())
        return f"{_PREFIX}{name}:{base64.urlsafe_b64encode(content).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """The text. KeystoreError when it was changed, moved to another place, or its key is missing."""
        _, name, encoded = sealed.split(":", 2) if sealed.count(":") == 2 else ("", "", "")  # noqa: PLR2004 - three parts
        try:
            content = base64.urlsafe_b64decode(encoded)
            nonce, rest = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
            return _decrypt(self._key(name), nonce, rest, place.encode()).decode()
        except (ValueError, InvalidTag):
            raise KeystoreError("a sealed field cannot be opened: it was changed or moved") from None

    def is_sealed(self, text: str) -> bool:
        """Whether a stored text is a sealed one."""
        return text.startswith(_PREFIX)

    def rotate(self) -> str:
        """Make a new key, with which everything is sealed from now on; gives its name."""
        name = secrets.token_hex(4)
        key, salt, nonce = os.urandom(_KEY_BYTES), os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
        wrapped = _encrypt(self._wrapping_key(salt), nonce, key, name.encode())
        content = {"made": len(self._files()), "salt": salt.hex(), "nonce": nonce.hex(), "key": wrapped.hex()}
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._folder / f"field-{name}.key", json.dumps(content).encode())
        self.__dict__.pop("_current", None)
        return name

    @cached_property
    def _current(self) -> str:
        """The newest key's name; one is made when there is none."""
        files = self._files()
        if not files:
            return self.rotate()
        return max(files, key=lambda name: int(self._content(name)["made"]))

    def _files(self) -> list[str]:
        matches = (_NAME.fullmatch(path.name) for path in self._folder.glob("field-*.key"))
        return sorted(match[1] for match in matches if match)

    def _key(self, name: str) -> bytes:
        if name not in self._keys:
            content = self._content(name)
            salt, nonce, wrapped = (bytes.fromhex(str(content[part])) for part in ("salt", "nonce", "key"))
            try:
                self._keys[name] = _decrypt(self._wrapping_key(salt), nonce, wrapped, name.encode())
            except InvalidTag:
                raise KeystoreError(f"the field key {name} cannot be opened: wrong password or damaged file") from None
        return self._keys[name]

    def _content(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self._folder / f"field-{name}.key").read_bytes())
        except (OSError, ValueError):
            raise KeystoreError(f"the field key {name} is missing or damaged") from None
        return found

    def _wrapping_key(self, salt: bytes) -> bytes:
        return Scrypt(salt=salt, length=_KEY_BYTES, **_SCRYPT).derive(self._password)


def _encrypt(key: bytes, nonce: bytes, plain: bytes, place: bytes) -> bytes:
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(place)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def _decrypt(key: bytes, nonce: bytes, content: bytes, place: bytes) -> bytes:
    """InvalidTag when anything was changed; ValueError when it is too short."""
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, content[-_TAG_BYTES:])).decryptor()
    decryptor.authenticate_additional_data(place)
    return decryptor.update(content[:-_TAG_BYTES]) + decryptor.finalize()
