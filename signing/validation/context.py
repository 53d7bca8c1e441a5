"""Validation context initialisation (EN 319 102-1, 5.2.4): policy, time, evidence and proofs of existence in one place."""

from dataclasses import dataclass, replace
from datetime import datetime

from signing.validation.evidence import ValidationData
from signing.validation.existence import ExistenceProofs
from signing.validation.material import Material, evidence_of, material_of
from signing.validation.paths import Path, find_paths
from signing.validation.policy import Use, ValidationPolicy
from signing.validation.revocation import RevocationStatus, statuses_of
from signing.validation.x509 import Certificate


@dataclass(frozen=True)
class ValidationContext:
    """What every building block asks about."""

    policy: ValidationPolicy
    at: datetime
    """The validation time, aware UTC."""
    trusted: Material
    """Anchors and evidence that the policy brings."""
    brought: tuple[Material, ...]
    """Evidence of the document and of the signature; it makes nobody trusted."""
    certificates: tuple[bytes, ...]
    """DER of further certificates for path building."""
    proofs: ExistenceProofs

    def paths(self, leaf: Certificate, use: Use) -> tuple[Path, ...]:
        """Certification paths from ``leaf``."""
        return find_paths(leaf, self.certificates, self.trusted, use, self.policy.limits)

    def statuses(self, certificate: Certificate, issuer: Certificate) -> list[RevocationStatus]:
        """All that is known of a certificate's revocation by the validation time, newest first."""
        materials = (self.trusted, *self.brought)
        found = [
            s for material in materials for s in statuses_of(certificate, issuer, material) if s.issued_at <= self.at
        ]
        return sorted(found, key=lambda status: status.issued_at, reverse=True)

    def joined_by(self, certificates: tuple[bytes, ...], archived: ValidationData) -> "ValidationContext":
        """This context with what one signature brings of its own."""
        brought = self.brought if archived == ValidationData() else (*self.brought, evidence_of(archived))
        return replace(self, brought=brought, certificates=tuple(dict.fromkeys(certificates + self.certificates)))

    def knowing(self, proofs: ExistenceProofs) -> "ValidationContext":
        """This context with more proofs of existence."""
        return replace(self, proofs=proofs)


def open_context(policy: ValidationPolicy, at: datetime, data: ValidationData | None = None) -> ValidationContext:
    """The context for one document with its validation data, at one validation time."""
    return ValidationContext(
        policy=policy,
        at=at,
        trusted=material_of(policy),
        brought=() if data is None else (evidence_of(data),),
        certificates=() if data is None else data.certificates,
        proofs=ExistenceProofs(at),
    )
