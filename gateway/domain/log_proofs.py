"""What of the transparency log goes with an answer: an entry, its proof, and what was found when the log was checked."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LogProof:
    """That one entry is in the log of one checkpoint."""

    leaf_index: int
    entry: str
    """The entry, exactly: the leaf is the SM3 of a zero byte and its UTF-8."""
    leaf_hash: str
    """Lower-case hexadecimal."""
    inclusion_proof: tuple[str, ...]
    """Audit path of RFC 9162, 2.1.3.1, the nearest sibling first, lower-case hexadecimal."""
    tree_size: int
    checkpoint: str
    """The signed note."""

    def to_json(self) -> dict[str, Any]:
        """As reports and the API give it."""
        return {**vars(self), "inclusion_proof": list(self.inclusion_proof)}


@dataclass(frozen=True)
class LicenceLog:
    """Every logged event of one licence, in the order of the log."""

    licence_identifier: str
    proofs: tuple[LogProof, ...]
    pending: int
    """Events that are recorded and not yet under a published checkpoint."""

    def to_json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {
            "licence_identifier": self.licence_identifier,
            "proofs": [proof.to_json() for proof in self.proofs],
            "pending": self.pending,
        }


@dataclass(frozen=True)
class ConsistencyProof:
    """That the log of one size begins with the log of another."""

    old_size: int
    new_size: int
    old_root: str
    new_root: str
    consistency_proof: tuple[str, ...]
    """RFC 9162, 2.1.4.1, lower-case hexadecimal."""

    def to_json(self) -> dict[str, Any]:
        """As the API gives it; ``from`` and ``to`` are sizes."""
        return {
            "from": self.old_size,
            "to": self.new_size,
            "from_root": self.old_root,
            "to_root": self.new_root,
            "consistency_proof": list(self.consistency_proof),
        }


@dataclass(frozen=True)
class LogFault:
    """One thing in the log that is not what it was."""

    kind: str
    """changed, missing, reordered, unlogged, hash_changed, tile_changed, root_differs, checkpoint_wrong, rolled_back"""
    detail: str
    """One sentence, Chinese and English."""
    leaf_index: int | None = None
    event_id: int | None = None


@dataclass(frozen=True)
class LogFindings:
    """What checking the whole log found."""

    size: int
    """Leaves that were read."""
    checkpoints: int
    """Checkpoints whose root and signature were compared."""
    queued: int
    """Events that wait for their leaf; 0 where only tiles were read."""
    faults: tuple[LogFault, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults
