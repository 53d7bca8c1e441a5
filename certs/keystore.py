"""Private keys at rest: one folder, per key an encrypted PKCS#8 file and its certificates."""

import os
import re
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from asn1crypto import pem

from certs.errors import KeystoreError
from signing import sm2
from signing.errors import SigningError
from signing.keys_sm2 import Sm2SigningKey
from signing.x509_fields import public_key_info

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PASSWORD_BYTES = 32
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


def create_password_file(path: Path) -> bytes:
    """The password in ``path``; a random one of 256 bits is written when the file is not there.

    An existing file is never replaced, not even when two processes come at once.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        with suppress(FileExistsError):
            write_private(path, secrets.token_urlsafe(_PASSWORD_BYTES).encode() + b"\n", replace=False)
    return read_password_file(path)


def read_password_file(path: Path) -> bytes:
    """The password, without its line end. KeystoreError when missing, empty or open to others."""
    try:
        mode, content = path.stat().st_mode, path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise KeystoreError(f"the password file {path} cannot be read: {error.strerror}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeystoreError(f"the password file {path} is open to others: chmod 600 {path}")
    if not content:
        raise KeystoreError(f"the password file {path} is empty")
    return content


class Keystore:
    """Stores and unlocks SM2 keys. Unlocked keys stay in memory for the life of the object."""

    def __init__(self, folder: Path, password: bytes, *, iterations: int = 600_000) -> None:
        self._folder = folder
        self._password = password
        self._iterations = iterations
        self._unlocked: dict[str, Sm2SigningKey] = {}

    def __contains__(self, name: str) -> bool:
        return self._key_path(name).exists() and self._certificate_path(name).exists()

    def names(self) -> list[str]:
        """Names of the stored keys, sorted."""
        names = (path.stem for path in self._folder.glob("*.p8") if _NAME.fullmatch(path.stem))
        return sorted(name for name in names if name in self)

    def store(self, name: str, key: Sm2SigningKey) -> None:
        """Write a key and its certificates durably; the certificate last, so that half a pair is no key.

        KeystoreError when the certificate is not for this key: its signatures would verify for nobody.
        """
        _require_match(name, key)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(_FOLDER_MODE)
        sealed = sm2.backend().dump_private(key.private, self._password, iterations=self._iterations)
        write_private(self._key_path(name), sealed)
        write_private(self._certificate_path(name), encode_pem([key.certificate, *key.chain]))
        self._unlocked[name] = key

    def load(self, name: str) -> Sm2SigningKey:
        """The unlocked key. KeystoreError when it is missing, damaged, or the password does not open it."""
        if name not in self._unlocked:
            certificate, *chain = self._certificates(name)
            try:
                private = sm2.backend().load_private(self._key_path(name).read_bytes(), self._password)
            except (OSError, SigningError):
                # What exactly failed is of use to an attacker only.
                raise KeystoreError(f"the key {name} cannot be opened: wrong password or damaged file") from None
            key = Sm2SigningKey(private=private, certificate=certificate, chain=tuple(chain))
            _require_match(name, key)
            self._unlocked[name] = key
        return self._unlocked[name]

    def certificate(self, name: str) -> bytes:
        """DER certificate of a stored key, without unlocking it. KeystoreError when it is missing or damaged."""
        return self._certificates(name)[0]

    def _certificates(self, name: str) -> list[bytes]:
        if name not in self:
            raise KeystoreError(f"there is no key named {name}")
        try:
            return decode_pem(self._certificate_path(name).read_bytes())
        except (OSError, KeystoreError) as error:
            raise KeystoreError(f"the certificate of the key {name} cannot be read") from error

    def _key_path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeystoreError("a key name has letters, digits, dot, dash and underscore only")
        return self._folder / f"{name}.p8"

    def _certificate_path(self, name: str) -> Path:
        return self._key_path(name).with_suffix(".pem")


def write_private(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write ``data`` to ``path`` in one step and durably, readable by the owner alone.

    Without ``replace`` an existing file is a FileExistsError. OSError when it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The new name survives a power cut only when its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_match(name: str, key: Sm2SigningKey) -> None:
    try:
        matches = public_key_info(key.certificate) == key.private.public_key.spki
    except SigningError as error:
        raise KeystoreError(f"the certificate of the key {name} cannot be read") from error
    if not matches:
        raise KeystoreError(f"the certificate of the key {name} is for another key")


def encode_pem(certificates: Iterable[bytes]) -> bytes:
    """PEM of DER certificates, in order."""
    return b"".join(pem.armor("CERTIFICATE", certificate) for certificate in certificates)


def decode_pem(text: bytes) -> list[bytes]:
    """DER certificates of a PEM file. KeystoreError when there is none."""
    try:
        blocks = [der for label, _, der in pem.unarmor(text, multiple=True) if label == "CERTIFICATE"]
    except ValueError as error:
        raise KeystoreError("not a PEM file") from error
    if not blocks:
        raise KeystoreError("no certificate in the PEM file")
    return blocks
