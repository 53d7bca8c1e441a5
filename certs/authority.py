"""A small certification authority for embedded use and tests: SM2 certificates and CRLs (RFC 5280, GB/T 20518)."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certs.lint import lint
from certs.profiles import KEY_USAGE_BITS, Profile
from certs.revocation import RevokedEntry, crl_extensions, revoked_list
from signing import der, sm2
from signing.algorithms import SM2_WITH_SM3_OID
from signing.keys import SigningKey
from signing.keys_sm2 import Sm2SigningKey
from signing.sm2 import PublicKey
from signing.x509_fields import not_before, public_key_info, subject_name

CREDIT_CODE_OID = "1.2.156.10260.4.1.4"
"""Extension that carries the unified social credit code in the 2012 profile (GM/T 0015)."""

_ALGORITHM = der.sequence(der.oid(SM2_WITH_SM3_OID))
_NAME_OIDS = {"C": "2.5.4.6", "O": "2.5.4.10", "OU": "2.5.4.11", "CN": "2.5.4.3", "serialNumber": "2.5.4.5"}
_BACKDATE = timedelta(minutes=5)
"""Clocks differ a little; a certificate is good from a moment before it was made."""


@dataclass(frozen=True)
class Subject:
    """Whom a certificate names."""

    common_name: str
    organisation: str
    unified_social_credit_code: str | None = None
    country: str = "CN"

    def encode(self) -> bytes:
        """DER Name; the credit code stands in serialNumber too."""
        parts = [("C", der.printable(self.country)), ("O", der.utf8(self.organisation))]
        if self.unified_social_credit_code:
            parts.append(("serialNumber", der.printable(self.unified_social_credit_code)))
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
    crl_url: str | None = None


class CertificateAuthority:
    """Signs certificates and CRLs with one CA key."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
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
        crl_url: str | None = None,
    ) -> bytes:
        """A certificate, DER. ProfileError before the real key is used when it would break its profile."""
        request = CertificateRequest(
            profile=profile,
            subject=subject,
            public_key=public_key,
            not_before=now - _BACKDATE,
            not_after=now + timedelta(days=days or profile.days),
            crl_url=crl_url,
        )
        return self.sign_request(request)

    def sign_request(self, request: CertificateRequest) -> bytes:
        """A certificate with the exact times of the request, DER. ProfileError as in ``issue``."""
        tbs = _tbs_certificate(request, self._name, self._issuer_key)
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
        """A full CRL (RFC 5280, 5), DER."""
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


def self_signed_root(profile: Profile, subject: Subject, key: sm2.PrivateKey, *, now: datetime) -> Sm2SigningKey:
    """A root: its key with its self-signed certificate."""
    request = CertificateRequest(
        profile=profile,
        subject=subject,
        public_key=key.public_key,
        not_before=now - _BACKDATE,
        not_after=now + timedelta(days=profile.days),
    )
    tbs = _tbs_certificate(request, subject.encode(), key.public_key.spki)
    lint(_signed(tbs, _throwaway()), profile)
    unsigned = Sm2SigningKey(private=key, certificate=b"")
    return replace(unsigned, certificate=_signed(tbs, unsigned))


def _throwaway() -> Sm2SigningKey:
    return Sm2SigningKey(private=sm2.generate(), certificate=b"")


def _signed(tbs: bytes, key: SigningKey) -> bytes:
    return der.sequence(tbs, _ALGORITHM, der.bit_string(key.sign(tbs)))


def _tbs_certificate(request: CertificateRequest, issuer: bytes, issuer_key: bytes) -> bytes:
    return der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(secrets.randbits(126) | 1 << 126),
        _ALGORITHM,
        issuer,
        der.sequence(der.time(request.not_before), der.time(request.not_after)),
        request.subject.encode(),
        request.public_key.spki,
        der.explicit(3, der.sequence(*_extensions(request, issuer_key))),
    )


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
    if request.crl_url:
        name = der.explicit(0, der.explicit(0, der.implicit(6, request.crl_url.encode("ascii"))))
        extensions.append(_extension("2.5.29.31", der.sequence(der.sequence(name))))
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
