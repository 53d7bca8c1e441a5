"""The entities. Importing this package registers every table."""

from gateway.persistence.models.catalogue import IssuingAuthorityRow, LicenceTypeRow
from gateway.persistence.models.clients import (
    AccessRecord,
    AccessToken,
    Client,
    ClientCredential,
    DailyUse,
    IdempotencyRecord,
    UsedNonce,
)
from gateway.persistence.models.enterprises import ElectronicBusinessLicence, Enterprise
from gateway.persistence.models.licences import (
    Licence,
    LicenceVersion,
    Obligation,
    ObligationOutcome,
    StatusChange,
    StoredFile,
)
from gateway.persistence.models.log import AuditEvent, LogCheckpoint, LogLeaf, QueuedEvent, VerificationRecord
from gateway.persistence.models.papers import BlankForm, BlankMovement, PaperCounterpart, PaperEvent
from gateway.persistence.models.purpose_copies import PurposeCopy
from gateway.persistence.models.reported_licences import ReportedLicence
from gateway.persistence.models.seals import Seal

__all__ = [
    "AccessRecord",
    "AccessToken",
    "AuditEvent",
    "BlankForm",
    "BlankMovement",
    "Client",
    "ClientCredential",
    "DailyUse",
    "ElectronicBusinessLicence",
    "Enterprise",
    "IdempotencyRecord",
    "IssuingAuthorityRow",
    "Licence",
    "LicenceTypeRow",
    "LicenceVersion",
    "LogCheckpoint",
    "LogLeaf",
    "Obligation",
    "ObligationOutcome",
    "PaperCounterpart",
    "PaperEvent",
    "PurposeCopy",
    "QueuedEvent",
    "ReportedLicence",
    "Seal",
    "StatusChange",
    "StoredFile",
    "UsedNonce",
    "VerificationRecord",
]
