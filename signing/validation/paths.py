"""Certification paths (RFC 5280, 6; RFC 4158): found, and checked for everything that does not depend on the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from signing.validation.checks import broken
from signing.validation.material import Material
from signing.validation.name_constraints import name_violation
from signing.validation.policy import Limits, TrustAnchor, Use
from signing.validation.report import Check, SubIndication
from signing.validation.x509 import Certificate, extension_of, load_all

_UNDERSTOOD_CRITICAL = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
"""A certificate with any other critical extension is refused rather than half understood.

Certificate policies are among them because no policy is asked for: the initial set is any-policy and no explicit
policy is required (RFC 5280, 6.1.1). A CA that requires one by policy constraints is refused, these being critical.
"""
_TIME_STAMPING = frozenset({ExtendedKeyUsageOID.TIME_STAMPING.dotted_string})
_NO_SIGNATURES = _TIME_STAMPING | {ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string}
_OTHER_PURPOSES = _NO_SIGNATURES | {
    ExtendedKeyUsageOID.SERVER_AUTH.dotted_string,
    ExtendedKeyUsageOID.CODE_SIGNING.dotted_string,
}
"""Who is certified for nothing but these signs no documents; CAs have OIDs of their own for documents (RFC 5280, 4.2.1.12)."""


@dataclass(frozen=True, eq=False)
class Path:
    """A certification path: the leaf first, the anchor last."""

    certificates: tuple[Certificate, ...]
    anchor: TrustAnchor
    flaw: Check | None
    """The first constraint that it breaks at any time."""

    def links(self) -> Iterator[tuple[Certificate, Certificate]]:
        """(certificate, issuer) from below the anchor down to the leaf."""
        for depth in range(len(self.certificates) - 2, -1, -1):
            yield self.certificates[depth], self.certificates[depth + 1]


@lru_cache(maxsize=1024)
def find_paths(
    leaf: Certificate, extra: tuple[bytes, ...], material: Material, use: Use, limits: Limits
) -> tuple[Path, ...]:
    """Paths from ``leaf`` to an anchor for ``use``, names and signatures checked, sound ones first, then short ones.

    Bounded by the limits. Cached: every argument is content or, as the material, stands for content; no time is in it.
    """
    found = [Path(chain, anchor, _flaw(chain, use)) for chain, anchor in _chains(leaf, extra, material, use, limits)]
    return tuple(sorted(found, key=lambda path: path.flaw is not None))


def _chains(
    leaf: Certificate, extra: tuple[bytes, ...], material: Material, use: Use, limits: Limits
) -> Iterator[tuple[tuple[Certificate, ...], TrustAnchor]]:
    for certificate, anchor in material.anchors_named(leaf.subject, use):
        if certificate.der == leaf.der:
            yield (leaf,), anchor
    pool = load_all(extra)
    waiting: list[tuple[Certificate, ...]] = [(leaf,)]
    for _ in range(limits.paths_tried):
        if not waiting:
            return
        chain = waiting.pop(0)
        last = chain[-1]
        for certificate, anchor in material.anchors_named(last.issuer, use):
            if certificate.der != last.der and last.is_issued_by(certificate):
                yield (*chain, certificate), anchor
        if len(chain) >= limits.path_length:
            continue
        used = {c.der for c in chain}
        candidates = (*(c for c in pool if c.subject == last.issuer), *material.certificates_named(last.issuer))
        fresh = {c.der: c for c in candidates if c.der not in used}
        waiting.extend((*chain, c) for c in fresh.values() if last.is_issued_by(c))


def _flaw(chain: tuple[Certificate, ...], use: Use) -> Check | None:
    for depth, certificate in enumerate(chain):
        below = sum(1 for c in chain[1:depth] if not c.is_self_issued)
        flaw = _unknown_extension(certificate) or (
            leaf_flaw(certificate, use) if depth == 0 else _ca_flaw(certificate, below)
        )
        if flaw is not None:
            return flaw
    violation = name_violation(chain)
    return None if violation is None else _constraint("name_constraints", violation)


def _constraint(name: str, detail: str) -> Check:
    return broken(f"x509_certificate_validation.{name}", SubIndication.CHAIN_CONSTRAINTS_FAILURE, detail)


def _unknown_extension(certificate: Certificate) -> Check | None:
    for extension in certificate.parsed.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD_CRITICAL:
            return broken(
                "x509_certificate_validation.critical_extensions",
                SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
                f"{certificate.name} has the critical extension {extension.oid.dotted_string}, which is not understood",
            )
    return None


def _ca_flaw(certificate: Certificate, cas_below: int) -> Check | None:
    constraints = extension_of(certificate, x509.BasicConstraints)
    usage = extension_of(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        return _constraint("basic_constraints", f"{certificate.name} may not issue certificates")
    if constraints.path_length is not None and cas_below > constraints.path_length:
        return _constraint("path_length", f"{certificate.name} allows {constraints.path_length} CAs below it")
    return None


def leaf_flaw(certificate: Certificate, use: Use) -> Check | None:
    """What forbids a certificate this use, None when nothing does."""
    usage, extended = extension_of(certificate, x509.KeyUsage), certificate.extended_key_usages
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return _constraint("key_usage", f"the key usage of {certificate.name} does not allow signatures")
    if use is Use.TIMESTAMP and (
        extended != _TIME_STAMPING or not certificate.has_critical(ExtensionOID.EXTENDED_KEY_USAGE)
    ):
        return _constraint("extended_key_usage", f"{certificate.name} is not for time-stamping alone (RFC 3161, 2.3)")
    if use is not Use.TIMESTAMP and extended is not None and (extended & _NO_SIGNATURES or extended <= _OTHER_PURPOSES):
        return _constraint("extended_key_usage", f"{certificate.name} is not for signing documents")
    return None
