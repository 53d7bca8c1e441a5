"""Who read data that are not public, and for what (domain facts, 1.5 and 5). Kept for years, and shown to auditors and to
the authority whose licence was read.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, contains_eager

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.instants import instant
from gateway.domain.masking import HIDDEN, mask_text
from gateway.errors import FieldError, ValidationFailedError
from gateway.persistence.models import AccessRecord, Client, Licence, LicenceVersion, PurposeCopy, ReportedLicence
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.clients import is_within
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import find_version
from gateway.services.sealed_places import asking_person

MOST_LISTED = 200
_FREE_TEXT = frozenset({"organisation", "item_name", "purpose"})


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
class AccessFilter:
    """Reads of one licence, or of a holder and its licences. Exactly one of the two is given."""

    licence_identifier: str | None = None
    holder_code: str | None = None
    after_id: int = 0
    """Cursor: the last id of the page before."""
    limit: int = 50


@dataclass(frozen=True)
class AccessView:
    """One record as auditors and authorities see it."""

    id: int
    accessed_at: datetime
    client_id: str
    client_name: str
    organisation: str
    route: str
    subject: str
    fields: tuple[str, ...]
    result: int
    elements: CallerElements
    """The person's name is masked for everyone but auditors."""
    request_id: str

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return asdict(self) | {"accessed_at": instant(self.accessed_at)}


class AccessRecords:
    """Writes and lists the records."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @retried
    def record(self, actor: Actor, elements: CallerElements, access: Access) -> None:
        """Write one record in its own transaction. The name of the person is sealed, numbers of persons in free text hidden."""
        now = self._deps.clock()
        name = self._deps.vault.seal(elements.user_name, asking_person(now, access.request_id))
        stored = {key: mask_text(value) for key, value in asdict(elements).items() if key in _FREE_TEXT}
        stored = asdict(elements) | stored | {"user_name": name}
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

    def search(self, wanted: AccessFilter, *, actor: Actor = OPERATOR) -> list[AccessView]:
        """Who read a licence, or a holder's licences, in order; the last id is the cursor.

        Reads of a licence are for the authority that issued it, whoever read; lists that were made of a holder only for
        those who act for all that the list could show. ValidationFailedError, NotFoundError, ForbiddenError.
        """
        if (wanted.licence_identifier is None) == (wanted.holder_code is None):
            message = "应给出证照标识或持证主体代码之一。Give either the licence or the holder."
            raise ValidationFailedError([FieldError("licence_identifier", "ONE_OF_TWO", message)])
        if Scope.ADMINISTER not in actor.scopes:
            actor.require(Scope.LICENCES_READ)
        with reading(self._deps.sessions) as session:
            reads = (
                _of_licence(session, wanted, actor)
                if wanted.holder_code is None
                else _of_holder(session, wanted, actor)
            )
            rows = session.scalars(
                select(AccessRecord)
                .join(AccessRecord.client)
                .where(reads, AccessRecord.id > wanted.after_id, Client.is_sandbox == actor.is_sandbox)
                .options(contains_eager(AccessRecord.client))
                .order_by(AccessRecord.id)
                .limit(max(1, min(wanted.limit, MOST_LISTED)))
            ).all()
        return [self._view(row, is_open=Scope.ADMINISTER in actor.scopes) for row in rows]

    def _view(self, row: AccessRecord, *, is_open: bool) -> AccessView:
        place = asking_person(row.accessed_at, row.request_id)
        name = self._deps.vault.open(str(row.elements["user_name"]), place)
        shown = name if is_open else HIDDEN
        return AccessView(
            id=row.id,
            accessed_at=row.accessed_at,
            client_id=row.client_id,
            client_name=row.client.name,
            organisation=row.client.organisation,
            route=row.route,
            subject=row.subject,
            fields=tuple(row.fields),
            result=row.result,
            elements=CallerElements(**{**row.elements, "user_name": shown}),
            request_id=row.request_id,
        )


def _of_licence(session: Session, wanted: AccessFilter, actor: Actor) -> ColumnElement[bool]:
    """Reads of one version and of its copies. NotFoundError, ForbiddenError as for every licence."""
    identifier = wanted.licence_identifier or ""
    scope = Scope.ADMINISTER if Scope.ADMINISTER in actor.scopes else Scope.LICENCES_READ
    find_version(session, identifier, actor, scope)
    copies = select(PurposeCopy.id).where(PurposeCopy.licence_identifier == identifier)
    return or_(AccessRecord.subject == identifier, AccessRecord.subject.in_(copies))


def _of_holder(session: Session, wanted: AccessFilter, actor: Actor) -> ColumnElement[bool]:
    """Reads of the holder's licences, their copies and reports within the actor's limits, and lists made of it by clients
    whose limits are within the actor's.
    """
    licences = [Licence.holder_code == wanted.holder_code, Licence.is_sample == actor.is_sandbox]
    reports = [ReportedLicence.holder_code == wanted.holder_code, ReportedLicence.is_sample == actor.is_sandbox]
    if actor.authority_codes is not None:
        licences.append(Licence.authority_code.in_(actor.authority_codes))
        reports.append(ReportedLicence.authority_code.in_(actor.authority_codes))
    if actor.type_codes is not None:
        licences.append(Licence.local_type_code.in_(actor.type_codes))
        reports.append(ReportedLicence.local_type_code.in_(actor.type_codes))
    versions = select(LicenceVersion.licence_identifier).join(LicenceVersion.licence).where(*licences)
    copies = select(PurposeCopy.id).where(PurposeCopy.licence_identifier.in_(versions))
    within = [client.id for client in session.scalars(select(Client)) if _is_within(client, actor)]
    return or_(
        AccessRecord.subject.in_(versions),
        AccessRecord.subject.in_(copies),
        AccessRecord.subject.in_(select(ReportedLicence.id).where(*reports)),
        and_(AccessRecord.subject == wanted.holder_code, AccessRecord.client_id.in_(within)),
    )


def _is_within(client: Client, actor: Actor) -> bool:
    """Whether all that a client may read is within the actor's limits."""
    return is_within(client, actor.authority_codes) and (
        actor.type_codes is None or (bool(client.type_codes) and actor.type_codes.issuperset(client.type_codes))
    )
