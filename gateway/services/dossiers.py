"""The whole file of a licence, for those who work on it: unmasked face, versions, history, obligations, papers."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from gateway.domain.actors import Actor, Scope
from gateway.domain.answers import EnterpriseView
from gateway.domain.basis import ObligationView
from gateway.domain.catalogue import IssuingAuthority, LicenceType
from gateway.domain.papers import PaperState, paper_state
from gateway.errors import NotFoundError
from gateway.persistence.models import Enterprise, Licence, LicenceVersion, PaperCounterpart, PaperEvent
from gateway.persistence.sealing import FieldVault
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.enterprises import enterprise_view
from gateway.services.held_licences import find_version
from gateway.services.histories import LicenceHistory, history_of
from gateway.services.listing import current_status, obligation_view, version_in_effect
from gateway.services.recording import PDF
from gateway.services.revocations import RevocationView, requests_of
from gateway.services.sealed_places import collector, open_version_face

MOST_FOUND = 50


@dataclass(frozen=True)
class PaperEventView:
    """Something that happened to a paper."""

    action: str
    occurred_at: datetime
    blank_form: str
    blank_serial_number: str
    reason: str
    collected_by: str
    actor_name: str


@dataclass(frozen=True)
class PaperFile:
    """A paper with its history."""

    copy_number: int
    state: PaperState
    events: tuple[PaperEventView, ...]


@dataclass(frozen=True)
class VersionLine:
    """One version in the list of a licence's versions."""

    licence_identifier: str
    version: str
    kind: str
    takes_effect_at: datetime
    signed_at: datetime
    change_reason: str
    status: str


@dataclass(frozen=True)
class Dossier:
    """One version of a licence with all that belongs to it."""

    licence_identifier: str
    licence_number: str
    licence_type: LicenceType
    authority: IssuingAuthority
    holder_name: str
    holder_code: str
    face: tuple[tuple[str, str], ...]
    issued_on: date
    valid_from: date
    valid_until: date | None
    status: str
    """At this moment."""
    revision: int
    newest_identifier: str
    versions: tuple[VersionLine, ...]
    history: LicenceHistory
    obligations: tuple[ObligationView, ...]
    papers: tuple[PaperFile, ...]
    requests: tuple[RevocationView, ...]
    """Revocations that were proposed, the newest first."""
    qr_text: str


@dataclass(frozen=True)
class LicenceLine:
    """One licence in the list of a holder, by its version in effect."""

    licence_identifier: str
    type_name: str
    licence_number: str
    authority_name: str
    valid_until: date | None
    status: str
    is_own: bool
    """Whether the actor may open its file."""


class Dossiers:
    """What staff look at before they act."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def search(self, text: str, *, actor: Actor) -> list[EnterpriseView]:
        """Enterprises whose name holds the text, or to which it belongs; up to ``MOST_FOUND``.

        What belongs: its credit code, and the number or identifier of any of its licences.
        """
        actor.require(Scope.LICENCES_READ)
        wanted = text.strip()
        if not wanted:
            return []
        by_identifier = select(LicenceVersion.licence_id).where(LicenceVersion.licence_identifier == wanted)
        by_licence = select(Licence.holder_code).where(
            or_(Licence.licence_number == wanted, Licence.id.in_(by_identifier)),
            Licence.is_sample == actor.is_sandbox,
        )
        query = (
            select(Enterprise)
            .where(
                or_(
                    Enterprise.name.contains(wanted, autoescape=True),
                    Enterprise.unified_social_credit_code == wanted.upper(),
                    Enterprise.unified_social_credit_code.in_(by_licence),
                )
            )
            .order_by(Enterprise.name)
            .limit(MOST_FOUND)
        )
        with reading(self._deps.sessions) as session:
            return [enterprise_view(row) for row in session.scalars(query)]

    def holder(self, code: str, *, actor: Actor) -> tuple[EnterpriseView, list[LicenceLine]]:
        """An enterprise and its licences. NotFoundError. Their signatures are not checked here."""
        actor.require(Scope.LICENCES_READ)
        now, catalogue = self._deps.clock(), self._catalogue.load()
        with reading(self._deps.sessions) as session:
            enterprise = session.get(Enterprise, code)
            if enterprise is None:
                raise NotFoundError(f"没有登记企业 {code}。No enterprise is registered under {code}.")
            licences = session.scalars(
                select(Licence)
                .where(Licence.holder_code == code, Licence.is_sample == actor.is_sandbox)
                .options(selectinload(Licence.versions), selectinload(Licence.status_changes))
                .order_by(Licence.id.desc())
            ).all()
            lines = []
            for licence in licences:
                version = version_in_effect(licence.versions, now)
                lines.append(
                    LicenceLine(
                        licence_identifier=version.licence_identifier,
                        type_name=catalogue.types_by_code[licence.local_type_code].name,
                        licence_number=licence.licence_number,
                        authority_name=catalogue.authorities_by_code[licence.authority_code].name,
                        valid_until=version.valid_until,
                        status=current_status(version, now),
                        is_own=actor.reaches(licence.authority_code, licence.local_type_code),
                    )
                )
            return enterprise_view(enterprise), lines

    def of(self, licence_identifier: str, *, actor: Actor) -> Dossier:
        """The file of one version. NotFoundError, ForbiddenError."""
        now, catalogue = self._deps.clock(), self._catalogue.load()
        with reading(self._deps.sessions) as session:
            version = find_version(session, licence_identifier, actor, Scope.LICENCES_READ)
            licence = version.licence
            licence_type = catalogue.types_by_code[licence.local_type_code]
            items = open_version_face(self._deps.vault, version)
            return Dossier(
                licence_identifier=licence_identifier,
                licence_number=licence.licence_number,
                licence_type=licence_type,
                authority=catalogue.authorities_by_code[licence.authority_code],
                holder_name=version.holder_name,
                holder_code=licence.holder_code,
                face=tuple((rule.label, items[rule.label]) for rule in licence_type.face_items if rule.label in items),
                issued_on=version.issued_on,
                valid_from=version.valid_from,
                valid_until=version.valid_until,
                status=current_status(version, now),
                revision=licence.revision,
                newest_identifier=licence.versions[-1].licence_identifier,
                versions=tuple(_line(one, now) for one in licence.versions),
                history=history_of(version),
                obligations=tuple(obligation_view(one, now) for one in version.obligations),
                papers=tuple(_paper(paper, self._deps.vault) for paper in version.paper),
                requests=tuple(requests_of(session, licence.id)),
                qr_text=version.qr_text,
            )

    def electronic(self, licence_identifier: str, *, actor: Actor) -> bytes:
        """The signed PDF. NotFoundError, ForbiddenError, StorageError."""
        with reading(self._deps.sessions) as session:
            digest = find_version(session, licence_identifier, actor, Scope.LICENCES_READ).electronic_sm3
        return self._deps.files.read(digest, PDF)

    def paper(self, licence_identifier: str, copy_number: int, *, actor: Actor) -> bytes:
        """The print-ready PDF of a paper. NotFoundError, ForbiddenError, StorageError."""
        with reading(self._deps.sessions) as session:
            version = find_version(session, licence_identifier, actor, Scope.PAPERS_HANDLE)
            found = [paper.paper_sm3 for paper in version.paper if paper.copy_number == copy_number]
        if not found:
            raise NotFoundError(f"没有第 {copy_number} 号副本。There is no copy {copy_number}.")
        return self._deps.files.read(found[0], PDF)


def _line(version: LicenceVersion, now: datetime) -> VersionLine:
    return VersionLine(
        licence_identifier=version.licence_identifier,
        version=version.version,
        kind=version.kind,
        takes_effect_at=version.takes_effect_at,
        signed_at=version.signed_at,
        change_reason=version.change_reason,
        status=current_status(version, now),
    )


def _paper(paper: PaperCounterpart, vault: FieldVault) -> PaperFile:
    return PaperFile(
        copy_number=paper.copy_number,
        state=paper_state(event.action for event in paper.events),
        events=tuple(
            PaperEventView(
                action=event.action,
                occurred_at=event.occurred_at,
                blank_form="" if event.blank is None else event.blank.form,
                blank_serial_number="" if event.blank is None else event.blank.serial_number,
                reason=event.reason,
                collected_by=_collector(paper, event, vault),
                actor_name=str(event.actor.get("name", "")),
            )
            for event in paper.events
        ),
    )


def _collector(paper: PaperCounterpart, event: PaperEvent, vault: FieldVault) -> str:
    """Who took the paper away, in clear; empty for other events."""
    place = collector(paper.licence_identifier, paper.copy_number, event.occurred_at)
    return vault.open(event.collected_by, place) if event.collected_by else ""
