"""Licences whole, for the departments whose they are: found by what is asked, read with everything that is registered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, joinedload, lazyload, load_only, selectinload

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.basis import ObligationKind
from gateway.domain.instants import instant
from gateway.domain.orders import Origin, VersionKind
from gateway.domain.papers import paper_state
from gateway.domain.status import EXPIRED, NATIONAL_CODES, NOT_YET_VALID, LicenceStatus, china_day
from gateway.errors import NotFoundError
from gateway.persistence.models import (
    Licence,
    LicenceVersion,
    Obligation,
    PaperCounterpart,
    ReportedLicence,
    StatusChange,
)
from gateway.persistence.session import reading
from gateway.services.accepted_files import accepted_among
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import find_version
from gateway.services.listing import current_status, obligation_view
from gateway.services.recording import PDF
from gateway.services.reported_licences import counts, same_licence
from gateway.services.sealed_places import open_version_face

MOST_LISTED = 200
_PAPERS = selectinload(LicenceVersion.paper).options(
    selectinload(PaperCounterpart.events), selectinload(PaperCounterpart.current_blank)
)

_LISTED = (
    contains_eager(LicenceVersion.licence).options(
        selectinload(Licence.status_changes),
        selectinload(Licence.versions).options(load_only(LicenceVersion.kind), lazyload(LicenceVersion.electronic)),
    ),
    selectinload(LicenceVersion.obligations).joinedload(Obligation.outcome),
    joinedload(LicenceVersion.successor),
    _PAPERS,
)
"""Loads the versions of a page with all that their records need."""


class ListedStatus(StrEnum):
    """What a search may ask for: stored statuses, and those that follow from the calendar."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    EXPIRED = EXPIRED
    NOT_YET_VALID = NOT_YET_VALID


@dataclass(frozen=True)
class LicenceFilter:
    """What to look for; None asks nothing."""

    holder_code: str | None = None
    licence_number: str | None = None
    licence_type_code: str | None = None
    """Local code."""
    authority_code: str | None = None
    status: ListedStatus | None = None
    obligation: ObligationKind | None = None
    origin: Origin | None = None
    reported_from: str | None = None
    """Origin of a report (双轨并行) of the same licence; of its corrections the last one counts."""
    issued_from: date | None = None
    issued_until: date | None = None
    expires_from: date | None = None
    """Valid until this day or a later one; those without an end are left out."""
    expires_until: date | None = None
    """Valid until this day or a day before."""
    after_id: int = 0
    """Cursor: ``LicenceRecord.cursor`` of the last one of the page before."""
    limit: int = 50


@dataclass(frozen=True)
class PaperRecord:
    """One paper of a version."""

    kind: str
    copy_number: int
    state: str
    blank_serial_number: str | None
    sm3: str


@dataclass(frozen=True)
class LicenceRecord:
    """One version of a licence, whole and unmasked."""

    cursor: int
    revision: int
    facts: dict[str, Any]
    """As JSON; files are named by digest, and papers stand apart."""
    electronic_sm3: str
    papers: tuple[PaperRecord, ...]
    accepted_sm3: str | None = None
    """Of the file that the holder accepted; None when it did not."""

    @property
    def licence_identifier(self) -> str:
        """Of this version."""
        return str(self.facts["licence_identifier"])


class LicenceRecords:
    """Reads for departments, within their limits."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def search(self, wanted: LicenceFilter, *, actor: Actor = OPERATOR) -> list[LicenceRecord]:
        """The version in effect of each licence within the actor's limits, in the order of recording. ForbiddenError."""
        actor.require(Scope.LICENCES_READ)
        query = self._query(wanted, actor)
        with reading(self._deps.sessions) as session:
            versions = session.scalars(query).unique().all()
            accepted = accepted_among(session, [version.licence_identifier for version in versions])
            return [self._record(version, accepted) for version in versions]

    def get(self, licence_identifier: str, *, actor: Actor = OPERATOR) -> LicenceRecord:
        """One version. NotFoundError, ForbiddenError."""
        with reading(self._deps.sessions) as session:
            version = find_version(session, licence_identifier, actor, Scope.LICENCES_READ)
            return self._record(version, accepted_among(session, [licence_identifier]))

    def file(self, licence_identifier: str, copy_number: int | None = None, *, actor: Actor = OPERATOR) -> bytes:
        """The electronic form, or a paper by its copy number, proven against its digest.

        NotFoundError, ForbiddenError, StorageError.
        """
        record = self.get(licence_identifier, actor=actor)
        digests = {None: record.electronic_sm3} | {paper.copy_number: paper.sm3 for paper in record.papers}
        if copy_number not in digests:
            raise NotFoundError(f"没有第 {copy_number} 号副本。There is no copy {copy_number}.")
        return self._deps.files.read(digests[copy_number], PDF)

    def _record(self, version: LicenceVersion, accepted: Mapping[str, str]) -> LicenceRecord:
        papers = tuple(
            PaperRecord(
                kind=paper.kind,
                copy_number=paper.copy_number,
                state=paper_state(event.action for event in paper.events),
                blank_serial_number=None if paper.current_blank is None else paper.current_blank.serial_number,
                sm3=paper.paper_sm3,
            )
            for paper in version.paper
        )
        return LicenceRecord(
            cursor=version.licence_id,
            revision=version.licence.revision,
            facts=self._facts(version),
            electronic_sm3=version.electronic_sm3,
            papers=papers,
            accepted_sm3=accepted.get(version.licence_identifier),
        )

    def _facts(self, version: LicenceVersion) -> dict[str, Any]:
        catalogue, licence, now = self._catalogue.load(), version.licence, self._deps.clock()
        licence_type = catalogue.types_by_code[licence.local_type_code]
        status, until, successor = current_status(version, now), version.valid_until, version.successor
        return {
            "licence_identifier": version.licence_identifier,
            "version": version.version,
            "version_kind": version.kind,
            "origin": Origin.of(each.kind for each in licence.versions),
            "supersedes": version.supersedes,
            "replaced_by": None if successor is None else successor.licence_identifier,
            "takes_effect_at": instant(version.takes_effect_at),
            "change_reason": version.change_reason,
            "licence_type": {
                "name": licence_type.name,
                "code": licence_type.licence_type_code,
                "local_code": licence_type.local_type_code,
            },
            "licence_number": licence.licence_number,
            "issuing_authority": {
                "name": catalogue.authorities_by_code[licence.authority_code].name,
                "code": licence.authority_code,
            },
            "holder": {"name": version.holder_name, "code": licence.holder_code},
            "issued_on": version.issued_on.isoformat(),
            "valid_from": version.valid_from.isoformat(),
            "valid_until": None if until is None else until.isoformat(),
            "face": [
                {"label": label, "value": value}
                for label, value in open_version_face(self._deps.vault, version).items()
            ],
            "status": status,
            "status_code": NATIONAL_CODES[status],
            "is_sample": licence.is_sample,
            "obligations": [obligation_view(each, now).to_json() for each in version.obligations],
            "qr_text": version.qr_text,
            "signed_at": instant(version.signed_at),
            "revision": licence.revision,
        }

    def _query(self, wanted: LicenceFilter, actor: Actor) -> Select[LicenceVersion]:
        now = self._deps.clock()
        query = (
            select(LicenceVersion)
            .join(LicenceVersion.licence)
            .where(
                Licence.is_sample == actor.is_sandbox,
                Licence.id > wanted.after_id,
                LicenceVersion.licence_identifier == _in_effect(now),
                *(column == value for column, value in _equalities(wanted) if value is not None),
                *_limits(actor),
                *_days(wanted),
                *_origins(wanted),
            )
            .options(*_LISTED)
            .order_by(Licence.id)
            .limit(max(1, min(wanted.limit, MOST_LISTED)))
        )
        if wanted.obligation is not None:
            query = query.where(LicenceVersion.obligations.any(Obligation.kind == wanted.obligation))
        return query if wanted.status is None else query.where(_status(now) == wanted.status)


def _equalities(wanted: LicenceFilter) -> tuple[tuple[InstrumentedAttribute[str], str | None], ...]:
    return (
        (Licence.holder_code, wanted.holder_code),
        (Licence.licence_number, wanted.licence_number),
        (Licence.local_type_code, wanted.licence_type_code),
        (Licence.authority_code, wanted.authority_code),
    )


def _limits(actor: Actor) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if actor.authority_codes is not None:
        found.append(Licence.authority_code.in_(actor.authority_codes))
    if actor.type_codes is not None:
        found.append(Licence.local_type_code.in_(actor.type_codes))
    return found


def _days(wanted: LicenceFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.issued_from is not None:
        found.append(LicenceVersion.issued_on >= wanted.issued_from)
    if wanted.issued_until is not None:
        found.append(LicenceVersion.issued_on <= wanted.issued_until)
    if wanted.expires_from is not None:
        found.append(LicenceVersion.valid_until >= wanted.expires_from)
    if wanted.expires_until is not None:
        found.append(LicenceVersion.valid_until <= wanted.expires_until)
    return found


def _origins(wanted: LicenceFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.origin is not None:
        version = LicenceVersion.__table__.alias()
        converted = exists().where(version.c.licence_id == Licence.id, version.c.kind == VersionKind.CONVERSION)
        found.append(converted if wanted.origin is Origin.CONVERTED else ~converted)
    if wanted.reported_from is not None:
        found.append(
            exists().where(same_licence(ReportedLicence), counts(), ReportedLicence.origin == wanted.reported_from)
        )
    return found


def _in_effect(now: datetime) -> ScalarSelect[str]:
    """Identifier of the last version of a licence that has taken effect, else of the first (``version_in_effect``)."""
    version = LicenceVersion.__table__.alias()
    return (
        select(version.c.licence_identifier)
        .where(
            version.c.licence_id == Licence.id, or_(version.c.supersedes.is_(None), version.c.takes_effect_at <= now)
        )
        .order_by(version.c.version.desc())
        .limit(1)
        .correlate(Licence)
        .scalar_subquery()
    )


def _status(now: datetime) -> ColumnElement[str]:
    """The status of a version in effect, as ``status_at`` has it."""
    today = china_day(now)
    last = (
        select(StatusChange.status)
        .where(
            StatusChange.licence_id == Licence.id,
            or_(
                StatusChange.licence_identifier.is_(None),
                StatusChange.licence_identifier == LicenceVersion.licence_identifier,
            ),
            StatusChange.effective_at <= now,
        )
        .order_by(StatusChange.effective_at.desc(), StatusChange.id.desc())
        .limit(1)
        .correlate(Licence, LicenceVersion)
        .scalar_subquery()
    )
    return case(
        (and_(last.is_not(None), last != LicenceStatus.VALID), last),
        (LicenceVersion.valid_from > today, NOT_YET_VALID),
        (and_(LicenceVersion.valid_until.is_not(None), LicenceVersion.valid_until < today), EXPIRED),
        else_=LicenceStatus.VALID,
    )
