"""Who stands behind a licence file: the authority that issued it and, where it did, the holder that accepted it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.domain.instants import instant
from signing.validation.report import Changes, Indication, SignatureReport

_ENTERPRISE, _DOCUMENT_TIMESTAMP = "enterprise", "document_timestamp"


@dataclass(frozen=True)
class Party:
    """One that signed, as its certificate says, by a signature that passed."""

    name: str
    unified_social_credit_code: str | None
    signed_at: datetime | None
    """The earliest proven time of the signature."""

    def to_json(self) -> dict[str, Any]:
        """As reports give it."""
        return {
            "name": self.name,
            "unified_social_credit_code": self.unified_social_credit_code,
            "signed_at": instant(self.signed_at),
        }


@dataclass(frozen=True)
class Parties:
    """Issued by A, accepted by B."""

    issued_by: Party | None = None
    accepted_by: Party | None = None
    has_stranger: bool = False
    """Whether an enterprise signed that the licence does not name as its holder."""
    is_stated: bool = False
    """Whether the holder accepted by a statement beside the file."""

    def to_json(self) -> dict[str, Any]:
        """As reports give it; None where nobody did."""
        return {
            "issued_by": None if self.issued_by is None else self.issued_by.to_json(),
            "accepted_by": None if self.accepted_by is None else self.accepted_by.to_json(),
        }


NOBODY = Parties()
"""Those of a file that is no licence."""


def parties_of(signatures: tuple[SignatureReport, ...], licence: Mapping[str, Any] | None) -> Parties:
    """The parties of a file that carries a machine-readable licence; nobody for any other file.

    An enterprise never issues: whatever it signs, it can only accept.
    """
    if licence is None:
        return NOBODY
    holder = licence.get("holder")
    holder_code = holder.get("code") if isinstance(holder, Mapping) else None
    sound = [s for s in signatures if _is_sound(s)]
    issuers = [s for s in sound if s.kind not in (_ENTERPRISE, _DOCUMENT_TIMESTAMP)]
    enterprises = [s for s in sound if s.kind == _ENTERPRISE]
    holders = [s for s in enterprises if s.signer.unified_social_credit_code == holder_code and holder_code]
    return Parties(
        issued_by=_party(issuers[0]) if issuers else None,
        accepted_by=_party(holders[0]) if holders and issuers else None,
        has_stranger=len(holders) < len(enterprises),
    )


def stated(parties: Parties, accepted_by: Party | None) -> Parties:
    """With the holder that accepted by a statement beside the file, where none did in it."""
    if accepted_by is None or parties.issued_by is None or parties.accepted_by is not None:
        return parties
    return replace(parties, accepted_by=accepted_by, is_stated=True)


def _is_sound(report: SignatureReport) -> bool:
    return report.indication is Indication.TOTAL_PASSED and report.changes_after_signing is not Changes.FORBIDDEN


def _party(report: SignatureReport) -> Party:
    signer = report.signer
    return Party(
        signer.common_name or signer.organisation, signer.unified_social_credit_code, report.best_signature_time
    )
