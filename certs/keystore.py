"""Private keys at rest: one folder, per key an encrypted PKCS#8 file and its certificates."""

import os
import re
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from asn1crypto import pem

from certs.errors import KeystoreError
from signing import sm2
from signing.errors import SigningError
from signing.keys_sm2 import Sm2SigningKey

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PASSWORD_BYTES = 32
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


def create_password_file(path: Path) -> bytes:
    """The password in ``path``; a random one of 256 bits is written when the file is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        write_private(path, secrets.token_urlsafe(_PASSWORD_BYTES).encode() + b"\n")
    return read_password_file(path)


def read_password_file(path: Path) -> bytes:
    """The password, without its line end. KeystoreError when missing, empty or open to others."""
    try:
        mode, content = path.stat().st_mode, path.read_bytes().strip()
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
        return sorted(path.stem for path in self._folder.glob("*.p8"))

    def store(self, name: str, key: Sm2SigningKey) -> None:
        """Write a key and its certificates durably; the certificate last, so that half a pair is no key."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        sealed = sm2.backend().dump_private(key.private, self._password, iterations=self._iterations)
        write_private(self._key_path(name), sealed)
        write_private(self._certificate_path(name), encode_pem([key.certificate, *key.chain]))
        self._unlocked[name] = key

    def load(self, name: str) -> Sm2SigningKey:
        """The unlocked key. KeystoreError when it is missing or the password does not open it."""
        if name not in self._unlocked:
            if name not in self:
                raise KeystoreError(f"there is no key named {name}")
            try:
                private = sm2.backend().load_private(self._key_path(name).read_bytes(), self._password)
            except (OSError, SigningError) as error:
                raise KeystoreError(f"the key {name} cannot be opened: wrong password or damaged file") from error
            certificate, *chain = decode_pem(self._certificate_path(name).read_bytes())
            self._unlocked[name] = Sm2SigningKey(private=private, certificate=certificate, chain=tuple(chain))
        return self._unlocked[name]

    def certificate(self, name: str) -> bytes:
        """DER certificate of a stored key, without unlocking it."""
        return decode_pem(self._certificate_path(name).read_bytes())[0]

    def _key_path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise KeystoreError("a key name has letters, digits, dot, dash and underscore only")
        return self._folder / f"{name}.p8"

    def _certificate_path(self, name: str) -> Path:
        return self._key_path(name).with_suffix(".pem")


def write_private(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` atomically and durably, readable by the owner alone."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


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
