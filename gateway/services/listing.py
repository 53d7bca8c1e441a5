"""Re-checks registered licences now: stored file, signature, chain, status. What lists and answers are made of."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import TypeVar

from sqlalchemy.orm import joinedload, selectinload

from gateway.domain.answers import FaceValue, Genuine, InForce, LicenceAnswer, ListedLicence
from gateway.domain.basis import ObligationView
from gateway.domain.catalogue import Catalogue
from gateway.domain.conclusion import judge_status
from gateway.domain.face_comparison import RegisteredFace, compare_claims
from gateway.domain.licence_code import LicenceClaims
from gateway.domain.masking import HIDDEN, mask_face, mask_text
from gateway.domain.reason_catalogue import reason
from gateway.domain.status import SAMPLE, StatusTransition, status_at
from gateway.persistence.models import Licence, LicenceVersion, Obligation
from gateway.persistence.sealing import closed_face
from gateway.services.accepted_files import acceptance_of
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.registered_versions import (
    RegisteredVersion,
    registered,
    registered_obligation,
    transitions_among,
    versions_of_holder,
)
from gateway.services.signature_checks import CheckedFile, FileOfRecord, SignatureChecks

Version = TypeVar("Version", LicenceVersion, RegisteredVersion)

WHOLE = (
    joinedload(LicenceVersion.licence).selectinload(Licence.status_changes),
    selectinload(LicenceVersion.obligations).joinedload(Obligation.outcome),
    joinedload(LicenceVersion.successor),
)
"""Loads a version with all that an answer on it needs."""


class Listing:
    """Turns rows into answers whose every word was checked at ``checked_at``."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues, checks: SignatureChecks) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._checks = checks

    def of_holder(self, code: str) -> list[RegisteredVersion]:
        """The version in effect of every licence that the enterprise holds, last to expire first; no samples."""
        return self.in_effect(versions_of_holder(self._deps.quick_reads, code))

    def in_effect(self, all_versions: Iterable[RegisteredVersion]) -> list[RegisteredVersion]:
        """Of each licence the version in effect, in the order of ``of_holder``."""
        now, versions = self._deps.clock(), defaultdict[int, list[RegisteredVersion]](list)
        for version in all_versions:
            versions[version.licence_id].append(version)
        in_effect = [version_in_effect(of_licence, now) for of_licence in versions.values()]
        return sorted(in_effect, key=lambda v: (v.valid_until or date.max, v.licence_number), reverse=True)

    def lines(self, versions: Sequence[RegisteredVersion]) -> tuple[ListedLicence, ...]:
        """Lines of the verified list."""
        now, catalogue = self._deps.clock(), self._catalogue.load()
        # The keys of samples are trusted by no one: there is nothing to check.
        real = [version for version in versions if not version.is_sample]
        files = [FileOfRecord(each.electronic_sm3, each.check) for each in real]
        checks = self._checks.of(files, now, self._deps.trust_digest())
        checked = {version.licence_identifier: check for version, check in zip(real, checks, strict=True)}
        unchecked = CheckedFile(Genuine.UNKNOWN, (), now)
        return tuple(
            _line(version, checked.get(version.licence_identifier, unchecked), now, catalogue) for version in versions
        )

    @property
    def recheck_bound(self) -> timedelta:
        """How old the check of a line may be."""
        return self._checks.bound

    def are_untouched(self, files: Iterable[str]) -> bool:
        """Whether these files (SM3) are the ones that were checked."""
        return self._checks.are_untouched(files)

    def answer(self, version: LicenceVersion, claims: LicenceClaims | None = None) -> LicenceAnswer:
        """The full answer on one licence, compared with a presented QR code when there is one."""
        (listed,) = self.lines([registered(version, self._checks.registered(version.electronic_sm3))])
        licence_type = self._catalogue.load().types_by_code[version.licence.local_type_code]
        face = mask_face(licence_type, closed_face(version.face_items, HIDDEN))
        differences = () if claims is None else compare_claims(claims, registered_face(version))
        return LicenceAnswer(
            listed=listed,
            holder_code=version.licence.holder_code,
            face=tuple(FaceValue(label, value) for label, value in face),
            differences=differences,
            reasons=(*listed.reasons, *((reason("FACE_DIFFERS"),) if differences else ())),
            claims=claims,
            acceptance=acceptance_of(self._deps.quick_reads, version.licence_identifier),
            is_file_public=licence_type.is_file_public and listed.status != SAMPLE,
        )


def _line(version: RegisteredVersion, checked: CheckedFile, now: datetime, catalogue: Catalogue) -> ListedLicence:
    status = SAMPLE if version.is_sample else registered_status(version, now)
    in_force, status_reason = judge_status(status)
    genuine, reasons = checked.genuine, checked.reasons
    # A licence that could not be proven is never called in force; that it was ended, the register knows by itself.
    if genuine is Genuine.YES or in_force is not InForce.YES:
        reasons += (status_reason,)
    return ListedLicence(
        licence_identifier=version.licence_identifier,
        licence_type_name=catalogue.types_by_code[version.local_type_code].name,
        licence_number=version.licence_number,
        issuing_authority=catalogue.authorities_by_code[version.authority_code].name,
        holder_name=version.holder_name,
        issued_on=version.issued_on,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        status=status,
        genuine=genuine,
        in_force=in_force if genuine is Genuine.YES or version.is_sample else InForce.UNKNOWN,
        checked_at=checked.checked_at,
        reasons=reasons,
        version=version.version,
        replaced_by=version.replaced_by,
        obligations=tuple(_public(each.view(now)) for each in version.obligations),
        authority_code=version.authority_code,
        electronic_sm3=version.electronic_sm3,
    )


def registered_status(version: RegisteredVersion, now: datetime) -> str:
    """The status of a registered version at an instant."""
    return status_at(
        version.transitions,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        begins_at=version.begins_at,
        at=now,
    )


def obligation_view(obligation: Obligation, now: datetime) -> ObligationView:
    """An obligation with how it stands."""
    return registered_obligation(obligation).view(now)


def _public(view: ObligationView) -> ObligationView:
    """What a department wrote in its own words, as everyone may see it."""
    return replace(view, items=tuple(mask_text(item) for item in view.items))


def transitions_of(version: LicenceVersion, known_at: datetime | None = None) -> tuple[StatusTransition, ...]:
    """What was recorded on a version or its licence as a whole, in order of recording, until ``known_at``."""
    return transitions_among(version.licence.status_changes, version.licence_identifier, known_at)


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


def version_in_effect(versions: Iterable[Version], now: datetime) -> Version:
    """Of a licence's versions, the last that has taken effect; else the first."""
    ordered: list[Version] = sorted(versions, key=attrgetter("version"), reverse=True)
    for version in ordered:
        if version.takes_effect_at <= now:
            return version
    return ordered[-1]


def registered_face(version: LicenceVersion) -> RegisteredFace:
    """What the register says that a licence shows, without what is personal."""
    licence = version.licence
    lines = closed_face(version.face_items, HIDDEN)
    return RegisteredFace(
        licence_identifier=version.licence_identifier,
        local_type_code=licence.local_type_code,
        licence_number=licence.licence_number,
        holder_name=version.holder_name,
        holder_code=licence.holder_code,
        authority_code=licence.authority_code,
        issued_on=version.issued_on,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        items={label: value for label, value in lines if value != HIDDEN},
    )
