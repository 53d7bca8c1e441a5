"""Trust material for everyone: CA and seal certificates and revocation lists, as files."""

from dataclasses import dataclass

from asn1crypto import pem

from gateway.errors import NotFoundError
from gateway.services.dependencies import Dependencies

_PUBLISHED = ("anchors", "certificates", "crls")
PEM, DER_CERTIFICATE, DER_LIST = "application/x-pem-file", "application/pkix-cert", "application/pkix-crl"


@dataclass(frozen=True)
class TrustFile:
    """One published file with its media type (RFC 2585)."""

    content: bytes
    media_type: str


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

    def file(self, folder: str, name: str) -> TrustFile:
        """One published file. NotFoundError for any other name.

        Revocation lists are DER, as the addresses in certificates promise (RFC 5280, 4.2.1.13); certificates are PEM
        with their chain, or under the ending ``.cer`` DER alone.
        """
        wants_der = name.endswith(".cer")
        stored = f"{name.removesuffix('.cer')}.pem" if wants_der else name
        if folder not in _PUBLISHED or stored not in self.listing()[folder]:
            raise NotFoundError(f"没有文件 {folder}/{name}。There is no trust file {folder}/{name}.")
        content = (self._deps.trust_dir / folder / stored).read_bytes()
        if folder == "crls":
            return TrustFile(pem.unarmor(content)[2], DER_LIST)
        if wants_der:
            return TrustFile(next(der for _, _, der in pem.unarmor(content, multiple=True)), DER_CERTIFICATE)
        return TrustFile(content, PEM)
