"""What happened to licences, as other systems are told it: the shape of CloudEvents 1.0, and nothing that the public may not see.

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
TOLD: dict[str, frozenset[str]] = {
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
"""Kinds of events that other systems are told of, and what of each: identifiers, digests, words of fixed lists."""


@dataclass(frozen=True)
class EventSubject:
    """The licence that an event is about."""

    licence_id: int
    licence_identifier: str
    licence_number: str
    local_type_code: str
    authority_code: str
    holder_code: str
    is_sample: bool


@dataclass(frozen=True)
class LicenceEvent:
    """One event in its place."""

    position: int
    """Index of its leaf."""
    occurred_at: datetime
    action: str
    subject: EventSubject
    detail: Mapping[str, Any]
    """As it is kept; only what ``TOLD`` names goes out."""

    def to_json(self, source: str) -> dict[str, Any]:
        """The CloudEvent; ``source`` and ``id`` together name it for ever."""
        of = self.subject
        shown = TOLD[self.action]
        return {
            "specversion": SPEC_VERSION,
            "id": str(self.position),
            "source": source,
            "type": self.action,
            "subject": of.licence_identifier,
            "time": instant(self.occurred_at),
            "datacontenttype": "application/json",
            "data": {
                "licence_number": of.licence_number,
                "licence_type_code": of.local_type_code,
                "authority_code": of.authority_code,
                "holder_code": of.holder_code,
                "detail": {name: value for name, value in self.detail.items() if name in shown},
            },
        }
