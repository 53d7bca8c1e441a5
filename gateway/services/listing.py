"""Re-checks registered licences now: stored file, signature, chain, status. What lists and answers are made of."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from gateway.domain.answers import FaceDifference, FaceValue, Genuine, InForce, LicenceAnswer, ListedLicence
from gateway.domain.conclusion import judge_signatures, judge_status
from gateway.domain.licence_code import LicenceClaims
from gateway.domain.masking import mask_face
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.status import StatusTransition, status_at
from gateway.errors import StorageError
from gateway.persistence.models import Licence, LicenceVersion
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from signing.errors import SigningError
from signing.validation.process import validate_pdf

PDF = ".pdf"


WHOLE = (joinedload(LicenceVersion.licence).selectinload(Licence.status_changes),)
"""Loads a version with all that an answer on it needs."""


class Listing:
    """Turns rows into answers whose every word was checked at ``checked_at``."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def of_holder(self, session: Session, code: str) -> list[LicenceVersion]:
        """The newest version of every licence that the enterprise holds, last to expire first."""
        versions = session.scalars(
            select(LicenceVersion)
            .join(LicenceVersion.licence)
            .where(Licence.holder_code == code)
            .order_by(LicenceVersion.version)
            .options(*WHOLE)
        )
        newest = {version.licence_id: version for version in versions}.values()
        return sorted(newest, key=lambda v: (v.valid_until or date.max, v.licence.licence_number), reverse=True)

    def line(self, version: LicenceVersion) -> ListedLicence:
        """One line of the verified list."""
        now = self._deps.clock()
        genuine, reasons = self._genuine(version, now)
        status = current_status(version, now)
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
            in_force=in_force if genuine is Genuine.YES else InForce.UNKNOWN,
            checked_at=now,
            reasons=reasons,
        )

    def answer(self, version: LicenceVersion, claims: LicenceClaims | None = None) -> LicenceAnswer:
        """The full answer on one licence, compared with a presented QR code when there is one."""
        listed = self.line(version)
        licence_type = self._catalogue.load().types_by_code[version.licence.local_type_code]
        face = mask_face(licence_type, tuple(version.face_items.items()))
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
            data = self._deps.files.read(version.electronic_sm3, PDF)
            validation = self._deps.workers.run(validate_pdf, data, self._deps.policy(), at=now)
        except (StorageError, SigningError, OSError):
            return Genuine.UNKNOWN, (reason("FILE_NOT_CHECKED"),)
        return judge_signatures(validation.signatures)


def current_status(version: LicenceVersion, now: datetime) -> str:
    """The status of a licence version at an instant."""
    transitions = tuple(
        StatusTransition(status=change.status, effective_at=change.effective_at, recorded_at=change.recorded_at)
        for change in version.licence.status_changes
    )
    return status_at(transitions, valid_from=version.valid_from, valid_until=version.valid_until, at=now)


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
