"""The verification report of contract.md: a validation joined with the licence's status."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gateway.domain.answers import FaceDifference, Genuine, InForce
from gateway.domain.reasons import Reason
from signing.validation.report import SignatureReport

REPORT_VERSION = 1


def instant(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with seconds, the form of every instant that leaves the gateway."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RegistryStatus(StrEnum):
    """What the registry said about the presented document."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True)
class PresentedDocument:
    """The file that was presented, by its digests."""

    file_name: str
    media_type: str
    size: int
    sha256: str
    sm3: str


@dataclass(frozen=True)
class Answer:
    """The first lines of the answer."""

    genuine: Genuine
    in_force: InForce
    checked_at: datetime
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class RegistryFinding:
    """What the registry holds on the licence that the document claims to be."""

    status: RegistryStatus
    licence_identifier: str | None = None
    licence_status: str | None = None
    differences: tuple[FaceDifference, ...] = ()


@dataclass(frozen=True)
class VerificationReport:
    """Everything that is known about one presented document."""

    document: PresentedDocument
    answer: Answer
    signatures: tuple[SignatureReport, ...]
    registry: RegistryFinding

    def to_json(self) -> dict[str, Any]:
        """The report as contract.md gives it."""
        return {
            "report_version": REPORT_VERSION,
            "document": vars(self.document),
            "answer": {
                "genuine": self.answer.genuine,
                "in_force": self.answer.in_force,
                "checked_at": instant(self.answer.checked_at),
                "reasons": [reason.to_json() for reason in self.answer.reasons],
            },
            "signatures": [_signature(signature) for signature in self.signatures],
            "registry": {
                "status": self.registry.status,
                "licence_identifier": self.registry.licence_identifier,
                "licence_status": self.registry.licence_status,
                "differences": [vars(difference) for difference in self.registry.differences],
            },
        }


def _signature(report: SignatureReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "kind": report.kind,
        "format": report.format,
        "sub_filter": report.sub_filter,
        "level": report.level,
        "algorithm": report.algorithm,
        "indication": report.indication,
        "sub_indication": report.sub_indication,
        "signer": vars(report.signer),
        "trust": report.trust,
        "claimed_signing_time": instant(report.claimed_signing_time),
        "best_signature_time": instant(report.best_signature_time),
        "coverage": report.coverage,
        "changes_after_signing": report.changes_after_signing,
        "checks": [
            {"name": check.name, "conclusion": check.conclusion, "detail": check.detail} for check in report.checks
        ],
    }
