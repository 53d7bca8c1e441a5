"""Secrets in files: written in one step and durably, readable by their owner alone."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from certs.errors import KeystoreError

_PASSWORD_BYTES = 32
_FILE_MODE, FOLDER_MODE = 0o600, 0o700


def create_password_file(path: Path) -> bytes:
    """The password in ``path``; a random one of 256 bits is written when the file is not there.

    An existing file is never replaced, not even when two processes come at once.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
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


def next_password_file(path: Path) -> Path:
    """Where the new password waits while the keys are being put under it."""
    return path.with_name(f"{path.name}.next")


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
