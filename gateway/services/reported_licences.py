"""Reported licences (双轨并行): taken in beside the register, matched with it, never merged into it."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, selectinload

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.applications import Application, parse_application
from gateway.domain.reported import FaceFacts, LicenceReport, Match, ReportedLicenceView, differences
from gateway.errors import NotFoundError
from gateway.persistence.models import AuditEvent, Licence, LicenceVersion, ReportedLicence
from gateway.persistence.retrying import retried
from gateway.persistence.sealing import FieldVault
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.listing import version_in_effect
from gateway.services.sealed_places import open_reported_face, open_version_face, reported_face
from signing.sm2 import sm3

MOST_LISTED = 200
_ATTEMPTS = 20
"""Corrections of one licence that meet are numbered one after the other: each refused attempt let another one in."""


@dataclass(frozen=True)
class ReportFilter:
    """What to look for."""

    holder_code: str | None = None
    authority_code: str | None = None
    licence_type_code: str | None = None
    """Local code."""
    licence_number: str | None = None
    origin: str | None = None
    after_id: str = ""
    """Cursor: the last id of the page before."""
    limit: int = 50


class ReportedLicences:
    """Licences that the gateway was told of."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def report(self, report: LicenceReport, *, actor: Actor = OPERATOR) -> ReportedLicenceView:
        """Take one report in. The same content again is the same report; other content is a correction, which counts.

        ValidationFailedError names each broken field as for applications; ForbiddenError.
        """
        report.check()
        application = parse_application(report.record, self._catalogue.load())
        actor.require(Scope.REPORTS_WRITE, application.authority.code, application.licence_type.local_type_code)
        content = _content_sm3(application, report)
        for attempt in range(_ATTEMPTS):
            try:
                return self._record(application, report, content, actor)
            except IntegrityError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the loop returns or raises")

    def get(self, report_id: str, *, actor: Actor = OPERATOR) -> ReportedLicenceView:
        """One report with how it stands to the register. NotFoundError, ForbiddenError."""
        with reading(self._deps.sessions) as session:
            row = session.get(ReportedLicence, report_id)
            if row is None or row.is_sample != actor.is_sandbox:
                raise NotFoundError("没有这份报送。No such report.")
            actor.require(_reading_scope(actor), row.authority_code, row.local_type_code)
            return self._views(session, [row])[0]

    def search(self, wanted: ReportFilter, *, actor: Actor = OPERATOR) -> list[ReportedLicenceView]:
        """Reports that count, within the actor's limits, in the order of their ids; the last id is the next cursor."""
        actor.require(_reading_scope(actor))
        query = latest_reports(is_sample=actor.is_sandbox).where(ReportedLicence.id > wanted.after_id)
        asked = (
            (ReportedLicence.holder_code, wanted.holder_code),
            (ReportedLicence.authority_code, wanted.authority_code),
            (ReportedLicence.local_type_code, wanted.licence_type_code),
            (ReportedLicence.licence_number, wanted.licence_number),
            (ReportedLicence.origin, wanted.origin),
        )
        query = query.where(*(column == value for column, value in asked if value is not None))
        if actor.authority_codes is not None:
            query = query.where(ReportedLicence.authority_code.in_(actor.authority_codes))
        if actor.type_codes is not None:
            query = query.where(ReportedLicence.local_type_code.in_(actor.type_codes))
        query = query.order_by(ReportedLicence.id).limit(max(1, min(wanted.limit, MOST_LISTED)))
        with reading(self._deps.sessions) as session:
            return self._views(session, session.scalars(query).all())

    def of_holder(self, session: Session, code: str) -> list[ReportedLicenceView]:
        """What was reported of an enterprise, for its list: never samples, only reports that count."""
        query = latest_reports(is_sample=False).where(ReportedLicence.holder_code == code)
        return self._views(session, session.scalars(query.order_by(ReportedLicence.id)).all())

    @retried
    def _record(
        self, application: Application, report: LicenceReport, content: str, actor: Actor
    ) -> ReportedLicenceView:
        with self._deps.sessions.begin() as session:
            last = session.scalar(
                select(ReportedLicence)
                .where(
                    ReportedLicence.local_type_code == application.licence_type.local_type_code,
                    ReportedLicence.authority_code == application.authority.code,
                    ReportedLicence.licence_number == application.licence_number,
                    ReportedLicence.is_sample == actor.is_sandbox,
                )
                .order_by(ReportedLicence.revision.desc())
                .limit(1)
            )
            if last is not None and last.content_sm3 == content:
                return self._views(session, [last])[0]
            row = self._row(application, report, content, actor)
            row.revision = 1 if last is None else last.revision + 1
            session.add_all([row, _event(row, actor)])
            session.flush()
            return replace(self._views(session, [row])[0], newly_reported=True)

    def _row(self, application: Application, report: LicenceReport, content: str, actor: Actor) -> ReportedLicence:
        report_id = secrets.token_hex(16)
        labels = application.licence_type.sensitive_labels
        return ReportedLicence(
            id=report_id,
            local_type_code=application.licence_type.local_type_code,
            authority_code=application.authority.code,
            licence_number=application.licence_number,
            holder_code=application.holder_code,
            holder_name=application.holder_name,
            face_items=self._deps.vault.seal_face(dict(application.items), labels, reported_face(report_id)),
            issued_on=application.issued_on,
            valid_from=application.valid_from,
            valid_until=application.valid_until,
            blank_form=report.blank_form,
            blank_serial_number=report.blank_serial_number,
            origin=report.origin,
            content_sm3=content,
            is_sample=actor.is_sandbox,
            reported_at=self._deps.clock(),
            actor=actor.audit(),
        )

    def _views(self, session: Session, rows: Sequence[ReportedLicence]) -> list[ReportedLicenceView]:
        matches = _registered(session, rows)
        return [self._view(row, matches.get(_key(row))) for row in rows]

    def _view(self, row: ReportedLicence, licence: Licence | None) -> ReportedLicenceView:
        catalogue, facts = self._catalogue.load(), report_facts(row, self._deps.vault)
        version = None if licence is None else version_in_effect(licence.versions, self._deps.clock())
        found = (
            ()
            if version is None or licence is None
            else differences(facts, version_facts(version, licence, self._deps.vault))
        )
        match = Match.NOT_REGISTERED if version is None else Match.CONFLICT if found else Match.AGREES
        return ReportedLicenceView(
            id=row.id,
            origin=row.origin,
            revision=row.revision,
            licence_type_name=catalogue.types_by_code[row.local_type_code].name,
            local_type_code=row.local_type_code,
            licence_number=row.licence_number,
            authority_name=catalogue.authorities_by_code[row.authority_code].name,
            authority_code=row.authority_code,
            facts=facts,
            blank_form=row.blank_form,
            blank_serial_number=row.blank_serial_number,
            reported_at=row.reported_at,
            match=match,
            registered_identifier=None if version is None else version.licence_identifier,
            differences=found,
        )


def latest_reports(*, is_sample: bool) -> Select[ReportedLicence]:
    """The last report of each licence: the one that counts."""
    return select(ReportedLicence).where(ReportedLicence.is_sample == is_sample, counts())


def counts(report: type[ReportedLicence] = ReportedLicence) -> ColumnElement[bool]:
    """Whether no correction came after a report."""
    later = aliased(ReportedLicence)
    return ~(
        select(later.id)
        .where(
            later.local_type_code == report.local_type_code,
            later.authority_code == report.authority_code,
            later.licence_number == report.licence_number,
            later.is_sample == report.is_sample,
            later.revision > report.revision,
        )
        .exists()
    )


def same_licence(report: Any) -> ColumnElement[bool]:
    """Whether a licence of the register is the one that a report tells of."""
    return and_(
        Licence.local_type_code == report.local_type_code,
        Licence.authority_code == report.authority_code,
        Licence.licence_number == report.licence_number,
        Licence.is_sample == report.is_sample,
    )


def report_facts(row: ReportedLicence, vault: FieldVault) -> FaceFacts:
    """What a report says."""
    return FaceFacts(
        row.holder_code, row.holder_name, row.issued_on, row.valid_from, row.valid_until, open_reported_face(vault, row)
    )


def version_facts(version: LicenceVersion, licence: Licence, vault: FieldVault) -> FaceFacts:
    """What the register says."""
    return FaceFacts(
        licence.holder_code,
        version.holder_name,
        version.issued_on,
        version.valid_from,
        version.valid_until,
        open_version_face(vault, version),
    )


def _registered(session: Session, rows: Sequence[ReportedLicence]) -> dict[tuple[str, str, str, bool], Licence]:
    """The licences of the register with the same type, authority and number."""
    if not rows:
        return {}
    found = session.scalars(
        select(Licence)
        .where(
            # The unique index leads with type and authority; what it finds too much the keys below leave out.
            Licence.local_type_code.in_({row.local_type_code for row in rows}),
            Licence.authority_code.in_({row.authority_code for row in rows}),
            Licence.licence_number.in_({row.licence_number for row in rows}),
        )
        .options(selectinload(Licence.versions))
    )
    return {(x.local_type_code, x.authority_code, x.licence_number, x.is_sample): x for x in found}


def _key(row: ReportedLicence) -> tuple[str, str, str, bool]:
    return row.local_type_code, row.authority_code, row.licence_number, row.is_sample


def _content_sm3(application: Application, report: LicenceReport) -> str:
    """Digest of all that was reported; the same in either vocabulary."""
    content = [application.digest(), report.origin, report.blank_form, report.blank_serial_number]
    return sm3(json.dumps(content, ensure_ascii=False).encode()).hex()


def _reading_scope(actor: Actor) -> Scope:
    """Who may report may see what was reported; who may read licences, too."""
    return Scope.REPORTS_WRITE if Scope.REPORTS_WRITE in actor.scopes else Scope.LICENCES_READ


def _event(row: ReportedLicence, actor: Actor) -> AuditEvent:
    return AuditEvent(
        occurred_at=row.reported_at,
        action="licence_reported",
        subject=row.id,
        detail={
            "authority_code": row.authority_code,
            "local_type_code": row.local_type_code,
            "licence_number": row.licence_number,
            "revision": row.revision,
            "origin": row.origin,
            "content_sm3": row.content_sm3,
            "blank_serial_number": row.blank_serial_number,
        },
        actor=actor.audit(),
    )
