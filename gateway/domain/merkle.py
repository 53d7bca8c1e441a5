"""Merkle trees of RFC 9162, section 2.1 (those of RFC 6962), over any hash. Iterative; proofs read O(log n) nodes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from signing.sm2 import sm3

Hash = Callable[[bytes], bytes]
NodeReader = Callable[[int, int], bytes]
"""(level, index) -> hash of the complete subtree over the leaves from ``index << level`` to ``(index + 1) << level``."""


@dataclass(frozen=True)
class TreeHasher:
    """The three hashes of a tree (RFC 9162, 2.1.1)."""

    hash: Hash

    def empty(self) -> bytes:
        """Root of the tree without leaves."""
        return self.hash(b"")

    def leaf(self, entry: bytes) -> bytes:
        """The prefix keeps leaves and nodes apart, against second pre-images."""
        return self.hash(b"\x00" + entry)

    def node(self, left: bytes, right: bytes) -> bytes:
        """Hash of two neighbouring subtrees."""
        return self.hash(b"\x01" + left + right)

    def fold(self, hashes: Iterable[bytes]) -> bytes:
        """Root over neighbouring complete subtrees, the largest first; the empty root when there is none."""
        pieces = list(hashes)
        if not pieces:
            return self.empty()
        root = pieces.pop()
        while pieces:
            root = self.node(pieces.pop(), root)
        return root

    def complete(self, hashes: Sequence[bytes]) -> bytes:
        """Root of a complete subtree over a power of two of hashes."""
        level = list(hashes)
        while len(level) > 1:
            level = [self.node(*level[at : at + 2]) for at in range(0, len(level), 2)]
        return level[0]


SM3_TREE = TreeHasher(sm3)
"""What the gateway's log hashes with."""


@dataclass
class Frontier:
    """The right edge of a growing tree: all that is needed to append to it."""

    hasher: TreeHasher
    size: int = 0
    peaks: list[bytes] = field(default_factory=list)
    """Hashes of the complete subtrees, the largest first: one for each bit that is set in ``size``."""

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf by its hash."""
        self.peaks.append(leaf_hash)
        completed = self.size
        while completed & 1:
            right = self.peaks.pop()
            self.peaks.append(self.hasher.node(self.peaks.pop(), right))
            completed >>= 1
        self.size += 1

    def root(self) -> bytes:
        """Root over all leaves so far."""
        return self.hasher.fold(self.peaks)


def tree_root(hasher: TreeHasher, size: int, nodes: NodeReader) -> bytes:
    """Root of the first ``size`` leaves."""
    return _range_root(hasher, nodes, 0, size)


def inclusion_proof(hasher: TreeHasher, index: int, size: int, nodes: NodeReader) -> list[bytes]:
    """Audit path of one leaf, the nearest sibling first (RFC 9162, 2.1.3.1). ValueError for a leaf outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    siblings, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            siblings.append((middle, high))
            high = middle
        else:
            siblings.append((low, middle))
            low = middle
    return [_range_root(hasher, nodes, *sibling) for sibling in reversed(siblings)]


def consistency_proof(hasher: TreeHasher, old: int, new: int, nodes: NodeReader) -> list[bytes]:
    """That the tree of ``new`` leaves begins with that of ``old`` (RFC 9162, 2.1.4.1). ValueError unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError(f"there is no consistency proof from {old} to {new} leaves")
    parts, low, high, is_old_root = [], 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            parts.append((middle, high))
            high = middle
        else:
            parts.append((low, middle))
            low, is_old_root = middle, False
    if not is_old_root:
        parts.append((low, high))
    return [_range_root(hasher, nodes, *part) for part in reversed(parts)]


def verify_inclusion(
    hasher: TreeHasher, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the path leads from the leaf to the root: the steps of RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = hasher.node(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = hasher.node(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    hasher: TreeHasher, old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether the newer tree only added leaves: the steps of RFC 9162, 2.1.4.2."""
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new:
        return False
    # Step 2: a power of two is itself a node of the newer tree.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    found_old = found_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            found_old, found_new = hasher.node(sibling, found_old), hasher.node(sibling, found_new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found_new = hasher.node(found_new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(hasher: TreeHasher, nodes: NodeReader, low: int, high: int) -> bytes:
    """Root over the leaves from ``low`` to ``high``, which starts where a subtree of that size may start."""
    pieces = []
    while low < high:
        level = (high - low).bit_length() - 1
        pieces.append(nodes(level, low >> level))
        low += 1 << level
    return hasher.fold(pieces)
