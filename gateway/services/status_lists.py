"""Status lists: made from the register when they are asked for, signed anew when a status changed, the same everywhere."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select

from gateway.domain.status import LicenceStatus, StatusTransition, in_order
from gateway.domain.status_list import (
    LISTED_AS,
    PLACES,
    TOKEN_TYPE,
    ListedStatus,
    StatusList,
    pack,
    status_list_address,
)
from gateway.errors import NotFoundError
from gateway.persistence.engines import insert_for
from gateway.persistence.models import LicenceVersion, StatusChange, StatusListToken, StatusPlace
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.signed_lists import sign_token
from signing.sm2 import sm3

KEPT_FOR = timedelta(seconds=2)
"""How long a process hands a list out without looking at the register."""
TTL = timedelta(seconds=5)
"""How long a copy may serve: with ``KEPT_FOR``, a change shows everywhere within ten seconds."""
_HIGHEST_NUMBER = 9_999
"""Six hundred million licences of one authority; beyond, a place would not fit the column."""
GOOD_FOR = timedelta(hours=24)
"""How long a list says anything to who cannot fetch a newer one."""


@dataclass(frozen=True)
class PublishedList:
    """A signed list as it is handed out."""

    token: bytes
    content_sm3: str
    """Changes with the statuses and with each signature: the ETag."""
    signed_at: datetime


class StatusLists:
    """The lists of every issuing authority."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._kept: dict[tuple[str, int], tuple[datetime, PublishedList]] = {}

    def addresses(self) -> list[dict[str, str | int]]:
        """Every list that there is, by authority and number."""
        with reading(self._deps.sessions) as session:
            query = select(StatusPlace.authority_code, func.max(StatusPlace.place)).group_by(StatusPlace.authority_code)
            highest = session.execute(query.order_by(StatusPlace.authority_code)).all()
        base = self._deps.settings.public_base_url
        return [
            {"authority_code": code, "number": number, "uri": status_list_address(base, code, number)}
            for code, place in highest
            for number in range(place // PLACES + 1)
        ]

    def published(self, authority_code: str, number: int) -> PublishedList:
        """One list as it is now. NotFoundError when nobody has a place in it, ConfigurationError without a key for lists."""
        if number > _HIGHEST_NUMBER:
            raise _absent()
        now, key = self._deps.clock(), (authority_code, number)
        looked_at, found = self._kept.get(key, (None, None))
        if found is None or looked_at is None or not looked_at <= now < looked_at + KEPT_FOR:
            found = self._current(authority_code, number, now)
            self._kept[key] = (now, found)
        return found

    def _current(self, authority_code: str, number: int, now: datetime) -> PublishedList:
        statuses = pack(self._statuses(authority_code, number, now))
        content = sm3(statuses).hex()
        with reading(self._deps.sessions) as session:
            row = session.get(StatusListToken, (authority_code, number))
        # Half of its time must be left: who takes it along can rely on that much.
        if row is not None and row.content_sm3 == content and timedelta() <= now - row.signed_at < GOOD_FOR / 2:
            return PublishedList(row.token, sm3(row.token).hex(), row.signed_at)
        made = StatusList(authority_code, number, statuses, now, now + GOOD_FOR, TTL)
        token = sign_token(self._deps, made.encode(self._deps.settings.public_base_url), TOKEN_TYPE)
        return self._keep(made, content, token)

    def _statuses(self, authority_code: str, number: int, now: datetime) -> dict[int, ListedStatus]:
        """What is not VALID, by place. NotFoundError for a list without places."""
        in_list = (
            StatusPlace.authority_code == authority_code,
            StatusPlace.place >= number * PLACES,
            StatusPlace.place < (number + 1) * PLACES,
        )
        changed = (
            select(StatusChange.licence_id)
            .join(LicenceVersion, LicenceVersion.licence_id == StatusChange.licence_id)
            .join(StatusPlace, StatusPlace.licence_identifier == LicenceVersion.licence_identifier)
            .where(StatusChange.status != LicenceStatus.VALID, StatusChange.effective_at <= now, *in_list)
        )
        changes = (
            select(
                StatusPlace.place,
                StatusPlace.licence_identifier,
                StatusChange.licence_identifier.label("concerns"),
                StatusChange.status,
                StatusChange.effective_at,
                StatusChange.recorded_at,
            )
            .join(LicenceVersion, LicenceVersion.licence_identifier == StatusPlace.licence_identifier)
            .join(StatusChange, StatusChange.licence_id == LicenceVersion.licence_id)
            .where(LicenceVersion.licence_id.in_(changed), *in_list)
            .order_by(StatusChange.id)
        )
        with reading(self._deps.sessions) as session:
            if session.scalar(select(StatusPlace.place).where(*in_list).limit(1)) is None:
                raise _absent()
            rows = session.execute(changes).all()
        by_place = defaultdict[int, list[Row[*tuple[Any, ...]]]](list)
        for row in rows:
            if row.concerns in (None, row.licence_identifier):
                by_place[row.place].append(row)
        return {place: _listed(concerning, now) for place, concerning in by_place.items()}

    @retried
    def _keep(self, made: StatusList, content: str, token: bytes) -> PublishedList:
        """Keep a token for every process; of two that were signed at once, the one that is kept last serves."""
        values: dict[str, Any] = {"content_sm3": content, "token": token, "signed_at": made.signed_at}
        with self._deps.sessions.begin() as session:
            adding = insert_for(session.get_bind(), StatusListToken).values(
                authority_code=made.authority_code, number=made.number, **values
            )
            session.execute(adding.on_conflict_do_update(index_elements=["authority_code", "number"], set_=values))
        return PublishedList(token, sm3(token).hex(), made.signed_at)


def _absent() -> NotFoundError:
    return NotFoundError("没有这份状态名单。There is no such status list.")


def _listed(changes: Iterable[Row[*tuple[Any, ...]]], now: datetime) -> ListedStatus:
    """The last change in effect, as a list says it."""
    transitions = [StatusTransition(row.status, row.effective_at, row.recorded_at) for row in changes]
    in_effect = [each for each in in_order(transitions) if each.effective_at <= now]
    return LISTED_AS[LicenceStatus(in_effect[-1].status)] if in_effect else ListedStatus.VALID
