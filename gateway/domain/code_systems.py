"""Other systems that can read codes which mean nothing here: classes C, D and G of the domain facts, 3.1.

The port, and what an answer must look like to be believed. How it travels: docs/samr-adapter.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from gateway.domain.answers import CodeClass
from gateway.domain.identifiers import CodeError, check_unified_social_credit_code
from gateway.domain.instants import read_instant

VERSION = 1
_LONGEST_NAME = 300
_CLOCKS_DIFFER = timedelta(minutes=5)
REGISTRATION_STATUSES = frozenset({"registered", "cancelled", "revoked", "moved_out", "unknown"})


class ReadOutcome(StrEnum):
    """What a system said of a code."""

    RESOLVED = "resolved"
    UNKNOWN = "unknown"
    """It is none of its codes."""
    EXPIRED = "expired"
    """It was one, and its time is over, or it was used."""


class CodeSystemDownError(Exception):
    """No answer that can be believed. Nothing is said about the code. The message is for the log and holds no content."""


@dataclass(frozen=True)
class NamedEnterprise:
    """The enterprise that a code stands for, as its system names it."""

    unified_social_credit_code: str
    name: str
    registration_status: str
    registration_as_of: datetime
    """When the system's register said so, aware UTC."""
    source: str
    """Name of the system."""


@dataclass(frozen=True)
class CodeReading:
    """The answer of a system."""

    outcome: ReadOutcome
    code_class: CodeClass
    """``entity_code`` or ``dynamic_code``; ``unknown`` when it is none of the system's codes."""
    enterprise: NamedEnterprise | None
    """Given exactly when ``outcome`` is ``resolved``."""


class CodeSystem(Protocol):
    """The port."""

    @property
    def name(self) -> str:
        """Short, for logs and metrics."""
        ...

    def takes(self, content: str) -> bool:
        """Whether such content may be one of its codes; it is told nothing else."""
        ...

    def read(self, content: str) -> CodeReading:
        """What the content stands for. CodeSystemDownError when it could not be asked."""
        ...


def parse_reading(document: object, *, nonce: str, now: datetime, source: str) -> CodeReading:
    """An answer that has exactly the documented form. CodeSystemDownError names what is wrong with any other.

    ``nonce`` is that of the question: an answer to another one says nothing about this code.
    """
    answer = _object(document, {"version", "nonce", "outcome", "code_kind", "enterprise", "answered_at"}, "the answer")
    if answer["version"] != VERSION or answer["nonce"] != nonce:
        raise CodeSystemDownError("it answers another question, or in another version")
    if abs(_instant(answer["answered_at"]) - now) > _CLOCKS_DIFFER:
        raise CodeSystemDownError("the answer is not of now")
    try:
        outcome = ReadOutcome(answer["outcome"])
    except ValueError as error:
        raise CodeSystemDownError("its outcome is none of those agreed") from error
    if outcome is ReadOutcome.UNKNOWN:
        if answer["code_kind"] is not None or answer["enterprise"] is not None:
            raise CodeSystemDownError("it says more of a code than that it does not know it")
        return CodeReading(outcome, CodeClass.UNKNOWN, None)
    if answer["code_kind"] not in (CodeClass.ENTITY_CODE, CodeClass.DYNAMIC_CODE):
        raise CodeSystemDownError("its kind of code is none of those agreed")
    kind = CodeClass(answer["code_kind"])
    if (outcome is ReadOutcome.RESOLVED) != (answer["enterprise"] is not None):
        raise CodeSystemDownError("outcome and enterprise do not fit together")
    named = answer["enterprise"]
    return CodeReading(outcome, kind, None if named is None else _enterprise(named, now, source))


def _enterprise(value: object, now: datetime, source: str) -> NamedEnterprise:
    fields = {"unified_social_credit_code", "name", "registration_status", "registration_as_of"}
    given = _object(value, fields, "the enterprise")
    code, name = given["unified_social_credit_code"], given["name"]
    try:
        is_right = isinstance(code, str) and check_unified_social_credit_code(code).code == code
    except CodeError:
        is_right = False
    if not is_right:
        raise CodeSystemDownError("the credit code is wrong")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        raise CodeSystemDownError("the name is missing, too long or not printable")
    if given["registration_status"] not in REGISTRATION_STATUSES:
        raise CodeSystemDownError("the registration status is none of those agreed")
    as_of = _instant(given["registration_as_of"])
    if as_of - now > _CLOCKS_DIFFER:
        raise CodeSystemDownError("the registration is of a time to come")
    return NamedEnterprise(str(code), name.strip(), str(given["registration_status"]), as_of, source)


def _object(value: object, names: set[str], what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise CodeSystemDownError(f"{what} does not have exactly the agreed fields")
    return value


def _instant(value: object) -> datetime:
    try:
        return read_instant(value)
    except ValueError as error:
        raise CodeSystemDownError("an instant is none") from error
