"""A small certification authority for embedded use and tests: SM2 certificates and CRLs (RFC 5280, GB/T 20518)."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from certs.errors import RevocationListError
from certs.lint import lint
from certs.profiles import KEY_USAGE_BITS, Profile
from certs.revocation import RevokedEntry, crl_extensions, merge, read_revocation_list, revoked_list
from signing import der, sm2
from signing.algorithms import SM2_WITH_SM3_OID
from signing.keys import SigningKey
from signing.keys_sm2 import Sm2SigningKey
from signing.sm2 import PublicKey
from signing.x509_fields import not_before, public_key_info, subject_name

CREDIT_CODE_OID = "1.2.156.10260.4.1.4"
"""Extension that carries the unified social credit code in the 2012 profile (GM/T 0015)."""

_ALGORITHM = der.sequence(der.oid(SM2_WITH_SM3_OID))
_CA_ISSUERS_OID = "1.3.6.1.5.5.7.48.2"
_SERIAL_BITS = 128
_NAME_OIDS = {"C": "2.5.4.6", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3", "serialNumber": "2.5.4.5"}
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
        parts = [("C", der.printable(self.country)), ("O", der.utf8(self.organisation))]
        if self.unified_social_credit_code:
            parts.append((self.credit_code_field.value, der.printable(self.unified_social_credit_code)))
        parts.append(("CN", der.utf8(self.common_name)))
        return der.sequence(*(der.set_of(der.sequence(der.oid(_NAME_OIDS[name]), value)) for name, value in parts))


@dataclass(frozen=True)
class CertificateRequest:
    """Everything that goes into one certificate."""

    profile: Profile
    subject: Subject
    public_key: PublicKey
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class PublicationUrls:
    """Where a CA publishes; each address is left out of the certificates when it is None."""

    crl: str | None = None
    """CRL distribution point (RFC 5280, 4.2.1.13)."""
    issuer: str | None = None
    """The CA's own certificate (authority information access, 4.2.2.1)."""


class CertificateAuthority:
    """Signs certificates and CRLs with one CA key."""

    def __init__(self, key: SigningKey, *, urls: PublicationUrls | None = None) -> None:
        self._key = key
        self._urls = urls or PublicationUrls()
        self._issuer_key = public_key_info(key.certificate)
        self._name = subject_name(key.certificate)

    @property
    def certificate(self) -> bytes:
        """DER of the CA's own certificate."""
        return self._key.certificate

    def issue(
        self,
        profile: Profile,
        subject: Subject,
        public_key: PublicKey,
        *,
        now: datetime,
        days: int | None = None,
    ) -> bytes:
        """A certificate, DER. ProfileError before the real key is used when it would break its profile."""
        request = CertificateRequest(
            profile=profile,
            subject=subject,
            public_key=public_key,
            not_before=now - _BACKDATE,
            not_after=now + timedelta(days=profile.days if days is None else days),
        )
        return self.sign_request(request)

    def sign_request(self, request: CertificateRequest) -> bytes:
        """A certificate with the exact times of the request, DER. ProfileError as in ``issue``."""
        tbs = _tbs_certificate(request, self._name, self._issuer_key, self._urls)
        # A copy signed with a throwaway key is linted first: a wrong certificate cannot be taken back.
        lint(_signed(tbs, _throwaway()), request.profile)
        return _signed(tbs, self._key)

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
            _ALGORITHM,
            self._name,
            der.time(this_update),
            der.time(next_update),
            *((entries,) if entries else ()),
            crl_extensions(number, _key_identifier(self._issuer_key), not_before(self._key.certificate)),
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
        if last.issuer != self._name:
            raise RevocationListError("the previous list is from another CA")
        if last.this_update > this_update:
            raise RevocationListError("the previous list is newer than this update")
        entries = merge(last.entries, revoked)
        return self.crl(number=last.number + 1, this_update=this_update, next_update=next_update, revoked=entries)


def self_signed_root(profile: Profile, subject: Subject, key: sm2.PrivateKey, *, now: datetime) -> Sm2SigningKey:
    """A root: its key with its self-signed certificate."""
    request = CertificateRequest(
        profile=profile,
        subject=subject,
        public_key=key.public_key,
        not_before=now - _BACKDATE,
        not_after=now + timedelta(days=profile.days),
    )
    tbs = _tbs_certificate(request, subject.encode(), key.public_key.spki, PublicationUrls())
    lint(_signed(tbs, _throwaway()), profile)
    unsigned = Sm2SigningKey(private=key, certificate=b"")
    return replace(unsigned, certificate=_signed(tbs, unsigned))


@cache
def _throwaway() -> Sm2SigningKey:
    """A key that nobody trusts and that never leaves this process."""
    return Sm2SigningKey(private=sm2.generate(), certificate=b"")


def _signed(tbs: bytes, key: SigningKey) -> bytes:
    return der.sequence(tbs, _ALGORITHM, der.bit_string(key.sign(tbs)))


def _tbs_certificate(request: CertificateRequest, issuer: bytes, issuer_key: bytes, urls: PublicationUrls) -> bytes:
    # The top bit is set, so that every serial number is equally long.
    serial_number = secrets.randbits(_SERIAL_BITS) | 1 << (_SERIAL_BITS - 1)
    return der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(serial_number),
        _ALGORITHM,
        issuer,
        der.sequence(der.time(request.not_before), der.time(request.not_after)),
        request.subject.encode(),
        request.public_key.spki,
        der.explicit(3, der.sequence(*_extensions(request, issuer_key), *_publication(urls))),
    )


def _publication(urls: PublicationUrls) -> list[bytes]:
    """The extensions that name addresses."""
    extensions = []
    if urls.crl:
        name = der.explicit(0, der.explicit(0, _uri(urls.crl)))
        extensions.append(_extension("2.5.29.31", der.sequence(der.sequence(name))))
    if urls.issuer:
        description = der.sequence(der.oid(_CA_ISSUERS_OID), _uri(urls.issuer))
        extensions.append(_extension("1.3.6.1.5.5.7.1.1", der.sequence(description)))
    return extensions


def _uri(url: str) -> bytes:
    """GeneralName uniformResourceIdentifier."""
    return der.implicit(6, url.encode("ascii"))


def _extensions(request: CertificateRequest, issuer_key: bytes) -> list[bytes]:
    profile = request.profile
    extensions = [
        _extension("2.5.29.35", der.sequence(der.implicit(0, _key_identifier(issuer_key)))),
        _extension("2.5.29.14", der.octet_string(_key_identifier(request.public_key.spki))),
        _extension("2.5.29.15", _key_usage(profile), critical=True),
    ]
    if profile.is_ca:
        length = () if profile.path_length is None else (der.integer(profile.path_length),)
        extensions.append(_extension("2.5.29.19", der.sequence(der.boolean(value=True), *length), critical=True))
    if profile.extended_key_usage:
        usage = der.sequence(der.oid(profile.extended_key_usage))
        extensions.append(_extension("2.5.29.37", usage, critical=True))
    if request.subject.unified_social_credit_code:
        extensions.append(_extension(CREDIT_CODE_OID, der.utf8(request.subject.unified_social_credit_code)))
    return extensions


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = (der.boolean(value=True),) if critical else ()
    return der.sequence(der.oid(oid), *flag, der.octet_string(value))


def _key_usage(profile: Profile) -> bytes:
    bits = 0
    for usage in profile.key_usage:
        bits |= 0x80 >> KEY_USAGE_BITS[usage]
    unused = (bits & -bits).bit_length() - 1
    return der.bit_string(bytes((bits,)), unused)


def _key_identifier(spki: bytes) -> bytes:
    """The first 20 bytes of SM3 over the key, as long as the usual identifier (RFC 7093, 2)."""
    return sm2.sm3(spki)[:20]
