"""The cases of the corpus: functions that make the bytes of one file, and the table of right answers."""

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
REFUSED = "refused"


def case(function):
    """Registers a generator: a function of the world that gives the bytes of one file."""
    assert function.__name__ not in GENERATORS, function.__name__
    GENERATORS[function.__name__] = function
    return function


def load_generators():
    """Every generator by its name, module by module."""
    for module in pkgutil.iter_modules(attacks.__path__):
        importlib.import_module(f"{attacks.__name__}.{module.name}")
    return GENERATORS


@dataclass(frozen=True)
class Row:
    """One entry of the table: what was done to the file, and the only right answer."""

    id: str
    group: str
    attack: str
    """One sentence."""
    answer: tuple[str, str, str]
    """genuine, exit status of ``licence-gateway verify``, a reason code that is given or the empty string."""
    signatures: tuple[tuple[str, ...], ...] | None = None
    """For each signature: indication, sub-indication, level, coverage, changes; None where they are left open."""
    why: str = ""
    """The clause, where the answer may surprise or leaves a choice."""
    revocation: str = "required"
    """The setting GATEWAY_REVOCATION under which the row is judged."""
    bomb: bool = False
    """Whether the file attacks memory or time: never judged inside the process of the tests."""


@dataclass(frozen=True)
class Judgement:
    """What a judge said about one file, in the terms of the table."""

    genuine: str
    """yes, no, unknown, or refused."""
    exit: str
    reasons: tuple[str, ...]
    signatures: tuple[tuple[str, ...], ...] = ()


@cache
def rows():
    """The table, by id."""
    raw = tomllib.loads(TABLE.read_text())
    entries = [(group, key, entry) for group, cases in raw.items() for key, entry in cases.items()]
    table = {key: _row(group, key, entry) for group, key, entry in entries}
    assert len(table) == len(entries), "an id stands in two groups"
    return table


def _row(group, key, entry):
    lines = entry.get("signatures")
    signatures = None if lines is None else tuple(map(tuple, lines))
    return Row(**{**entry, "id": key, "group": group, "answer": tuple(entry["answer"]), "signatures": signatures})


def differences(row, found):
    """What is wrong with a judgement, one sentence each; empty when it is the right one."""
    genuine, status, reason = row.answer
    wrong = [
        f"{what} is {given or 'nothing'}, not {expected}"
        for what, expected, given in (("genuine", genuine, found.genuine), ("exit status", status, found.exit))
        if not _fits(expected, given)
    ]
    if found.genuine == REFUSED:
        return wrong
    if reason and not set(reason.split("|")) & set(found.reasons):
        wrong.append(f"the reasons are {', '.join(found.reasons)}, without {reason}")
    return wrong + _signature_differences(row.signatures, found.signatures)


def _signature_differences(expected, given):
    if expected is None:
        return []
    if len(expected) != len(given):
        return [f"{len(given)} signatures are reported, not {len(expected)}"]
    parts = ("indication", "sub-indication", "level", "coverage", "changes")
    return [
        f"signature {number}: {part} is {said or 'nothing'}, not {wanted or 'nothing'}"
        for number, (right, found) in enumerate(zip(expected, given, strict=True), 1)
        for part, wanted, said in zip(parts, right, found, strict=True)
        if not _fits(wanted, said)
    ]


def _fits(expected, given):
    return given in expected.split("|") or "*" in expected.split("|")
