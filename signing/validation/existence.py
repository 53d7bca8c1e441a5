"""Proofs of existence (EN 319 102-1, 5.6.2.3): since when something is known to have been there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ExistenceProofs:
    """Earliest proven instants by content: signature values, certificates, CRLs, OCSP responses, tokens.

    What lies before the validator exists now: that is the proof of everything that no time-stamp covers (5.6.3, step 1).
    """

    now: datetime
    proven: dict[bytes, datetime] = field(default_factory=dict)

    def earliest(self, thing: bytes) -> datetime:
        """The earliest instant at which ``thing`` (its bytes) is proven to have existed."""
        return self.proven.get(thing, self.now)

    def extended(self, things: Iterable[bytes], at: datetime) -> "ExistenceProofs":
        """These proofs and that ``things`` existed at ``at``; an earlier proof stays."""
        added = {thing: min(at, self.earliest(thing)) for thing in things}
        return ExistenceProofs(self.now, {**self.proven, **added})
