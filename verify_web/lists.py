"""The list of an enterprise as its page shows it: by authority, filtered, the nearest expiry first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from flask_babel import lazy_gettext as _l

from gateway.domain.answers import AuthorityAnswer, AuthorityFreshness, Genuine, ListedLicence, ReportedLine, Resolution
from gateway.domain.status import WORDS
from verify_web.words import said

UNCHECKED = "unchecked"
"""The state of a licence whose file could not be checked, or does not match its signature: its status proves nothing."""
UNCHECKED_WORDS: str = _l("未能核验为真")
Line = TypeVar("Line", ListedLicence, ReportedLine)


@dataclass(frozen=True)
class ListFilter:
    """What the reader wants to see; empty means everything."""

    state: str = ""
    """A status of a licence, or ``unchecked``."""
    licence_type: str = ""
    """Name of a licence type."""

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "ListFilter":
        """From the query of a page; what no licence can have is taken for no wish."""
        state = query.get("state", "")
        return cls(state if state in WORDS or state == UNCHECKED else "", query.get("type", "")[:120])

    def takes(self, line: ListedLicence | ReportedLine) -> bool:
        """Whether a line is wanted."""
        return self.state in ("", state_of(line)) and self.licence_type in ("", line.licence_type_name)


@dataclass(frozen=True)
class ListView:
    """A list, ready to be shown."""

    groups: tuple[AuthorityAnswer, ...]
    """Authorities with wanted licences."""
    silent: tuple[AuthorityFreshness, ...]
    """Authorities that gave no answer: what they issued may be missing."""
    without: tuple[AuthorityFreshness, ...]
    """Authorities that answered that there is none."""
    states: tuple[tuple[str, str], ...]
    """States that occur, with their words."""
    types: tuple[str, ...]
    """Names of the types that occur."""
    shown: int
    total: int


def list_view(resolution: Resolution, wanted: ListFilter) -> ListView:
    """The view of a list; authorities without an answer are named whatever the filter says."""
    lines = [line for each in resolution.authorities for line in _lines(each)]
    groups = tuple(
        AuthorityAnswer(each.freshness, _sorted(each.licences, wanted), _sorted(each.reported, wanted))
        for each in resolution.authorities
        if any(map(wanted.takes, _lines(each)))
    )
    empty = [each.freshness for each in resolution.authorities if not (each.licences or each.reported)]
    return ListView(
        groups=groups,
        silent=tuple(each.freshness for each in resolution.authorities if not each.freshness.has_answered),
        without=tuple(each for each in empty if each.has_answered),
        states=tuple((state, _state_words(state)) for state in sorted({state_of(line) for line in lines})),
        types=tuple(sorted({line.licence_type_name for line in lines})),
        shown=sum(len(each.licences) + len(each.reported) for each in groups),
        total=len(lines),
    )


def state_of(line: ListedLicence | ReportedLine) -> str:
    """What a line is filtered by."""
    is_proven = not isinstance(line, ListedLicence) or line.genuine is Genuine.YES
    return line.status if is_proven else UNCHECKED


def _lines(answer: AuthorityAnswer) -> list[ListedLicence | ReportedLine]:
    return [*answer.licences, *answer.reported]


def _sorted(lines: Iterable[Line], wanted: ListFilter) -> tuple[Line, ...]:
    kept = [line for line in lines if wanted.takes(line)]
    return tuple(sorted(kept, key=lambda line: (line.valid_until or date.max, line.licence_number)))


def _state_words(state: str) -> str:
    return UNCHECKED_WORDS if state == UNCHECKED else said(WORDS[state])
