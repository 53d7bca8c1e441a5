"""Places of licence versions in the status list of their issuing authority, drawn by lot."""

import secrets
from collections.abc import Sequence
from hashlib import shake_256

from sqlalchemy import Integer, and_, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from gateway.domain.status_list import PLACES
from gateway.errors import RegistryBusyError
from gateway.persistence.models import StatusPlace
from gateway.persistence.session import Question, QuickReads

_DRAWS = 16
"""Where so many places are all taken, the list is full enough (some 60 %), and the next one is begun."""
_EVERY_PLACE = range(PLACES)
_LOTS = 64
"""Of some thousand places each: many more than one chunk wants, and more of them than chunks are worked on at once."""
_OF_AUTHORITY = StatusPlace.authority_code == bindparam("authority")
_BEGINS = (
    # The dialects disagree on what dividing whole numbers gives; the remainder is the same to all.
    select(
        (func.coalesce(func.max(StatusPlace.place), 0) - func.coalesce(func.max(StatusPlace.place), 0) % PLACES).label(
            "of"
        )
    )
    .where(_OF_AUTHORITY)
    .subquery()
)
_TAKEN = select(_BEGINS.c.of.label("begins"), StatusPlace.place).outerjoin_from(
    _BEGINS,
    StatusPlace,
    and_(
        _OF_AUTHORITY,
        StatusPlace.place.in_([_BEGINS.c.of + bindparam(f"drawn_{n}", type_=Integer) for n in range(_DRAWS)]),
    ),
)
"""Where the newest list of an authority begins, and which of the places drawn in it are taken."""


def lot_of(job_id: str, chunk: int) -> Sequence[int]:
    """The places among which a chunk of a job draws its own, so that it meets none that is worked on beside it.

    Which they are seems chance to whoever does not know the job: they tell no more than those of a single licence.
    """
    lots = shake_256(job_id.encode()).digest(PLACES)
    return [place for place, lot in enumerate(lots) if lot % _LOTS == chunk % _LOTS]


def place_question(authority_code: str, lot: Sequence[int] = _EVERY_PLACE) -> Question:
    """What ``draw_place`` asks the register: which of some places, drawn by chance from the operating system, are taken."""
    drawn = {f"drawn_{n}": secrets.choice(lot) for n in range(_DRAWS)}
    return Question(_TAKEN, {"authority": authority_code} | drawn)


def draw_place(reads: QuickReads, authority_code: str, *, asked: Question | None = None) -> int:
    """A place that nobody has, by chance, so that it tells nothing of what came before or after; of those in ``asked`` first.

    Another process may take it meanwhile; the unique constraint decides, and the issue is done again.
    """
    return next(iter(_free_places(reads, asked or place_question(authority_code))))


def draw_places(reads: QuickReads, authority_code: str, count: int, lot: Sequence[int]) -> list[int]:
    """The same for several at once, each another, out of a lot."""
    found: dict[int, None] = {}
    while len(found) < count:
        found |= dict.fromkeys(_free_places(reads, place_question(authority_code, lot)))
    return list(found)[:count]


def _free_places(reads: QuickReads, asked: Question) -> list[int]:
    """Those of the drawn places that nobody has; never none."""
    rows = reads.rows(asked.statement, asked.parameters)
    begins: int = rows[0].begins
    taken = {row.place for row in rows}
    drawn = [asked.parameters[f"drawn_{n}"] for n in range(_DRAWS)]
    # Nobody has a place in the list after the newest.
    return [begins + place for place in drawn if begins + place not in taken] or [begins + PLACES + drawn[0]]


def require_place_free(error: IntegrityError) -> None:
    """RegistryBusyError when what was refused is a place that another issue took first: a second try draws another."""
    if StatusPlace.__tablename__ in str(error.orig):
        raise RegistryBusyError(
            "登记簿繁忙，请稍后再试。Another issue took the same place in the status list.", hint="Try again."
        ) from error
