"""The cases of the corpus: functions that make the bytes of one file, by their names."""

import importlib
import pkgutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.corpus import attacks

TABLE = Path(__file__).with_name("verdicts.toml")
GENERATORS: dict[str, Callable] = {}


def case(function):
    """Registers a generator: a function of the world that gives the bytes of one file."""
    assert function.__name__ not in GENERATORS, function.__name__
    GENERATORS[function.__name__] = function
    return function


def load_generators():
    """Every generator by its name, in the order of the modules."""
    for module in pkgutil.iter_modules(attacks.__path__):
        importlib.import_module(f"{attacks.__name__}.{module.name}")
    return GENERATORS


@dataclass(frozen=True)
class Row:
    """One line of the table: what the attacker did, and the only right answer."""

    id: str
    group: str
    attack: str
    """One sentence."""
    exit: int
    """Exit status of ``licence-gateway verify``."""
    genuine: str | None
    """yes, no, unknown; None for a file that is refused."""
    reason: str | None
    """A reason code that the answer must give; for a refused file the reason of the refusal."""
    signatures: tuple[dict, ...] = ()
    """For each signature in the order of signing: indication, sub_indication, level, changes, coverage. A list
    stands where the standards leave a choice."""
    why: str = ""
    """The clause, where the answer or the choice may surprise."""
    revocation: str = "required"
    """The setting GATEWAY_REVOCATION that the row is judged under."""
    bomb: bool = False
    """Whether the file attacks memory or time: never judged inside the process of the tests."""


@cache
def rows():
    """The table, by id."""
    raw = tomllib.loads(TABLE.read_text())
    found = [
        Row(
            id=key,
            group=group,
            signatures=tuple(entry.pop("signatures", ())),
            genuine=entry.pop("genuine", None),
            reason=entry.pop("reason", None),
            **entry,
        )
        for group, entries in raw.items()
        for key, entry in entries.items()
    ]
    table = {row.id: row for row in found}
    assert len(table) == len(found), "an id occurs twice"
    return table


def choices(expected):
    """What is allowed, as a tuple."""
    return tuple(expected) if isinstance(expected, list) else (expected,)
