"""Trust material for everyone: CA and seal certificates and revocation lists, as files."""

from pathlib import Path

from gateway.errors import NotFoundError
from gateway.services.dependencies import Dependencies

_PUBLISHED = ("anchors", "certificates", "crls")


class Trust:
    """Serves the files of the trust store that counterparties need."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def listing(self) -> dict[str, list[str]]:
        """File names by folder."""
        return {
            folder: sorted(path.name for path in (self._deps.trust_dir / folder).glob("*") if path.is_file())
            for folder in _PUBLISHED
        }

    def file(self, folder: str, name: str) -> bytes:
        """The content of one published file. NotFoundError for any other name."""
        if folder not in _PUBLISHED or name not in self.listing()[folder]:
            raise NotFoundError(f"There is no trust file {folder}/{name}.")
        path: Path = self._deps.trust_dir / folder / name
        return path.read_bytes()
