"""Certificates for the gateway's keys: requests for real CAs, issue and revocation by the embedded CA, checks of chains."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import csr, pem
from cryptography import x509
from cryptography.x509.oid import NameOID

from certs.authority import CertificateAuthority, Subject
from certs.certificate_files import match_chain, read_certificates
from certs.certificate_requests import certificate_request, request_of
from certs.credit_code import ExtractionRules, extract_credit_code
from certs.errors import CreditCodeError, ProfileError
from certs.key_uses import Purpose, purposes_of
from certs.lint import lint
from certs.profiles import GATEWAY_SIGNER, OCSP_RESPONDER, PROFILES, SEAL_SIGNER, TIMESTAMPING_UNIT, Profile
from certs.revocation import RevocationReason, RevokedEntry
from gateway.errors import ConflictError, NotFoundError, UnreadableInputError
from gateway.persistence.models import AuditEvent
from gateway.services.dependencies import Dependencies
from gateway.services.embedded_cas import ISSUING_KEY
from gateway.services.installation import Installation
from signing.errors import SigningError
from signing.keys import SignatureAlgorithm
from signing.outside_keys import algorithm_of
from signing.private_keys import AnyPrivateKey, SoftwareKey, public_half, signing_key
from signing.sm2 import sm3
from signing.validation.cryptographic import verify_value
from signing.validation.policy import Use
from signing.validation.process import CertificateValidation, validate_certificate
from signing.validation.x509 import load_certificate
from signing.x509_fields import public_key_info

_AUTHORITY = frozenset({Purpose.CERTIFICATE, Purpose.CRL})
_MOST_REQUEST_BYTES = 64 * 1024


@dataclass(frozen=True)
class CertificateView:
    """One certificate as it is shown."""

    subject: str
    issuer: str
    serial_number: str
    """Hexadecimal."""
    not_before: datetime
    not_after: datetime
    algorithm: SignatureAlgorithm | None
    """What its key signs with; None for other kinds of keys."""
    unified_social_credit_code: str | None
    purposes: tuple[str, ...]
    sm3: str


class Certificates:
    """Shows, requests, issues, revokes and judges certificates; each public method stands for one command."""

    def __init__(self, deps: Dependencies, installation: Installation, actor: str) -> None:
        self._deps = deps
        self._installation = installation
        self._actor = actor

    def known(self) -> tuple[bytes, ...]:
        """Certificates of the trust store: anchors and issuers."""
        policy = self._deps.policy()
        return (*(anchor.certificate for anchor in policy.trust_anchors), *policy.certificates)

    def view(self, certificate: bytes) -> CertificateView:
        """What a certificate (DER) says. SigningError when it is none."""
        parsed = load_certificate(certificate).parsed
        return CertificateView(
            subject=parsed.subject.rfc4514_string(),
            issuer=parsed.issuer.rfc4514_string(),
            serial_number=f"{parsed.serial_number:x}",
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
            algorithm=_algorithm(certificate),
            unified_social_credit_code=_credit_code(certificate, self._deps.credit_code_rules),
            purposes=tuple(sorted(purposes_of(certificate))),
            sm3=sm3(certificate).hex(),
        )

    def may_sign(self, certificate: bytes) -> bool:
        """Whether a certificate leaves its key anything to sign."""
        return bool(purposes_of(certificate))

    def of(self, name_or_file: str) -> tuple[bytes, ...]:
        """DER certificates of a key of the store, else of a file. UnreadableInputError, CertsError."""
        keystore, path = self._deps.keystore, Path(name_or_file)
        if not path.exists() and name_or_file in keystore.names():
            return (keystore.certificate(name_or_file), *keystore.chain(name_or_file))
        try:
            return read_certificates(path.read_bytes())
        except OSError as error:
            raise UnreadableInputError(
                f"{name_or_file} 既不是密钥名称，也不是可读的文件。"
                f"{name_or_file} is neither the name of a key nor a readable file ({error.strerror}).",
                hint="Run: licence-gateway key list",
            ) from error

    def request(self, name: str, subject: Subject) -> bytes:
        """DER PKCS#10 request of a key, for a real CA. KeystoreError, KeyUseError."""
        keystore = self._deps.keystore
        entry = keystore.entry(name)
        if entry.certificate is None:
            request = certificate_request(subject, keystore.private(name))
        else:
            key = keystore.load(name, Purpose.PROOF, actor=self._actor)
            request = request_of(subject, public_key_info(key.certificate), key)
        self._note("certificate_requested", name, {"request_sm3": sm3(request).hex()})
        return request

    def issue(self, request: bytes, profile: Profile, subject: Subject | None = None) -> tuple[bytes, bytes]:
        """The embedded CA's certificate for a PKCS#10 request, with that of the CA. ProfileError, UnreadableInputError.

        The request must be signed by its own key (RFC 2986, 4.2). Its name stands unless ``subject`` says otherwise.
        """
        public, named = read_request(request)
        authority = self._authority(self._actor)
        certificate = authority.issue(profile, subject or named, public, now=self._deps.clock())
        self._note("certificate_issued", sm3(certificate).hex(), {"profile": profile.name})
        return certificate, authority.certificate

    def certify(self, private: AnyPrivateKey, profile: Profile, subject: Subject, *, actor: str) -> SoftwareKey:
        """A key with a certificate of the embedded CA. ProfileError."""
        authority = self._authority(actor)
        certificate = authority.issue(profile, subject, public_half(private), now=self._deps.clock())
        self._note("certificate_issued", sm3(certificate).hex(), {"profile": profile.name})
        return signing_key(private, certificate, (authority.certificate,))

    def revoke(self, certificate: bytes, reason: RevocationReason) -> str:
        """Put a certificate of an embedded CA on its next revocation list, which is published; gives the CA's key name.

        ConflictError when no CA of this gateway issued it.
        """
        loaded = load_certificate(certificate)
        for entry in self._deps.keystore.entries():
            is_authority = entry.certificate is not None and bool(entry.purposes & _AUTHORITY)
            if is_authority and loaded.is_issued_by(load_certificate(entry.certificate or b"")):
                revoked = RevokedEntry(loaded.parsed.serial_number, self._deps.clock(), reason)
                self._installation.publish_crl(entry.name, [revoked])
                self._note("certificate_revoked", sm3(certificate).hex(), {"reason": reason.name, "by": entry.name})
                return entry.name
        raise ConflictError(
            f"本网关的 CA 没有签发证书 {loaded.name}。No CA of this gateway issued the certificate {loaded.name}.",
            hint="Ask the CA that issued it to revoke it.",
        )

    def check_chain(self, certificates: Sequence[bytes], use: Use) -> CertificateValidation:
        """Whether the first certificate is trusted here now, with the others as its chain (EN 319 102-1, 5.2.6)."""
        known = self._deps.policy()
        policy = replace(known, certificates=(*certificates[1:], *known.certificates))
        return validate_certificate(certificates[0], policy, at=self._deps.clock(), use=use)

    def complete(self, certificates: Sequence[bytes]) -> tuple[bytes, ...]:
        """The first certificate's chain up to its root, however far trusted. CertificateImportError."""
        found = match_chain(public_key_info(certificates[0]), certificates, self.known(), at=self._deps.clock())
        return (found.certificate, *found.chain, found.root)

    def lint(self, certificate: bytes, profile: Profile) -> str | None:
        """The first rule of the profile that a certificate breaks, None when it keeps all."""
        try:
            lint(certificate, profile)
        except ProfileError as error:
            return str(error)
        return None

    def _authority(self, actor: str) -> CertificateAuthority:
        return self._deps.certificate_authority(ISSUING_KEY, actor=actor)

    def _note(self, action: str, subject: str, detail: dict[str, Any]) -> None:
        with self._deps.sessions.begin() as session:
            session.add(
                AuditEvent(
                    occurred_at=self._deps.clock(),
                    action=action,
                    subject=subject,
                    detail={**detail, "actor": self._actor},
                )
            )


def read_request(data: bytes) -> tuple[bytes, Subject]:
    """(DER SubjectPublicKeyInfo, subject) of a PKCS#10 request in PEM or DER. UnreadableInputError when it is none,
    or when its signature is not that of its key.
    """
    refusal = "不是有效的 PKCS#10 证书请求。It is no valid PKCS#10 request"
    try:
        if len(data) > _MOST_REQUEST_BYTES:
            raise UnreadableInputError(f"{refusal}: it is too long.")
        encoded = pem.unarmor(data)[2] if pem.detect(data) else data
        parsed = csr.CertificationRequest.load(encoded, strict=True)
        information = parsed["certification_request_info"]
        public: bytes = information["subject_pk_info"].dump()
        oid = parsed["signature_algorithm"]["algorithm"].dotted
        verify_value(public, oid, "", information.dump(), parsed["signature"].native)
        return public, _subject(x509.load_der_x509_csr(encoded).subject)
    except SigningError as error:
        raise UnreadableInputError(f"{refusal}: {error}.", hint="Make it again with its own key.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableInputError(f"{refusal}.", hint="Give a request in PEM or DER.") from error


def owner_of(certificate: bytes, rules: ExtractionRules) -> Subject:
    """Whom a certificate names, in our own terms; ``rules`` say where it holds the credit code."""
    return replace(
        _subject(load_certificate(certificate).parsed.subject),
        unified_social_credit_code=_credit_code(certificate, rules),
    )


def _subject(name: x509.Name) -> Subject:
    def first(oid: x509.ObjectIdentifier) -> str:
        return next((str(a.value) for a in name.get_attributes_for_oid(oid)), "")

    common_name = first(NameOID.COMMON_NAME)
    return Subject(
        common_name=common_name,
        organisation=first(NameOID.ORGANIZATION_NAME) or common_name,
        unified_social_credit_code=first(NameOID.SERIAL_NUMBER) or None,
        country=first(NameOID.COUNTRY_NAME) or "CN",
    )


def profile_for(certificate: bytes, rules: ExtractionRules) -> Profile:
    """The profile under which a key's next certificate is made: that of what the old one serves."""
    purposes = purposes_of(certificate)
    if Purpose.TIMESTAMP in purposes:
        return TIMESTAMPING_UNIT
    if Purpose.OCSP in purposes:
        return OCSP_RESPONDER
    return SEAL_SIGNER if _credit_code(certificate, rules) else GATEWAY_SIGNER


def profile_named(name: str) -> Profile:
    """NotFoundError, with the names that there are, for another one."""
    if name not in PROFILES:
        raise NotFoundError(
            f"没有名为 {name} 的证书模板。There is no profile {name}.",
            hint=f"Profiles: {', '.join(sorted(PROFILES))}",
        )
    return PROFILES[name]


def _credit_code(certificate: bytes, rules: ExtractionRules) -> str | None:
    try:
        return extract_credit_code(certificate, rules)
    except CreditCodeError:
        return None


def _algorithm(certificate: bytes) -> SignatureAlgorithm | None:
    try:
        return algorithm_of(certificate)
    except SigningError:
        return None
