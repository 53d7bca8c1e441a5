"""Which certificates a CA of ours issued: one serial number a line, written before the certificate leaves the CA."""

import os
from pathlib import Path

from certs.errors import KeystoreError
from signing.x509_fields import serial_number

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class IssuedCertificates:
    """A file of serial numbers (hexadecimal) for each CA, which only grows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, frozenset[int]]] = {}

    def record(self, ca_name: str, certificate: bytes) -> None:
        """Note a certificate (DER) durably. OSError when that cannot be: then it must not be handed out."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        descriptor = os.open(self._path(ca_name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, _FILE_MODE)
        try:
            os.write(descriptor, f"{serial_number(certificate):x}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def knows(self, ca_name: str, serial: int) -> bool:
        """Whether the CA issued a certificate with this serial number."""
        return serial in self._serials(ca_name)

    def _serials(self, ca_name: str) -> frozenset[int]:
        path = self._path(ca_name)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return frozenset()
        # The file only grows, so that its size tells whether it was read to the end.
        known = self._read.get(ca_name)
        if known is not None and known[0] == size:
            return known[1]
        lines = path.read_bytes()[:size].split(b"\n")
        # What follows the last line end is half a line of a writer that was stopped: no certificate came of it.
        found = frozenset(int(line, 16) for line in lines[:-1] if line)
        self._read[ca_name] = (size, found)
        return found

    def _path(self, ca_name: str) -> Path:
        if not ca_name or "/" in ca_name or ca_name.startswith("."):
            raise KeystoreError(f"{ca_name} is no name of a key")
        return self._folder / f"{ca_name}.txt"
