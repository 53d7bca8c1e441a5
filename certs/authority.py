"""A small certification authority for embedded use and tests (RFC 5280, GB/T 20518).

Its key is SM2, ECDSA or RSA; so are the keys that it certifies, and not always of the same kind.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from certs.errors import RevocationListError
from certs.extensions import (
    CREDIT_CODE_OID,
    NameConstraints,
    PublicationUrls,
    extension,
    identifiers,
    key_identifier,
    publication,
    purposes,
)
from certs.lint import lint
from certs.profiles import Profile
from certs.revocation import RevokedEntry, crl_extensions, merge, read_revocation_list, revoked_list
from signing import der, sm2
from signing.algorithms import SCHEMES
from signing.keys import SignatureAlgorithm, SigningKey
from signing.private_keys import AnyPrivateKey, SoftwareKey, generate, public_half, signing_key
from signing.x509_fields import not_before, public_key_info, subject_key_identifier, subject_name

__all__ = [
    "CREDIT_CODE_OID",
    "CertificateAuthority",
    "CertificateRequest",
    "CreditCodeField",
    "NameConstraints",
    "PublicationUrls",
    "Subject",
    "directory_name",
    "self_signed_root",
]

_SERIAL_BITS = 128
_NAME_OIDS = {"C": "2.5.4.6", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3", "serialNumber": "2.5.4.5"}
_PRINTABLE = {"C": der.printable, "serialNumber": der.printable}
_BACKDATE = timedelta(minutes=5)
"""Clocks differ a little; a certificate is good from a moment before it was made."""


class CreditCodeField(StrEnum):
    """Where CAs put the credit code in the subject, besides the extension."""

    SERIAL_NUMBER = "serialNumber"
    ORGANISATIONAL_UNIT = "OU"


@dataclass(frozen=True)
class Subject:
    """Whom a certificate names."""

    common_name: str
    organisation: str
    unified_social_credit_code: str | None = None
    country: str = "CN"
    credit_code_field: CreditCodeField = CreditCodeField.SERIAL_NUMBER

    def encode(self) -> bytes:
        """DER Name; the credit code stands in it too."""
        parts = [("C", self.country), ("O", self.organisation)]
        if self.unified_social_credit_code:
            parts.append((self.credit_code_field.value, self.unified_social_credit_code))
        return directory_name(*parts, ("CN", self.common_name))


def directory_name(*parts: tuple[str, str]) -> bytes:
    """DER Name of (C, O, OU, CN or serialNumber, value) pairs; country and numbers are PrintableString."""
    encoded = ((der.oid(_NAME_OIDS[name]), _PRINTABLE.get(name, der.utf8)(value)) for name, value in parts)
    return der.sequence(*(der.set_of(der.sequence(oid, value)) for oid, value in encoded))


@dataclass(frozen=True)
class CertificateRequest:
    """Everything that goes into one certificate."""

    profile: Profile
    subject: Subject
    public_key: sm2.PublicKey | bytes
    """An SM2 key, or the DER SubjectPublicKeyInfo of an SM2, P-256 or RSA key."""
    not_before: datetime
    not_after: datetime
    name_constraints: NameConstraints | None = None

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self.public_key if isinstance(self.public_key, bytes) else self.public_key.spki


@dataclass(frozen=True)
class _Issuer:
    """What a certificate says of its issuer."""

    algorithm: SignatureAlgorithm
    name: bytes
    key_identifier: bytes


class CertificateAuthority:
    """Signs certificates and CRLs with one CA key."""

    def __init__(
        self,
        key: SigningKey,
        *,
        urls: PublicationUrls | None = None,
        record: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """``record`` is given every certificate (DER) before it is handed out, which it is not when that fails."""
        self._key = key
        self._urls = urls or PublicationUrls()
        self._record = record
        self._issuer = _Issuer(
            key.algorithm,
            subject_name(key.certificate),
            # A certificate that others made for this key says itself how it is called (RFC 5280, 4.2.1.1).
            subject_key_identifier(key.certificate) or key_identifier(public_key_info(key.certificate)),
        )

    @property
    def certificate(self) -> bytes:
        """DER of the CA's own certificate."""
        return self._key.certificate

    def issue(
        self,
        profile: Profile,
        subject: Subject,
        public_key: sm2.PublicKey | bytes,
        *,
        now: datetime,
        days: int | None = None,
        name_constraints: NameConstraints | None = None,
    ) -> bytes:
        """A certificate, DER. ProfileError before the real key is used when it would break its profile."""
        request = CertificateRequest(
            profile=profile,
            subject=subject,
            public_key=public_key,
            not_before=now - _BACKDATE,
            not_after=now + timedelta(days=profile.days if days is None else days),
            name_constraints=name_constraints,
        )
        return self.sign_request(request)

    def sign_request(self, request: CertificateRequest) -> bytes:
        """A certificate with the exact times of the request, DER. ProfileError as in ``issue``."""
        tbs = _tbs_certificate(request, self._issuer, self._urls)
        # A copy signed with a throwaway key is linted first: a wrong certificate cannot be taken back.
        lint(_signed(tbs, _throwaway(self._key.algorithm)), request.profile)
        certificate = _signed(tbs, self._key)
        self._record(certificate)
        return certificate

    def crl(
        self,
        *,
        number: int,
        this_update: datetime,
        next_update: datetime,
        revoked: Iterable[RevokedEntry] = (),
    ) -> bytes:
        """A full CRL (RFC 5280, 5), DER; an empty or backward period is a RevocationListError."""
        if next_update <= this_update:
            raise RevocationListError("the next update must come after this one")
        entries = revoked_list(revoked)
        tbs = der.sequence(
            der.integer(1),
            SCHEMES[self._key.algorithm].algorithm_identifier,
            self._issuer.name,
            der.time(this_update),
            der.time(next_update),
            *((entries,) if entries else ()),
            crl_extensions(number, self._issuer.key_identifier, not_before(self._key.certificate)),
        )
        return _signed(tbs, self._key)

    def next_crl(
        self,
        previous: bytes | None,
        *,
        this_update: datetime,
        next_update: datetime,
        revoked: Iterable[RevokedEntry] = (),
    ) -> bytes:
        """The CRL after ``previous`` (DER, None for the first): the number grows and no entry is lost.

        RevocationListError when ``previous`` cannot be read, is not from this CA, or is newer than this update.
        """
        if previous is None:
            return self.crl(number=1, this_update=this_update, next_update=next_update, revoked=revoked)
        last = read_revocation_list(previous)
        if last.issuer != self._issuer.name:
            raise RevocationListError("the previous list is from another CA")
        if last.this_update > this_update:
            raise RevocationListError("the previous list is newer than this update")
        entries = merge(last.entries, revoked)
        return self.crl(number=last.number + 1, this_update=this_update, next_update=next_update, revoked=entries)


def self_signed_root(profile: Profile, subject: Subject, key: AnyPrivateKey, *, now: datetime) -> SoftwareKey:
    """A root: its key with its self-signed certificate."""
    unsigned = signing_key(key, b"")
    request = CertificateRequest(
        profile=profile,
        subject=subject,
        public_key=public_half(key),
        not_before=now - _BACKDATE,
        not_after=now + timedelta(days=profile.days),
    )
    issuer = _Issuer(unsigned.algorithm, subject.encode(), key_identifier(request.spki))
    tbs = _tbs_certificate(request, issuer, PublicationUrls())
    lint(_signed(tbs, _throwaway(unsigned.algorithm)), profile)
    return signing_key(key, _signed(tbs, unsigned))


@cache
def _throwaway(algorithm: SignatureAlgorithm) -> SigningKey:
    """A key that nobody trusts and that never leaves this process."""
    return signing_key(generate(algorithm), b"")


def _signed(tbs: bytes, key: SigningKey) -> bytes:
    return der.sequence(tbs, SCHEMES[key.algorithm].algorithm_identifier, der.bit_string(key.sign(tbs)))


def _tbs_certificate(request: CertificateRequest, issuer: _Issuer, urls: PublicationUrls) -> bytes:
    # The top bit is set, so that every serial number is equally long.
    serial_number = secrets.randbits(_SERIAL_BITS) | 1 << (_SERIAL_BITS - 1)
    extensions = [*identifiers(request.spki, issuer.key_identifier), *purposes(request.profile)]
    if request.name_constraints is not None:
        extensions.append(request.name_constraints.encode())
    if request.subject.unified_social_credit_code:
        extensions.append(extension(CREDIT_CODE_OID, der.utf8(request.subject.unified_social_credit_code)))
    return der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(serial_number),
        SCHEMES[issuer.algorithm].algorithm_identifier,
        issuer.name,
        der.sequence(der.time(request.not_before), der.time(request.not_after)),
        request.subject.encode(),
        request.spki,
        der.explicit(3, der.sequence(*extensions, *publication(urls))),
    )
