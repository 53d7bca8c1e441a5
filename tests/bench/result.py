"""What one benchmark hands to `python -m tests.bench`."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class BenchResult:
    """Measured figures of one run.

    `ratios`: name -> ours over the reference, a pure number, higher is better. Both sides are timed in the same run, interleaved,
    medians of at least five rounds (the names stand in docs/operations.md). `rates`: name -> absolute figure; the name ends in
    its unit (`_per_second`, `_ms`, `_bytes`).
    """

    ratios: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
