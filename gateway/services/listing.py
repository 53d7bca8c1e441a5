"""Re-checks registered licences now: stored file, signature, chain, status. What lists and answers are made of."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from gateway.domain.answers import FaceDifference, FaceValue, Genuine, InForce, LicenceAnswer, ListedLicence
from gateway.domain.basis import ObligationKind, ObligationState, ObligationView
from gateway.domain.conclusion import judge_signatures, judge_status
from gateway.domain.licence_code import LicenceClaims
from gateway.domain.masking import HIDDEN, mask_face, mask_text
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.status import CHINA_STANDARD_TIME, SAMPLE, StatusTransition, status_at
from gateway.errors import StorageError
from gateway.persistence.models import Licence, LicenceVersion, Obligation
from gateway.persistence.sealing import closed_face
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from signing.errors import SigningError
from signing.validation.process import validate_pdf

PDF = ".pdf"


WHOLE = (
    joinedload(LicenceVersion.licence).selectinload(Licence.status_changes),
    selectinload(LicenceVersion.obligations).joinedload(Obligation.outcome),
    joinedload(LicenceVersion.successor),
)
"""Loads a version with all that an answer on it needs."""


class Listing:
    """Turns rows into answers whose every word was checked at ``checked_at``."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def of_holder(self, session: Session, code: str) -> list[LicenceVersion]:
        """The version in effect of every licence that the enterprise holds, last to expire first; no samples."""
        now, versions = self._deps.clock(), defaultdict[int, list[LicenceVersion]](list)
        for version in session.scalars(
            select(LicenceVersion)
            .join(LicenceVersion.licence)
            .where(Licence.holder_code == code, ~Licence.is_sample)
            .options(*WHOLE)
        ):
            versions[version.licence_id].append(version)
        in_effect = [version_in_effect(of_licence, now) for of_licence in versions.values()]
        return sorted(in_effect, key=lambda v: (v.valid_until or date.max, v.licence.licence_number), reverse=True)

    def line(self, version: LicenceVersion) -> ListedLicence:
        """One line of the verified list."""
        now = self._deps.clock()
        is_sample = version.licence.is_sample
        # The keys of samples are trusted by no one: there is nothing to check.
        genuine, reasons = (Genuine.UNKNOWN, ()) if is_sample else self._genuine(version, now)
        status = SAMPLE if is_sample else current_status(version, now)
        in_force, status_reason = judge_status(status)
        # A licence that could not be proven is never called in force; that it was ended, the register knows by itself.
        if genuine is Genuine.YES or in_force is not InForce.YES:
            reasons += (status_reason,)
        catalogue = self._catalogue.load()
        licence = version.licence
        return ListedLicence(
            licence_identifier=version.licence_identifier,
            licence_type_name=catalogue.types_by_code[licence.local_type_code].name,
            licence_number=licence.licence_number,
            issuing_authority=catalogue.authorities_by_code[licence.authority_code].name,
            holder_name=version.holder_name,
            issued_on=version.issued_on,
            valid_from=version.valid_from,
            valid_until=version.valid_until,
            status=status,
            genuine=genuine,
            in_force=in_force if genuine is Genuine.YES or is_sample else InForce.UNKNOWN,
            checked_at=now,
            reasons=reasons,
            version=version.version,
            replaced_by=None if version.successor is None else version.successor.licence_identifier,
            obligations=tuple(_public(obligation_view(obligation, now)) for obligation in version.obligations),
        )

    def answer(self, version: LicenceVersion, claims: LicenceClaims | None = None) -> LicenceAnswer:
        """The full answer on one licence, compared with a presented QR code when there is one."""
        listed = self.line(version)
        licence_type = self._catalogue.load().types_by_code[version.licence.local_type_code]
        face = mask_face(licence_type, closed_face(version.face_items, HIDDEN))
        differences = () if claims is None else compare_claims(claims, version)
        return LicenceAnswer(
            listed=listed,
            holder_code=version.licence.holder_code,
            face=tuple(FaceValue(label, value) for label, value in face),
            differences=differences,
            reasons=(*listed.reasons, *((reason("FACE_DIFFERS"),) if differences else ())),
        )

    def _genuine(self, version: LicenceVersion, now: datetime) -> tuple[Genuine, tuple[Reason, ...]]:
        """The stored file's signature, checked again now. A file that cannot be read is undecided, never forged."""
        try:
            data = self._deps.files.read(version.electronic_sm3, PDF, version.electronic.sha256)
            validation = self._deps.workers.run(validate_pdf, data, self._deps.policy(), at=now)
        except (StorageError, SigningError, OSError):
            return Genuine.UNKNOWN, (reason("FILE_NOT_CHECKED"),)
        return judge_signatures(validation.signatures)


def obligation_view(obligation: Obligation, now: datetime) -> ObligationView:
    """An obligation with how it stands."""
    today = now.astimezone(CHINA_STANDARD_TIME).date()
    outcome = obligation.outcome
    if outcome is not None:
        state = ObligationState.FULFILLED if outcome.is_fulfilled else ObligationState.BROKEN
    else:
        state = ObligationState.OVERDUE if today > obligation.due_on else ObligationState.OPEN
    return ObligationView(
        id=obligation.id,
        kind=ObligationKind(obligation.kind),
        items=tuple(obligation.items),
        due_on=obligation.due_on,
        state=state,
    )


def _public(view: ObligationView) -> ObligationView:
    """What a department wrote in its own words, as everyone may see it."""
    return replace(view, items=tuple(mask_text(item) for item in view.items))


def transitions_of(version: LicenceVersion, known_at: datetime | None = None) -> tuple[StatusTransition, ...]:
    """What was recorded on a version or its licence as a whole, in order of recording, until ``known_at``."""
    return tuple(
        StatusTransition(status=change.status, effective_at=change.effective_at, recorded_at=change.recorded_at)
        for change in version.licence.status_changes
        if change.licence_identifier in (None, version.licence_identifier)
        and (known_at is None or change.recorded_at <= known_at)
    )


def current_status(version: LicenceVersion, now: datetime) -> str:
    """The status of a licence version at an instant."""
    return status_at(
        transitions_of(version),
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        begins_at=beginning(version),
        at=now,
    )


def beginning(version: LicenceVersion) -> datetime | None:
    """When a version takes over from the one before it; None for a first version, whose days alone count."""
    return None if version.supersedes is None else version.takes_effect_at


def version_in_effect(versions: Iterable[LicenceVersion], now: datetime) -> LicenceVersion:
    """Of a licence's versions, the last that has taken effect; else the first."""
    ordered = sorted(versions, key=lambda v: v.version)
    return [ordered[0], *(v for v in ordered[1:] if v.takes_effect_at <= now)][-1]


def compare_claims(claims: LicenceClaims, version: LicenceVersion) -> tuple[FaceDifference, ...]:
    """What a licence QR code says against what the register says, field by field."""
    pairs = {
        "holder_code": (claims.holder_code, version.licence.holder_code),
        "issued_on": (claims.issued_on.isoformat(), version.issued_on.isoformat()),
        "valid_from": (claims.valid_from.isoformat(), version.valid_from.isoformat()),
        "valid_until": (_until(claims.valid_until), _until(version.valid_until)),
    }
    if not claims.names_holder(version.holder_name):
        pairs["holder_name"] = (claims.holder_name, version.holder_name)
    return tuple(FaceDifference(name, said, held) for name, (said, held) in pairs.items() if said != held)


def _until(value: date | None) -> str:
    return "长期" if value is None else value.isoformat()
