"""Trust material for everyone: CA and seal certificates and revocation lists, as files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from asn1crypto import pem

from gateway.domain.conclusion import certificate_reason
from gateway.errors import NotFoundError
from gateway.services.dependencies import Dependencies
from signing.errors import SigningError
from signing.sm2 import load_public
from signing.validation.policy import ValidationPolicy
from signing.validation.process import validate_certificate
from signing.validation.report import Conclusion
from signing.x509_fields import public_key_info

_PUBLISHED = ("anchors", "certificates", "signers", "crls")
PEM, DER_CERTIFICATE, DER_LIST = "application/x-pem-file", "application/pkix-cert", "application/pkix-crl"


KeyUse = Literal["licence_code", "list"]
_KEYS_FOR = timedelta(minutes=1)
"""How long one look at the certificates stands: a page keeps the answer far longer, and says how old it is."""


@dataclass(frozen=True)
class PublishedKey:
    """A key that pages check signatures with."""

    use: KeyUse
    key_id: bytes
    public_key: bytes
    """04, x and y, 65 bytes."""
    reason: str
    """What its certificate gave: ``GENUINE``, or the code why it cannot be relied on."""


@dataclass(frozen=True)
class PublishedKeys:
    """Every key, with the instant at which the certificates were checked."""

    as_of: datetime
    keys: tuple[PublishedKey, ...]


@dataclass(frozen=True)
class TrustFile:
    """One published file with its media type (RFC 2585)."""

    content: bytes
    media_type: str


class Trust:
    """Serves the files of the trust store that counterparties need."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._published: PublishedKeys | None = None

    def keys(self) -> PublishedKeys:
        """The keys of licence codes and lists, for who cannot check certificates: the reader's browser."""
        found, now = self._published, self._deps.clock()
        if found is None or not found.as_of <= now < found.as_of + _KEYS_FOR:
            codes, lists = self._deps.trust_store.known_keys()
            policy = self._deps.policy()
            keys = (*_published("licence_code", codes, policy, now), *_published("list", lists, policy, now))
            found = self._published = PublishedKeys(now, keys)
        return found

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


def _published(
    use: KeyUse, certificates: Mapping[bytes, bytes], policy: ValidationPolicy, at: datetime
) -> Iterable[PublishedKey]:
    for key_id, certificate in certificates.items():
        try:
            public_key = load_public(public_key_info(certificate))
        except SigningError:
            continue  # no SM2 key: it cannot have signed a token
        validation = validate_certificate(certificate, policy, at=at, use="signature")
        good = validation.conclusion is Conclusion.PASSED
        code = "GENUINE" if good else certificate_reason(validation.sub_indication).code
        yield PublishedKey(use, key_id, public_key.point, code)
