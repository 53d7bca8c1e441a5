"""What a leaf that does not fit says: changed, missing, reordered, or only published wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.log_proofs import LogFault


@dataclass(frozen=True)
class LeafReading:
    """One leaf by its three witnesses: its row, its event, and the published tile."""

    gap: int
    """Leaves that are missing right before it."""
    index: int
    event_id: int | None
    stored: bytes
    """Hash in the row."""
    computed: bytes | None
    """Hash of the event as it is now; empty when the event cannot be read, None when there is none."""
    published: bytes | None
    """Hash in the tile; None where none is published."""

    @property
    def fits(self) -> bool:
        """Whether all witnesses say the same, with no gap before it."""
        agreed = {self.stored, self.computed} | ({self.published} if self.published is not None else set())
        return len(agreed) == 1 and not self.gap


def faults_of_leaves(odd: Sequence[LeafReading], *, root_differs: tuple[int, int] | None) -> list[LogFault]:
    """One fault for each leaf that does not fit; ``root_differs`` says between which sizes the tree left what was signed."""
    right_places = {reading.published or reading.stored: reading.index for reading in odd}
    faults: list[LogFault] = []
    for reading in odd:
        faults += [_missing(reading.index - back) for back in range(reading.gap, 0, -1)]
        fault = _fault(reading, right_places, is_signed_otherwise=root_differs is not None)
        faults += [fault] if fault is not None else []
    if root_differs is not None:
        good, wrong = root_differs
        faults.append(
            LogFault(
                "root_differs",
                f"第 {good} 至 {wrong} 项之间与已签名的检查点不符。"
                f"Between {good} and {wrong} leaves the log leaves what was signed.",
            )
        )
    return faults


def wrong_checkpoint(size: int, why: str) -> LogFault:
    """A stored checkpoint that does not hold."""
    return LogFault("checkpoint_wrong", f"第 {size} 项处的检查点：{why} The checkpoint of size {size}.")


def _fault(reading: LeafReading, places: dict[bytes, int], *, is_signed_otherwise: bool) -> LogFault | None:
    index, event = reading.index, reading.event_id
    truth = reading.published if is_signed_otherwise and reading.published is not None else reading.stored
    if reading.computed is None:
        return _of(reading, "missing", f"第 {index} 项的事件 {event} 不见了。Event {event} of leaf {index} is missing.")
    if reading.computed != truth:
        home = places.get(reading.computed)
        if home is not None and home != index:
            return _of(
                reading,
                "reordered",
                f"第 {index} 项的事件 {event} 应在第 {home} 项。Event {event} at leaf {index} belongs to leaf {home}.",
            )
        return _of(
            reading, "changed", f"第 {index} 项的事件 {event} 已被改动。Event {event} of leaf {index} was changed."
        )
    if reading.stored != truth:
        return _of(
            reading, "hash_changed", f"第 {index} 项的散列值已被改动。The stored hash of leaf {index} was changed."
        )
    if reading.published is not None and reading.published != truth:
        return _of(
            reading,
            "tile_changed",
            f"已公布的第 {index} 项散列值被改动。The published hash of leaf {index} was changed.",
        )
    return None


def _missing(index: int) -> LogFault:
    return LogFault("missing", f"第 {index} 项不见了。Leaf {index} is missing.", leaf_index=index)


def _of(reading: LeafReading, kind: str, detail: str) -> LogFault:
    return LogFault(kind, detail, reading.index, reading.event_id)
