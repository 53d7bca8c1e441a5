"""Purpose copies that are presented for verification: what they say of themselves, and what the register holds of them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.domain.face_comparison import FaceDifference
from gateway.domain.purpose_copies import ATTACHMENT, CopyTerms
from gateway.domain.status import SAMPLE
from gateway.domain.verification import RegistryFinding, RegistryStatus
from gateway.persistence.models import LicenceVersion, PurposeCopy
from gateway.services.listing import WHOLE, current_status
from gateway.services.purpose_copies import terms_of


def attached_terms(attachments: Mapping[str, bytes]) -> CopyTerms | None:
    """What a PDF says that it is a copy of; None when it says nothing that can be read."""
    content = attachments.get(ATTACHMENT)
    return None if content is None else CopyTerms.parse(content)


def copy_finding(session: Session, document_sm3: str, terms: CopyTerms | None, now: datetime) -> RegistryFinding | None:
    """What the register holds of the copy that a file is, or by its attachment claims to be, with the original's status.

    None when it is no copy that the register knows.
    """
    copy_id = "" if terms is None else terms.copy_id
    row = session.scalars(
        select(PurposeCopy).where(or_(PurposeCopy.copy_sm3 == document_sm3, PurposeCopy.id == copy_id))
    ).first()
    if row is None:
        return None
    version = session.scalars(
        select(LicenceVersion).where(LicenceVersion.licence_identifier == row.licence_identifier).options(*WHOLE)
    ).one()
    return RegistryFinding(
        status=RegistryStatus.FOUND,
        licence_identifier=version.licence_identifier,
        licence_status=SAMPLE if version.licence.is_sample else current_status(version, now),
        differences=() if terms is None else _compare(terms, terms_of(row, version)),
    )


def _compare(said: CopyTerms, held: CopyTerms) -> tuple[FaceDifference, ...]:
    """Field by field, as for licences."""
    left, right = said.to_json(), held.to_json()
    return tuple(FaceDifference(name, str(left[name]), str(right[name])) for name in left if left[name] != right[name])
