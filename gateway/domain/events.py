"""Events as other systems are told them, of licences and of signing requests: CloudEvents 1.0, and nothing that the public
may not see.

An event stands at the index of its leaf in the transparency log. Indexes have no gaps and are given out in the order of
commits of each licence, so that one of them is a cursor that misses nothing (docs/deliveries.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.instants import instant

SPEC_VERSION = "1.0"
_ISSUED = frozenset({"kind", "supersedes", "electronic_sm3", "paper_sm3"})
_PAPER = frozenset({"copy_number", "blank"})
_OBLIGATION = frozenset({"obligation_id", "kind"})
LICENCE_TOLD: dict[str, frozenset[str]] = {
    "licence_issued": _ISSUED,
    "licence_version_issued": _ISSUED,
    "licence_status_changed": frozenset({"status", "effective_at"}),
    "licence_acceptance_asked": frozenset({"request_id", "attempt", "issued_sm3"}),
    "licence_rebound": frozenset(
        {"number", "statement_sm3", "holder_certificate_sm3", "holder_certificate_sm3_before", "reason"}
    ),
    "paper_printed": _PAPER,
    "paper_reprinted": _PAPER,
    "paper_collected": _PAPER,
    "paper_voided": _PAPER,
    "paper_returned": _PAPER,
    "paper_lost": _PAPER,
    "obligation_fulfilled": _OBLIGATION,
    "obligation_broken": _OBLIGATION,
}
"""What other systems are told of licences, and what of each event: identifiers, digests, words of fixed lists."""
SIGNING_TOLD: dict[str, frozenset[str]] = {
    "signing_request_signed": frozenset({"result_sm3"}),
    "signing_request_declined": frozenset(),
    "signing_request_expired": frozenset({"expired_at"}),
    "signing_request_failed": frozenset({"reason"}),
}
"""The ends of a signing request; each has exactly one. Who signed and why somebody declined is asked for by request."""
TOLD: dict[str, frozenset[str]] = LICENCE_TOLD | SIGNING_TOLD
"""Every kind of event that other systems are told of."""


@dataclass(frozen=True)
class LicenceSubject:
    """The licence that an event is about."""

    licence_id: int
    licence_identifier: str
    licence_number: str
    local_type_code: str
    authority_code: str
    holder_code: str
    is_sample: bool

    @property
    def name(self) -> str:
        """What ``subject`` of the event says."""
        return self.licence_identifier

    @property
    def lane(self) -> int | None:
        """Events of one lane keep their order."""
        return self.licence_id

    def facts(self) -> dict[str, str]:
        """What ``data`` says of it."""
        return {
            "licence_number": self.licence_number,
            "licence_type_code": self.local_type_code,
            "authority_code": self.authority_code,
            "holder_code": self.holder_code,
        }


@dataclass(frozen=True)
class SigningSubject:
    """The signing request that an event is about."""

    request_id: str
    department_code: str | None
    """None: the enterprise's own system asked."""
    enterprise_code: str

    @property
    def name(self) -> str:
        """What ``subject`` of the event says."""
        return self.request_id

    @property
    def lane(self) -> int | None:
        """None: it ends once, so that there is no order to keep."""
        return None

    def facts(self) -> dict[str, str | None]:
        """What ``data`` says of it."""
        return {
            "request_id": self.request_id,
            "authority_code": self.department_code,
            "enterprise_code": self.enterprise_code,
        }


@dataclass(frozen=True)
class ToldEvent:
    """One event in its place."""

    position: int
    """Index of its leaf."""
    occurred_at: datetime
    action: str
    subject: LicenceSubject | SigningSubject
    detail: Mapping[str, Any]
    """As it is kept; only what ``TOLD`` names goes out."""

    def to_json(self, source: str) -> dict[str, Any]:
        """The CloudEvent; ``source`` and ``id`` together name it for ever."""
        shown = TOLD[self.action]
        return {
            "specversion": SPEC_VERSION,
            "id": str(self.position),
            "source": source,
            "type": self.action,
            "subject": self.subject.name,
            "time": instant(self.occurred_at),
            "datacontenttype": "application/json",
            "data": {
                **self.subject.facts(),
                "detail": {name: value for name, value in self.detail.items() if name in shown},
            },
        }
