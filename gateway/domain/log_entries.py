"""Entries of the transparency log: what of an audit event everybody may read, and a commitment to all of it.

Anyone may fetch an entry, so that it holds no personal data: reasons are free text and actors are people. The public
part is chosen by ``_PUBLIC``; the whole event is bound by the SM3 of its canonical form with a random salt, which
nobody can guess without the salt and the register can open for a court.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from signing.sm2 import sm3

ENTRY_VERSION = 1

_PUBLIC: dict[str, frozenset[str]] = {
    "licence_issued": frozenset(
        {"kind", "supersedes", "electronic_sm3", "paper_sm3", "seal_key_id", "holder_certificate_sm3"}
    ),
    "licence_version_issued": frozenset(
        {"kind", "supersedes", "electronic_sm3", "paper_sm3", "seal_key_id", "holder_certificate_sm3"}
    ),
    "licence_rebound": frozenset(
        {"number", "statement_sm3", "holder_certificate_sm3", "holder_certificate_sm3_before", "reason", "seal_key_id"}
    ),
    "licence_status_changed": frozenset({"status", "effective_at"}),
    "business_licence_registered": frozenset({"certificate_sm3"}),
    "business_licence_state_changed": frozenset({"certificate_sm3", "state", "state_before"}),
    "enterprise_registration_changed": frozenset({"status", "as_of", "source"}),
    "enterprise_representative_changed": frozenset({"as_of", "source"}),
    "authority_reported": frozenset({"complete_as_of", "is_sample"}),
    **dict.fromkeys(
        ("seal_made", "seal_suspended", "seal_resumed", "seal_destroyed", "seal_replaced"),
        frozenset({"authority_code", "filing_number", "status", "valid_until"}),
    ),
    "certificate_issued": frozenset({"profile"}),
    "certificate_revoked": frozenset({"reason", "by"}),
}
"""Fields of ``detail`` that stand in the entry, by action: identifiers, digests and words of fixed lists. No others do."""

_PUBLIC_SUBJECTS = (
    *("licence_", "paper_", "obligation_", "blank_forms_", "business_licence_"),
    *("certificate_", "key_", "authority_", "enterprise_", "seal_"),
)
"""Actions whose subject is an identifier of a licence, an organisation, a key or a certificate: never a person's."""


@dataclass(frozen=True)
class LoggedEvent:
    """An audit event as the log sees it; its number in the database is not part of it."""

    occurred_at: datetime
    action: str
    subject: str
    detail: Mapping[str, Any]
    actor: Mapping[str, Any]
    salt: str
    """32 hexadecimal characters of chance."""

    @property
    def is_named(self) -> bool:
        """Whether its entry says what it happened to."""
        return self.action.startswith(_PUBLIC_SUBJECTS)

    def commitment(self) -> str:
        """SM3 over the canonical JSON of every field and the salt, lower-case hexadecimal."""
        return sm3(canonical_json({**self._fields(), "actor": self.actor, "salt": self.salt})).hex()

    def entry(self) -> bytes:
        """The entry: canonical JSON. It decides the leaf, and changes with any field of the event."""
        shown = _PUBLIC.get(self.action, frozenset())
        fields = self._fields()
        fields["detail"] = {name: value for name, value in self.detail.items() if name in shown}
        if not self.is_named:
            fields["subject"] = None
        return canonical_json({"version": ENTRY_VERSION, "event_sm3": self.commitment(), **fields})

    def _fields(self) -> dict[str, Any]:
        instant = self.occurred_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {"occurred_at": instant, "action": self.action, "subject": self.subject, "detail": self.detail}


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """JSON in one possible form: names sorted, no white space, UTF-8 without escapes that are not needed (as RFC 8785)."""
    return _encode(value).encode()
