"""What one fault hands to `python -m tests.faults`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FaultResult:
    """How the gateway took one kind of fault."""

    name: str
    """The fault, such as ``issue killed by SIGKILL``."""
    rounds: int
    """How often it was done to the gateway."""
    survived: int
    """After how many of them everything that must hold held."""
    detail: str
    """What was seen, and the first breach where there was one."""
    slowest_ms: float = 0.0
    """Longest time that one round took, where that is bounded."""
    wrong: int | None = None
    """Answers that said something untrue, where the fault could lead to one: None where nothing was asked."""
    lost: int | None = None
    """Licences, rows, events or requests that were lost; None where there was nothing to lose."""
    doubled: int | None = None
    """Licences or events that came into being twice; None where nothing could."""

    @property
    def held(self) -> bool:
        """Whether the gateway took all of them."""
        return 0 < self.rounds == self.survived and not (self.wrong or self.lost or self.doubled)
