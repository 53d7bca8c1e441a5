"""Places of licence versions in the status list of their issuing authority, drawn by lot."""

import secrets

from sqlalchemy import Integer, and_, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from gateway.domain.status_list import PLACES
from gateway.errors import RegistryBusyError
from gateway.persistence.models import StatusPlace
from gateway.persistence.session import QuickReads

_DRAWS = 16
"""Where so many places are all taken, the list is full enough (some 60 %), and the next one is begun."""
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


def draw_place(reads: QuickReads, authority_code: str) -> int:
    """A place that nobody has, by chance from the operating system, so that it tells nothing of what came before or after.

    Another process may take it meanwhile; the unique constraint decides, and the issue is done again.
    """
    return draw_places(reads, authority_code, 1)[0]


def draw_places(reads: QuickReads, authority_code: str, count: int) -> list[int]:
    """The same for several at once, each another."""
    found: dict[int, None] = {}
    while len(found) < count:
        drawn = [secrets.randbelow(PLACES) for _ in range(_DRAWS)]
        rows = reads.rows(
            _TAKEN, {"authority": authority_code} | {f"drawn_{n}": place for n, place in enumerate(drawn)}
        )
        begins: int = rows[0].begins
        taken = {row.place for row in rows}
        free = [begins + place for place in drawn if begins + place not in taken]
        # Nobody has a place in the list after the newest.
        found |= dict.fromkeys(free or [begins + PLACES + drawn[0]])
    return list(found)[:count]


def require_place_free(error: IntegrityError) -> None:
    """RegistryBusyError when what was refused is a place that another issue took first: a second try draws another."""
    if StatusPlace.__tablename__ in str(error.orig):
        raise RegistryBusyError(
            "登记簿繁忙，请稍后再试。Another issue took the same place in the status list.", hint="Try again."
        ) from error
