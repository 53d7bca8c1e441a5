"""X.509 certificate validation (EN 319 102-1, 5.2.6; RFC 5280, 6): building and checking certification paths."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from signing.errors import MalformedDataError
from signing.validation.cryptographic import issued_by
from signing.validation.policy import TrustAnchor, Use, ValidationPolicy
from signing.validation.report import Check, Conclusion, SubIndication
from signing.x509_fields import public_key_info

T = TypeVar("T", bound=x509.ExtensionType)

_UNDERSTOOD_CRITICAL = frozenset(
    {ExtensionOID.KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.EXTENDED_KEY_USAGE}
)
"""A certificate with any other critical extension, name constraints included, is refused rather than half understood."""


@dataclass(frozen=True)
class Certificate:
    """A parsed certificate with the bytes it came from."""

    der: bytes
    parsed: x509.Certificate

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return public_key_info(self.der)

    @property
    def name(self) -> str:
        """The subject for reports."""
        return self.parsed.subject.rfc4514_string()

    def is_issued_by(self, issuer: "Certificate") -> bool:
        """Whether names and signature say so."""
        parsed = self.parsed
        return parsed.issuer == issuer.parsed.subject and issued_by(
            parsed.tbs_certificate_bytes,
            parsed.signature,
            parsed.signature_algorithm_oid.dotted_string,
            issuer.spki,
        )


@dataclass(frozen=True)
class Path:
    """A certification path: the leaf first, the anchor last."""

    certificates: tuple[Certificate, ...]
    anchor: TrustAnchor


@dataclass(frozen=True)
class Failure:
    """Why a path does not hold."""

    check: Check
    certificate: Certificate


@lru_cache(maxsize=2048)
def load_certificate(der: bytes) -> Certificate:
    """MalformedDataError when ``der`` is no certificate with readable extensions."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        _ = (parsed.extensions, parsed.subject, parsed.issuer, parsed.not_valid_after_utc)
        return Certificate(der, parsed)
    except (
        ValueError,
        TypeError,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise MalformedDataError("a certificate cannot be parsed") from error


def load_all(ders: tuple[bytes, ...]) -> list[Certificate]:
    """The parsable ones among ``ders``; what cannot be parsed cannot be part of a path."""
    found = []
    for der in ders:
        try:
            found.append(load_certificate(der))
        except MalformedDataError:
            continue
    return found


def build_paths(leaf: Certificate, extra: tuple[bytes, ...], policy: ValidationPolicy, use: Use) -> Iterator[Path]:
    """Paths from ``leaf`` to an anchor for ``use``, signatures and names checked, shortest first (RFC 4158)."""
    anchors = [(load_certificate(a.certificate), a) for a in policy.trust_anchors if use in a.uses]
    for certificate, anchor in anchors:
        if certificate.der == leaf.der:
            yield Path((leaf,), anchor)
    pool = load_all(extra + policy.certificates)
    waiting: list[tuple[Certificate, ...]] = [(leaf,)]
    for _ in range(policy.limits.paths_tried):
        if not waiting:
            return
        chain = waiting.pop(0)
        for certificate, anchor in anchors:
            if chain[-1].is_issued_by(certificate):
                yield Path((*chain, certificate), anchor)
        if len(chain) >= policy.limits.path_length:
            continue
        used = {c.der for c in chain}
        candidates = {c.der: c for c in pool if c.der not in used and chain[-1].parsed.issuer == c.parsed.subject}
        waiting.extend((*chain, c) for c in candidates.values() if chain[-1].is_issued_by(c))


def check_path(path: Path, at: datetime, use: Use) -> Failure | None:
    """RFC 5280, 6.1 without policies: the first thing that is wrong with the path at ``at``, None when all holds."""
    for depth, certificate in enumerate(path.certificates):
        failure = _check_extensions(certificate) or (
            _check_leaf(certificate, use) if depth == 0 else _check_ca(certificate, depth - 1)
        )
        if failure is not None:
            return Failure(failure, certificate)
    for certificate in path.certificates:
        out_of_time = _check_validity(certificate, at)
        if out_of_time is not None:
            return Failure(out_of_time, certificate)
    return None


def _failed(name: str, detail: str, sub_indication: SubIndication) -> Check:
    definite = sub_indication in (SubIndication.NOT_YET_VALID, SubIndication.EXPIRED)
    return Check(
        f"x509_certificate_validation.{name}",
        Conclusion.FAILED if definite else Conclusion.INDETERMINATE,
        detail,
        sub_indication,
    )


def _check_validity(certificate: Certificate, at: datetime) -> Check | None:
    if at < certificate.parsed.not_valid_before_utc:
        return _failed("validity", f"{certificate.name} is not yet valid", SubIndication.OUT_OF_BOUNDS_NO_POE)
    if at > certificate.parsed.not_valid_after_utc:
        return _failed("validity", f"{certificate.name} has expired", SubIndication.OUT_OF_BOUNDS_NO_POE)
    return None


def _check_extensions(certificate: Certificate) -> Check | None:
    for extension in certificate.parsed.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD_CRITICAL:
            return _failed(
                "critical_extensions",
                f"{certificate.name} has the critical extension {extension.oid.dotted_string}, which is not understood",
                SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
            )
    return None


def _check_ca(certificate: Certificate, cas_below: int) -> Check | None:
    constraints = extension_of(certificate, x509.BasicConstraints)
    usage = extension_of(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        return _failed(
            "basic_constraints",
            f"{certificate.name} may not issue certificates",
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        )
    if constraints.path_length is not None and cas_below > constraints.path_length:
        return _failed(
            "path_length",
            f"{certificate.name} allows {constraints.path_length} CAs below it",
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        )
    return None


def _check_leaf(certificate: Certificate, use: Use) -> Check | None:
    usage = extension_of(certificate, x509.KeyUsage)
    extended = extension_of(certificate, x509.ExtendedKeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        detail = f"the key usage of {certificate.name} does not allow signatures"
        return _failed("key_usage", detail, SubIndication.CHAIN_CONSTRAINTS_FAILURE)
    names_timestamping = extended is not None and ExtendedKeyUsageOID.TIME_STAMPING in extended
    if use is Use.TIMESTAMP and not (names_timestamping and extended is not None and len(list(extended)) == 1):
        detail = f"{certificate.name} is not for time-stamping alone (RFC 3161, 2.3)"
        return _failed("extended_key_usage", detail, SubIndication.CHAIN_CONSTRAINTS_FAILURE)
    if use is not Use.TIMESTAMP and names_timestamping:
        detail = f"{certificate.name} is for time-stamping only"
        return _failed("extended_key_usage", detail, SubIndication.CHAIN_CONSTRAINTS_FAILURE)
    return None


def extension_of(certificate: Certificate, kind: type[T]) -> T | None:
    """The extension of this kind, None when the certificate has none."""
    try:
        return certificate.parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
