"""The services of one gateway, made by hand from its settings and clock."""

from dataclasses import replace

from gateway.domain.actors import OPERATOR
from gateway.services.access_records import AccessRecords
from gateway.services.authentication import Authentication
from gateway.services.backups import Backups
from gateway.services.batches import Batches
from gateway.services.blank_forms import BlankForms
from gateway.services.catalogue import Catalogues
from gateway.services.certificates import Certificates
from gateway.services.clients import Clients
from gateway.services.codes import Codes
from gateway.services.dependencies import Clock, Dependencies, system_clock
from gateway.services.dossiers import Dossiers
from gateway.services.enterprises import Enterprises
from gateway.services.health import Health
from gateway.services.histories import Histories
from gateway.services.idempotency import Idempotency
from gateway.services.installation import Installation
from gateway.services.keys import Keys
from gateway.services.licence_records import LicenceRecords
from gateway.services.licences import Licences
from gateway.services.listing import Listing
from gateway.services.log import TransparencyLog
from gateway.services.log_audit import LogAudit
from gateway.services.log_proofs import LogProofs
from gateway.services.log_publication import LogPublication
from gateway.services.national_operations import NationalOperations
from gateway.services.network_log import NetworkLog
from gateway.services.obligations import Obligations
from gateway.services.papers import Papers
from gateway.services.purpose_copies import PurposeCopies
from gateway.services.reconciliation import Reconciliation
from gateway.services.reported_licences import ReportedLicences
from gateway.services.reports import Reports
from gateway.services.representations import Representations
from gateway.services.retention import Retention
from gateway.services.revocations import Revocations
from gateway.services.samples import Samples
from gateway.services.seals import Seals
from gateway.services.staff import Staff
from gateway.services.staff_sessions import StaffSessions
from gateway.services.status_changes import StatusChanges
from gateway.services.storage import Storage
from gateway.services.trust import Trust
from gateway.services.trust_answers import TrustAnswers
from gateway.services.verifications import Verifications
from gateway.services.versions import Versions
from gateway.settings import Settings


class Container:
    """One object for the web application and the command line to ask for services."""

    def __init__(self, settings: Settings, clock: Clock = system_clock, *, actor: str = "gateway") -> None:
        self.settings = settings
        self.clock = clock
        self.actor = actor
        self.deps = Dependencies(settings, clock)
        self.catalogue = Catalogues(self.deps)
        self.enterprises = Enterprises(self.deps)
        self.seals = Seals(self.deps)
        self.samples = Samples(self.deps, self.catalogue)
        self.listing = Listing(self.deps, self.catalogue)
        self.licences = Licences(self.deps, self.catalogue, self.enterprises, self.seals, self.listing)
        self.papers = Papers(self.deps)
        self.versions = Versions(self.deps, self.licences, self.enterprises, self.seals, self.papers)
        self.licence_records = LicenceRecords(self.deps, self.catalogue)
        self.batches = Batches(self.deps, self.licences)
        self.status_changes = StatusChanges(self.deps)
        self.histories = Histories(self.deps)
        self.blank_forms = BlankForms(self.deps, self.catalogue)
        self.obligations = Obligations(self.deps)
        self.revocations = Revocations(self.deps)
        self.dossiers = Dossiers(self.deps, self.catalogue)
        self.staff = Staff(self.deps, self.catalogue)
        self.staff_sessions = StaffSessions(self.deps)
        self.purpose_copies = PurposeCopies(self.deps, self.catalogue)
        self.reconciliation = Reconciliation(self.deps, self.catalogue)
        self.representations = Representations(self.deps, self.catalogue)
        self.national_operations = NationalOperations(self.catalogue, self.licence_records, self.representations)
        self.reported_licences = ReportedLicences(self.deps, self.catalogue)
        self.codes = Codes(self.deps, self.listing)
        self.log_publication = LogPublication(self.deps)
        self.log = TransparencyLog(self.deps, self.log_publication)
        self.log_proofs = LogProofs(self.deps)
        self.log_audit = LogAudit(self.deps)
        self.verifications = Verifications(self.deps, self.log_proofs)
        self.reports = Reports(self.deps)
        self.trust = Trust(self.deps)
        self.trust_answers = TrustAnswers(self.deps)
        self._admit_departments(actor)
        self.storage = Storage(self.deps, self.catalogue)
        self.backups = Backups(self.deps)
        self.health = Health(self.deps)
        self.installation = Installation(self.deps, self.catalogue, self.enterprises)
        self.certificates = Certificates(self.deps, self.installation, actor)
        self.keys = Keys(self.deps, self.installation, self.certificates, actor)

    def _admit_departments(self, actor: str) -> None:
        """Who may call the API, and what is kept of their calls."""
        self.clients = Clients(self.deps, self.catalogue, replace(OPERATOR, id=actor, name=actor))
        self.authentication = Authentication(self.deps)
        self.idempotency = Idempotency(self.deps)
        self.access_records = AccessRecords(self.deps)
        self.network_log = NetworkLog(self.deps)
        self.retention = Retention(
            self.deps, self.authentication, self.idempotency, self.access_records, self.network_log
        )
