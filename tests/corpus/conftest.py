"""The corpus, made once for a run of the tests."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.corpus.case import load_generators, rows
from tests.corpus.world import World, read_policy


@dataclass(frozen=True)
class Corpus:
    """Every file with the world that it is judged in."""

    world: World = field(repr=False)
    files: dict[str, bytes] = field(repr=False)
    trust: Path
    """The trust folder; written when all files were made, since making them adds CAs and revocations."""

    def policy(self, row):
        return read_policy(self.trust, row.revocation)


def _made(folder, *, bombs):
    world = World()
    files = {name: make(world) for name, make in load_generators().items() if rows()[name].bomb is bombs}
    return Corpus(world, files, world.write_trust(folder / "trust"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """The files that are judged in this process too; bombs are not among them."""
    return _made(tmp_path_factory.mktemp("corpus"), bombs=False)


@pytest.fixture(scope="session")
def bombs(tmp_path_factory):
    """The files that attack memory or time."""
    return _made(tmp_path_factory.mktemp("bombs"), bombs=True)


@pytest.fixture(scope="session")
def policies(corpus):
    """The policies of the rows, by the setting that makes them differ."""
    return {row.revocation: corpus.policy(row) for row in rows().values()}
