"""Which of the revocation data at hand speak of the certificates in a report, by digest."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from asn1crypto import ocsp
from cryptography import x509

from signing.errors import MalformedDataError
from signing.validation.x509 import load_certificate


@dataclass(frozen=True)
class RevocationData:
    """A revocation list or an OCSP response, told by its digest: lists may be large."""

    kind: str
    """``CRL`` or ``OCSPResponse``."""
    sha256: str
    """Of the DER, hexadecimal."""
    issued_at: datetime
    issuer: str
    """Distinguished name (RFC 4514), empty for a response."""
    der: bytes = field(repr=False, compare=False)


@dataclass(frozen=True)
class _Scope:
    """What a piece of revocation data speaks of."""

    data: RevocationData
    issuer: x509.Name | None = None
    serial_numbers: frozenset[int] = frozenset()


def relevant_revocation_data(
    chains: Iterable[tuple[bytes, ...]], crls: Iterable[bytes], ocsp_responses: Iterable[bytes]
) -> tuple[RevocationData, ...]:
    """Lists of the issuers in ``chains`` (DER certificates) and responses on their serial numbers, without repetition."""
    parsed = [load_certificate(der).parsed for der in {der for chain in chains for der in chain} if _is_readable(der)]
    issuers = {certificate.issuer for certificate in parsed}
    numbers = {certificate.serial_number for certificate in parsed}
    found = [scope.data for scope in map(_list_scope, crls) if scope is not None and scope.issuer in issuers]
    found += [s.data for s in map(_response_scope, ocsp_responses) if s is not None and s.serial_numbers & numbers]
    return tuple(dict.fromkeys(found))


def _is_readable(der: bytes) -> bool:
    try:
        load_certificate(der)
    except MalformedDataError:
        return False
    return True


@lru_cache(maxsize=256)
def _list_scope(der: bytes) -> _Scope | None:
    try:
        crl = x509.load_der_x509_crl(der)
        name = crl.issuer.rfc4514_string()
        return _Scope(
            RevocationData("CRL", hashlib.sha256(der).hexdigest(), crl.last_update_utc, name, der), crl.issuer
        )
    except (ValueError, TypeError):
        return None


@lru_cache(maxsize=256)
def _response_scope(der: bytes) -> _Scope | None:
    try:
        data = ocsp.OCSPResponse.load(der).response_data
        numbers = frozenset(entry["cert_id"]["serial_number"].native for entry in data["responses"])
        produced_at: datetime = data["produced_at"].native
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return _Scope(RevocationData("OCSPResponse", hashlib.sha256(der).hexdigest(), produced_at, "", der), None, numbers)
