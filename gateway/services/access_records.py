"""Who read data that are not public, and for what (domain facts, 1.5 and 5). Kept for years, and shown to the holder."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.persistence.models import AccessRecord
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.sealed_places import asking_person


@dataclass(frozen=True)
class CallerElements:
    """The five elements of the caller, and the purpose."""

    organisation: str
    user_name: str
    item_name: str
    item_code: str
    business_number: str
    purpose: str


@dataclass(frozen=True)
class Access:
    """One read."""

    route: str
    subject: str
    """Licence identifier or holder code."""
    fields: tuple[str, ...]
    """What was given; empty means everything that the route gives."""
    result: int
    request_id: str
    address: str


@dataclass(frozen=True)
class AccessView:
    """One record as auditors and holders see it; the user's name is opened for auditors only."""

    id: int
    accessed_at: datetime
    client_id: str
    route: str
    subject: str
    fields: tuple[str, ...]
    result: int
    elements: CallerElements
    request_id: str


class AccessRecords:
    """Writes and lists the records."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def record(self, actor: Actor, elements: CallerElements, access: Access) -> None:
        """Write one record in its own transaction. The name of the person is sealed."""
        now = self._deps.clock()
        name = self._deps.vault.seal(elements.user_name, asking_person(now, access.request_id))
        stored = asdict(elements) | {"user_name": name}
        with self._deps.sessions.begin() as session:
            session.add(
                AccessRecord(
                    accessed_at=now,
                    client_id=actor.id,
                    route=access.route,
                    subject=access.subject,
                    fields=list(access.fields),
                    result=access.result,
                    elements=stored,
                    request_id=access.request_id,
                    address=access.address,
                )
            )

    def of_subject(
        self, subject: str, *, after_id: int = 0, limit: int = 100, actor: Actor = OPERATOR
    ) -> list[AccessView]:
        """The records on a licence or holder, in order. ForbiddenError without the right to audit."""
        actor.require(Scope.ADMINISTER)
        with reading(self._deps.sessions) as session:
            rows = session.scalars(
                select(AccessRecord)
                .where(AccessRecord.subject == subject, AccessRecord.id > after_id)
                .order_by(AccessRecord.id)
                .limit(limit)
            ).all()
        return [self._view(row) for row in rows]

    def prune(self) -> int:
        """Remove records past their retention; gives how many."""
        before = self._deps.clock() - timedelta(days=self._deps.settings.access_record_days)
        with self._deps.sessions.begin() as session:
            old = delete(AccessRecord).where(AccessRecord.accessed_at < before)
            return session.execute(old).rowcount  # type: ignore[attr-defined,no-any-return] # of a DELETE

    def _view(self, row: AccessRecord) -> AccessView:
        place = asking_person(row.accessed_at, row.request_id)
        name = self._deps.vault.open(str(row.elements["user_name"]), place)
        return AccessView(
            id=row.id,
            accessed_at=row.accessed_at,
            client_id=row.client_id,
            route=row.route,
            subject=row.subject,
            fields=tuple(row.fields),
            result=row.result,
            elements=CallerElements(**{**row.elements, "user_name": name}),
            request_id=row.request_id,
        )
