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

    @property
    def held(self) -> bool:
        """Whether the gateway took all of them."""
        return self.rounds > 0 and self.survived == self.rounds
