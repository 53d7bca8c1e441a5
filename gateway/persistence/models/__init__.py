"""The entities. Importing this package registers every table."""

from gateway.persistence.models.catalogue import IssuingAuthorityRow, LicenceTypeRow
from gateway.persistence.models.enterprises import ElectronicBusinessLicence, Enterprise
from gateway.persistence.models.licences import (
    Licence,
    LicenceVersion,
    PaperCounterpart,
    StatusChange,
    StoredFile,
)
from gateway.persistence.models.log import AuditEvent, VerificationRecord
from gateway.persistence.models.seals import Seal

__all__ = [
    "AuditEvent",
    "ElectronicBusinessLicence",
    "Enterprise",
    "IssuingAuthorityRow",
    "Licence",
    "LicenceTypeRow",
    "LicenceVersion",
    "PaperCounterpart",
    "Seal",
    "StatusChange",
    "StoredFile",
    "VerificationRecord",
]
