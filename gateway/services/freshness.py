"""How fresh the published trust material is: files are read again when they changed only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from asn1crypto import pem
from cryptography import x509

from signing.errors import SigningError
from signing.ocsp import parse_response

_MOST_FILES = 500
"""Of each kind; the rest are left out, so that the number of series stays bounded."""
Read = TypeVar("Read")


@dataclass(frozen=True)
class RevocationData:
    """One file."""

    kind: str
    """``crl`` or ``ocsp``."""
    file: str
    this_update: datetime
    next_update: datetime | None


class Freshness:
    """Reads a trust store's folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[int, object]] = {}

    def revocation_data(self) -> Iterator[RevocationData]:
        """Revocation lists and kept OCSP answers; files that cannot be read are left out, the trust store names them."""
        self._forget_removed()
        for path in self._files("crls", ".crl", ".pem"):
            yield from self._once(path, _lists)
        for path in self._files("ocsp", ".ors", ".der"):
            yield from self._once(path, _answers)

    def certificate_ends(self) -> Iterator[tuple[str, datetime]]:
        """The end of the first certificate in each file."""
        for folder in ("anchors", "certificates", "signers"):
            for path in self._files(folder, ".pem"):
                yield from ((f"{folder}/{path.name}", end) for end in self._once(path, _ends))

    def _files(self, folder: str, *suffixes: str) -> list[Path]:
        place = self._folder / folder
        return sorted(path for path in place.glob("*") if path.suffix in suffixes)[:_MOST_FILES]

    def _forget_removed(self) -> None:
        """Published answers and lists come and go for years."""
        self._read = {path: known for path, known in self._read.items() if path.exists()}

    def _once(self, path: Path, read: Callable[[Path], list[Read]]) -> list[Read]:
        try:
            stamp = path.stat().st_mtime_ns
            known = self._read.get(path)
            if known is None or known[0] != stamp:
                known = self._read[path] = (stamp, read(path))
        except (OSError, ValueError, SigningError):
            return []
        return known[1]  # type: ignore[return-value] # a path is always read by the same function


def _lists(path: Path) -> list[RevocationData]:
    data = path.read_bytes()
    found = x509.load_pem_x509_crl(data) if pem.detect(data) else x509.load_der_x509_crl(data)
    return [RevocationData("crl", path.name, found.last_update_utc, found.next_update_utc)]


def _answers(path: Path) -> list[RevocationData]:
    response = parse_response(path.read_bytes())
    return [RevocationData("ocsp", path.name, each.this_update, each.next_update) for each in response.responses[:1]]


def _ends(path: Path) -> list[datetime]:
    return [x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc]
