"""Trust material and evidence, indexed once for all the certificates that ask for it.

An index stands for its content: equal content gives the same object, so that what is derived from it may be cached
under its identity, and a policy with other content never meets an older answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from signing.validation.evidence import ValidationData
from signing.validation.policy import TrustAnchor, Use, ValidationPolicy
from signing.validation.revocation_data import OcspEvidence, RevocationList, load_crl, load_ocsp
from signing.validation.x509 import Certificate, NameKey, load_all


@dataclass(frozen=True, eq=False)
class Material:
    """Anchors, certificates, CRLs and OCSP responses by the name or serial number that finds them."""

    anchors: dict[NameKey, list[tuple[Certificate, TrustAnchor]]] = field(default_factory=dict)
    certificates: dict[NameKey, list[Certificate]] = field(default_factory=dict)
    crls: dict[NameKey, list[RevocationList]] = field(default_factory=dict)
    """By issuer."""
    ocsp: dict[int, list[OcspEvidence]] = field(default_factory=dict)
    """By the serial number of the certificate that is asked about."""

    def anchors_named(self, subject: NameKey, use: Use) -> list[tuple[Certificate, TrustAnchor]]:
        """Anchors of this name that may vouch for ``use``."""
        return [pair for pair in self.anchors.get(subject, ()) if use in pair[1].uses]

    def certificates_named(self, subject: NameKey) -> list[Certificate]:
        """Certificates at hand of this name."""
        return self.certificates.get(subject, [])


def material_of(policy: ValidationPolicy) -> Material:
    """What the policy brings."""
    return _indexed(policy.trust_anchors, policy.certificates, policy.crls, policy.ocsp_responses)


def evidence_of(data: ValidationData) -> Material:
    """What a document or a signature brings; never an anchor."""
    return _evidence(data.certificates, data.crls, data.ocsp_responses)


@lru_cache(maxsize=8)
def _indexed(
    anchors: tuple[TrustAnchor, ...],
    certificates: tuple[bytes, ...],
    crls: tuple[bytes, ...],
    ocsp_responses: tuple[bytes, ...],
) -> Material:
    material = _index(certificates, crls, ocsp_responses)
    for anchor in anchors:
        for certificate in load_all((anchor.certificate,)):
            material.anchors.setdefault(certificate.subject, []).append((certificate, anchor))
    return material


@lru_cache(maxsize=64)
def _evidence(certificates: tuple[bytes, ...], crls: tuple[bytes, ...], ocsp_responses: tuple[bytes, ...]) -> Material:
    return _index(certificates, crls, ocsp_responses)


def _index(certificates: Iterable[bytes], crls: Iterable[bytes], ocsp_responses: Iterable[bytes]) -> Material:
    material = Material()
    for certificate in load_all(tuple(dict.fromkeys(certificates))):
        material.certificates.setdefault(certificate.subject, []).append(certificate)
    for der in dict.fromkeys(crls):
        crl = load_crl(der)
        if crl is not None:
            material.crls.setdefault(crl.issuer, []).append(crl)
    for der in dict.fromkeys(ocsp_responses):
        response = load_ocsp(der)
        if response is not None:
            for single in response.parsed.responses:
                material.ocsp.setdefault(single.cert_id.serial_number, []).append(response)
    return material
