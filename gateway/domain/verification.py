"""The verification report of contract.md: a validation joined with the licence's status."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import metadata
from typing import Any

from gateway.domain import instants
from gateway.domain.answers import Genuine, InForce
from gateway.domain.face_comparison import FaceDifference
from gateway.domain.log_proofs import LogProof
from gateway.domain.parties import NOBODY, Parties, Party
from gateway.domain.purpose_copies import CopyTerms
from gateway.domain.reasons import Reason
from gateway.domain.rebindings import BindingStep
from gateway.domain.signed_list import SignedList
from signing.certificate_facts import CertificateFacts, certificate_facts
from signing.errors import MalformedDataError
from signing.validation.relevance import RevocationData
from signing.validation.report import ChangedObject, Check, SignatureReport, TimestampReport

REPORT_VERSION = 1
SOFTWARE = f"licence-gateway {metadata.version('licence-gateway')}"

instant = instants.instant
"""The form of every instant in a report."""


class RegistryStatus(StrEnum):
    """What the registry said about the presented document."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    NOT_CHECKED = "not_checked"


class DocumentKind(StrEnum):
    """What a presented file says that it is."""

    DOCUMENT = "document"
    VERIFICATION_REPORT = "verification_report"
    """A report like this one, as a gateway signs them."""
    PURPOSE_COPY = "purpose_copy"
    """A copy of a licence for one purpose (加注件)."""
    SIGNED_LIST = "signed_list"
    """The list of an enterprise's licences, as a gateway signs it."""
    ARCHIVE_PACKAGE = "archive_package"
    """The record of a licence or an enterprise, as a gateway exports it."""


@dataclass(frozen=True)
class PresentedDocument:
    """The file that was presented, by its digests."""

    file_name: str
    media_type: str
    size: int
    sha256: str
    sm3: str
    kind: DocumentKind = DocumentKind.DOCUMENT


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
    log: LogProof | None = None
    """That the licence's issue is in the transparency log; None while it waits for the next checkpoint."""
    bindings: tuple[BindingStep, ...] = ()
    """To which certificates of electronic business licences it was bound, the oldest first."""
    accepted_by: Party | None = None
    """The holder that accepted the file by a statement beside it, which verified now; the file itself does not show it."""


@dataclass(frozen=True)
class VerificationReport:
    """Everything that is known about one presented document."""

    document: PresentedDocument
    answer: Answer
    signatures: tuple[SignatureReport, ...]
    registry: RegistryFinding
    report_number: str | None = None
    """Under which the gateway keeps the report; None when it keeps none, as off line."""
    policy_name: str = "default"
    software: str = SOFTWARE
    """Name and version of what made the report."""
    revocation_data: tuple[RevocationData, ...] = ()
    """What was at hand on the certificates in the report."""
    purpose_copy: CopyTerms | None = None
    """What the file says of itself, when it says that it is a purpose copy."""
    signed_list: SignedList | None = None
    """What a genuine signed list says."""

    parties: Parties = NOBODY
    """Who issued and who accepted the licence that the file is."""

    @property
    def is_expired_copy(self) -> bool:
        """Whether it is a purpose copy whose last day was over when it was checked."""
        return self.purpose_copy is not None and self.purpose_copy.is_expired(self.answer.checked_at)

    def to_json(self) -> dict[str, Any]:
        """The report as contract.md gives it."""
        return {
            "report_version": REPORT_VERSION,
            "report_number": self.report_number,
            "policy": self.policy_name,
            "software": self.software,
            "document": vars(self.document),
            "answer": {
                "genuine": self.answer.genuine,
                "in_force": self.answer.in_force,
                "checked_at": instant(self.answer.checked_at),
                "reasons": [reason.to_json() for reason in self.answer.reasons],
            },
            "signatures": [_signature(signature) for signature in self.signatures],
            "parties": self.parties.to_json(),
            "registry": {
                "status": self.registry.status,
                "licence_identifier": self.registry.licence_identifier,
                "licence_status": self.registry.licence_status,
                "differences": [difference.to_json() for difference in self.registry.differences],
                "log": None if self.registry.log is None else self.registry.log.to_json(),
                "bindings": [step.to_json() for step in self.registry.bindings],
            },
            "purpose_copy": None
            if self.purpose_copy is None
            else {**self.purpose_copy.to_json(), "is_expired": self.is_expired_copy},
            "signed_list": None if self.signed_list is None else self.signed_list.to_json(),
            "revocation_data": [
                {"kind": d.kind, "issuer": d.issuer, "issued_at": instant(d.issued_at), "sha256": d.sha256}
                for d in self.revocation_data
            ],
        }


def changed_pages(changes: tuple[ChangedObject, ...]) -> list[int]:
    """Numbers of the pages that show a change, from 1, rising."""
    return sorted({page for change in changes for page in change.pages})


def known_facts(chain: tuple[bytes, ...]) -> list[CertificateFacts]:
    """Facts of the certificates (DER) that can be read, in order."""
    found = []
    for der in chain:
        try:
            found.append(certificate_facts(der))
        except MalformedDataError:
            continue
    return found


def _signature(report: SignatureReport) -> dict[str, Any]:
    sub_indication = report.sub_indication
    return {
        "name": report.name,
        "kind": report.kind,
        "format": report.format,
        "sub_filter": report.sub_filter,
        "level": report.level,
        "algorithm": report.algorithm,
        "indication": report.indication,
        "sub_indication": sub_indication,
        "indication_urn": report.indication.urn,
        "sub_indication_urn": None if sub_indication is None else sub_indication.urn,
        "signer": vars(report.signer),
        "trust": report.trust,
        "claimed_signing_time": instant(report.claimed_signing_time),
        "best_signature_time": instant(report.best_signature_time),
        "coverage": report.coverage,
        "changes_after_signing": report.changes_after_signing,
        "changed_objects": [
            {"reference": c.reference, "kind": c.kind, "what": c.what, "pages": list(c.pages)}
            for c in report.changed_objects
        ],
        "changed_pages": changed_pages(report.changed_objects),
        "chain": [_certificate(facts) for facts in known_facts(report.chain)],
        "timestamps": [_timestamp(stamp) for stamp in report.timestamps],
        "checks": [_check(check) for check in report.checks],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "conclusion": check.conclusion,
        "sub_indication": check.sub_indication,
        "detail": check.detail,
    }


def _certificate(facts: CertificateFacts) -> dict[str, Any]:
    return {
        "subject": facts.subject,
        "issuer": facts.issuer,
        "serial_number": facts.serial_number,
        "not_before": instant(facts.not_before),
        "not_after": instant(facts.not_after),
        "sha256": facts.sha256,
    }


def _timestamp(stamp: TimestampReport) -> dict[str, Any]:
    return {
        "generated_at": instant(stamp.generated_at),
        "is_proof": stamp.is_proof,
        "sub_indication": stamp.sub_indication,
        "chain": [_certificate(facts) for facts in known_facts(stamp.chain)],
    }
