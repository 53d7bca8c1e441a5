"""The entities. Importing this package registers every table."""

from gateway.persistence.models.acceptances import LicenceAcceptance
from gateway.persistence.models.authority_reports import AuthorityReport
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
from gateway.persistence.models.conversions import ConversionChunk, ConversionJob, ConversionProfile, ConversionRow
from gateway.persistence.models.deliveries import Delivery, Subscription, SubscriptionSecret
from gateway.persistence.models.enterprises import (
    ElectronicBusinessLicence,
    Enterprise,
    HolderCertificateWatch,
    RegistrationChange,
)
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
from gateway.persistence.models.rebindings import Rebinding
from gateway.persistence.models.reported_licences import ReportedLicence
from gateway.persistence.models.seals import Seal, SealEvent
from gateway.persistence.models.signer_exchanges import (
    LicenceShowing,
    SignerExchange,
    SignerExchangeContent,
    SignerSession,
)
from gateway.persistence.models.signing_requests import SigningDocument, SigningRequest
from gateway.persistence.models.staff import RevocationDecision, RevocationRequest, StaffMember, StaffSession
from gateway.persistence.models.statements import SignatureCheck, StatusListToken, StatusPlace
from gateway.persistence.models.wrong_entries import WrongEntry

__all__ = [
    "AccessRecord",
    "AccessToken",
    "AuditEvent",
    "AuthorityReport",
    "BlankForm",
    "BlankMovement",
    "Client",
    "ClientCredential",
    "ConversionChunk",
    "ConversionJob",
    "ConversionProfile",
    "ConversionRow",
    "DailyUse",
    "Delivery",
    "ElectronicBusinessLicence",
    "Enterprise",
    "HolderCertificateWatch",
    "IdempotencyRecord",
    "IssuingAuthorityRow",
    "Licence",
    "LicenceAcceptance",
    "LicenceShowing",
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
    "Rebinding",
    "RegistrationChange",
    "ReportedLicence",
    "RevocationDecision",
    "RevocationRequest",
    "Seal",
    "SealEvent",
    "SignatureCheck",
    "SignerExchange",
    "SignerExchangeContent",
    "SignerSession",
    "SigningDocument",
    "SigningRequest",
    "StaffMember",
    "StaffSession",
    "StatusChange",
    "StatusListToken",
    "StatusPlace",
    "StoredFile",
    "Subscription",
    "SubscriptionSecret",
    "UsedNonce",
    "VerificationRecord",
    "WrongEntry",
]
