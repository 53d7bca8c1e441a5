"""Policies as JSON files: the two that come with this package, or one of the operator's (docs/validation-policy.md).

Read strictly: an unknown or missing field, another type or a naive instant is refused, since a misspelt rule would
silently weaken every verdict.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from signing.errors import MalformedDataError
from signing.validation.algorithm_constraints import FOREVER, AlgorithmConstraints
from signing.validation.policy import Limits, PermittedChange, Revocation, ValidationPolicy
from signing.validation.report import Trust

BUILT_IN = ("default", "strict")
_MOST_BYTES = 1024 * 1024
_KEY_TYPES = ("RSA", "EC")
T = TypeVar("T")


def read_policy(source: str | Path) -> ValidationPolicy:
    """The rules of a built-in policy or of a file, without trust material.

    MalformedDataError with the place of the fault when the file cannot be read or is not exactly a policy.
    """
    if source in BUILT_IN:
        return _built_in(str(source))
    path = Path(source)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise MalformedDataError(f"{path} is larger than {_MOST_BYTES} bytes")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedDataError(f"the validation policy {path} cannot be read") from error
    return parse_policy(text, where=str(path))


@lru_cache(maxsize=len(BUILT_IN))
def _built_in(name: str) -> ValidationPolicy:
    text = resources.files("signing.validation").joinpath("policies", f"{name}.json").read_text("utf-8")
    return parse_policy(text, where=name)


def parse_policy(text: str, *, where: str = "policy") -> ValidationPolicy:
    """A policy from its JSON text. MalformedDataError names the field that is wrong."""
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise MalformedDataError(f"{where}: not readable JSON ({error})") from error
    fields = _object(
        document,
        where,
        "name description algorithms revocation permitted_changes required_trust required_extended_key_usages "
        "requires_certificate_reference limits",
    )
    revocation = _object(fields["revocation"], f"{where}: revocation", "rule maximum_age_hours")
    hours = revocation["maximum_age_hours"]
    description = _object(fields["description"], f"{where}: description", "zh en")
    for language in description:
        _of(description[language], str, f"{where}: description.{language}")
    return ValidationPolicy(
        trust_anchors=(),
        name=_of(fields["name"], str, f"{where}: name"),
        algorithms=_algorithms(fields["algorithms"], f"{where}: algorithms"),
        revocation=_member(Revocation, revocation["rule"], f"{where}: revocation.rule"),
        revocation_maximum_age=None if hours is None else timedelta(hours=_positive(hours, f"{where}: revocation")),
        permitted_changes=frozenset(
            _member(PermittedChange, change, f"{where}: permitted_changes")
            for change in _of(fields["permitted_changes"], list, f"{where}: permitted_changes")
        ),
        required_trust=_member(Trust, fields["required_trust"], f"{where}: required_trust"),
        required_extended_key_usages=frozenset(
            _oid(oid, f"{where}: required_extended_key_usages")
            for oid in _of(fields["required_extended_key_usages"], list, f"{where}: required_extended_key_usages")
        ),
        requires_certificate_reference=_of(
            fields["requires_certificate_reference"], bool, f"{where}: requires_certificate_reference"
        ),
        limits=_limits(fields["limits"], f"{where}: limits"),
    )


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return dict(pairs)


def _object(value: Any, where: str, names: str) -> dict[str, Any]:
    """An object with exactly these names."""
    expected = set(names.split())
    if not isinstance(value, dict) or set(value) != expected:
        found = set(value) if isinstance(value, dict) else set()
        wrong = ", ".join(sorted(expected ^ found))
        raise MalformedDataError(f"{where}: missing or unknown: {wrong}")
    return value


def _of(value: Any, kind: type[T], where: str) -> T:
    if type(value) is not kind:
        raise MalformedDataError(f"{where} is no {kind.__name__}")
    return value


def _positive(value: Any, where: str) -> int:
    if _of(value, int, where) <= 0:
        raise MalformedDataError(f"{where} must be greater than 0")
    return int(value)


def _member(kind: type[T], value: Any, where: str) -> T:
    try:
        return kind(value)  # type: ignore[call-arg] # every kind here is an enumeration of strings
    except ValueError as error:
        raise MalformedDataError(f"{where} does not know {value!r}") from error


def _oid(value: Any, where: str) -> str:
    text = _of(value, str, where)
    arcs = text.split(".")
    if len(arcs) < 2 or not all(arc.isdecimal() and arc.isascii() for arc in arcs):  # noqa: PLR2004 - X.660
        raise MalformedDataError(f"{where}: {text!r} is no object identifier")
    return text


def _until(value: Any, where: str) -> datetime:
    """An instant with its time zone; null is for ever."""
    if value is None:
        return FOREVER
    try:
        instant = datetime.fromisoformat(_of(value, str, where))
    except ValueError as error:
        raise MalformedDataError(f"{where}: {value!r} is no ISO 8601 instant") from error
    if instant.tzinfo is None:
        raise MalformedDataError(f"{where}: {value!r} has no time zone")
    return instant


def _algorithms(value: Any, where: str) -> AlgorithmConstraints:
    fields = _object(value, where, "digests signatures keys")
    sizes: dict[str, dict[int, datetime]] = {kind: {} for kind in _KEY_TYPES}
    for row in _of(fields["keys"], list, f"{where}.keys"):
        key = _object(row, f"{where}.keys", "type least_bits until")
        if key["type"] not in _KEY_TYPES:
            raise MalformedDataError(f"{where}.keys does not know {key['type']!r}")
        sizes[key["type"]][_positive(key["least_bits"], f"{where}.keys")] = _until(key["until"], f"{where}.keys")
    return AlgorithmConstraints(
        digests=_reliable(fields["digests"], f"{where}.digests"),
        signatures=_reliable(fields["signatures"], f"{where}.signatures"),
        rsa_bits=sizes["RSA"],
        ec_bits=sizes["EC"],
    )


def _reliable(value: Any, where: str) -> Mapping[str, datetime]:
    rows = [_object(row, where, "oid name until") for row in _of(value, list, where)]
    table = {_oid(row["oid"], where): _until(row["until"], where) for row in rows}
    if len(table) != len(rows):
        raise MalformedDataError(f"{where} names an algorithm twice")
    return table


def _limits(value: Any, where: str) -> Limits:
    """The limits that are named; the others are those of ``Limits``."""
    fields = _of(value, dict, where)
    unknown = sorted(set(fields) - set(Limits.__dataclass_fields__))
    if unknown:
        raise MalformedDataError(f"{where}: missing or unknown: {', '.join(unknown)}")
    return Limits(**{name: _positive(limit, f"{where}.{name}") for name, limit in fields.items()})
