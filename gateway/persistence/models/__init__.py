"""The entities. Importing this package registers every table."""

from gateway.persistence.models.catalogue import IssuingAuthorityRow, LicenceTypeRow
from gateway.persistence.models.enterprises import ElectronicBusinessLicence, Enterprise
from gateway.persistence.models.licences import (
    Licence,
    LicenceVersion,
    Obligation,
    ObligationOutcome,
    StatusChange,
    StoredFile,
)
from gateway.persistence.models.log import AuditEvent, VerificationRecord
from gateway.persistence.models.papers import BlankForm, BlankMovement, PaperCounterpart, PaperEvent
from gateway.persistence.models.purpose_copies import PurposeCopy
from gateway.persistence.models.reported_licences import ReportedLicence
from gateway.persistence.models.seals import Seal
from gateway.persistence.models.staff import RevocationDecision, RevocationRequest, StaffMember, StaffSession

__all__ = [
    "AuditEvent",
    "BlankForm",
    "BlankMovement",
    "ElectronicBusinessLicence",
    "Enterprise",
    "IssuingAuthorityRow",
    "Licence",
    "LicenceTypeRow",
    "LicenceVersion",
    "Obligation",
    "ObligationOutcome",
    "PaperCounterpart",
    "PaperEvent",
    "PurposeCopy",
    "ReportedLicence",
    "RevocationDecision",
    "RevocationRequest",
    "Seal",
    "StaffMember",
    "StaffSession",
    "StatusChange",
    "StoredFile",
    "VerificationRecord",
]
