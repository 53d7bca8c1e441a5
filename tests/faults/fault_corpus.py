"""The attack corpus through the command that counterparties run: how many files of each kind get the answer of the table."""

import time

from tests.corpus.case import differences, load_generators, rows
from tests.corpus.judges import by_command
from tests.corpus.tabulation import TITLES
from tests.corpus.world import World
from tests.faults.result import FaultResult


def run(folder):
    """One row for each kind of attack; a wrong verdict is a breach."""
    world = World()
    files = {name: make(world) for name, make in load_generators().items()}
    trust = world.write_trust(folder / "trust")
    judgements, elapsed = {}, {}
    for revocation, bomb in sorted({(row.revocation, row.bomb) for row in rows().values()}):
        names = [row.id for row in rows().values() if (row.revocation, row.bomb) == (revocation, bomb)]
        paths = [folder / f"{name}.pdf" for name in names]
        for path in paths:
            path.write_bytes(files[path.stem])
        started = time.perf_counter()
        judged = by_command(paths, trust, world.at, home=folder / "home", revocation=revocation, timeout=900)
        elapsed[bomb] = (time.perf_counter() - started) * 1000 / len(names)
        judgements |= judged.judgements
    return [_result(group, title, judgements, elapsed[group == "bombs"]) for group, title in TITLES.items()]


def _result(group, title, judgements, mean_ms):
    cases = [row for row in rows().values() if row.group == group]
    found = {row.id: judgements.get(f"{row.id}.pdf") for row in cases}
    wrong = [row.id for row in cases if found[row.id] is None or differences(row, found[row.id])]
    said = f"{len(wrong)} wrong verdicts" + (f": {', '.join(wrong)}" if wrong else "") + f"; {mean_ms:.0f} ms each"
    return FaultResult(f"corpus: {title}", len(cases), len(cases) - len(wrong), said, wrong=len(wrong))
