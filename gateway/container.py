"""The services of one gateway, made by hand from its settings and clock."""

from dataclasses import replace

from gateway.domain.actors import OPERATOR
from gateway.persistence.visit_counts import VisitCounts
from gateway.services.acceptances import Acceptances
from gateway.services.access_records import AccessRecords
from gateway.services.archive_requests import ArchivedRequests
from gateway.services.archives import Archives
from gateway.services.authentication import Authentication
from gateway.services.authority_reports import AuthorityReports
from gateway.services.backups import Backups
from gateway.services.batches import Batches
from gateway.services.blank_forms import BlankForms
from gateway.services.catalogue import Catalogues
from gateway.services.certificate_watch import CertificateWatch
from gateway.services.certificates import Certificates
from gateway.services.challenge_phrases import ChallengePhrases
from gateway.services.clients import Clients
from gateway.services.codes import Codes
from gateway.services.connectors import Connectors
from gateway.services.conversion_chunks import ConversionChunks
from gateway.services.conversion_profiles import ConversionProfiles
from gateway.services.conversion_samples import ConversionSamples
from gateway.services.conversion_tables import ConversionTables
from gateway.services.conversions import Conversions
from gateway.services.couriers import Couriers
from gateway.services.deliveries import Deliveries
from gateway.services.delivery_letters import DeliveryLetters
from gateway.services.delivery_reconciliation import DeliveryReconciliation
from gateway.services.dependencies import Clock, Dependencies, system_clock
from gateway.services.dossiers import Dossiers
from gateway.services.enterprise_registrations import EnterpriseRegistrations
from gateway.services.enterprises import Enterprises
from gateway.services.events import Events
from gateway.services.health import Health
from gateway.services.histories import Histories
from gateway.services.holder_certificates import HolderCertificates
from gateway.services.holder_lists import HolderLists
from gateway.services.idempotency import Idempotency
from gateway.services.installation import Installation
from gateway.services.keys import Keys
from gateway.services.licence_numbers import LicenceNumbers
from gateway.services.licence_records import LicenceRecords
from gateway.services.licence_showings import LicenceShowings
from gateway.services.licences import Licences
from gateway.services.listing import Listing
from gateway.services.log import TransparencyLog
from gateway.services.log_audit import LogAudit
from gateway.services.log_proofs import LogProofs
from gateway.services.log_publication import LogPublication
from gateway.services.look_ups import LookUps
from gateway.services.metrics import Metrics
from gateway.services.national_operations import NationalOperations
from gateway.services.network_log import NetworkLog
from gateway.services.obligations import Obligations
from gateway.services.papers import Papers
from gateway.services.postings import Postings
from gateway.services.purpose_copies import PurposeCopies
from gateway.services.query_sources import QuerySources
from gateway.services.rebindings import Rebindings
from gateway.services.reconciliation import Reconciliation
from gateway.services.reported_licences import ReportedLicences
from gateway.services.reports import Reports
from gateway.services.representations import Representations
from gateway.services.retention import Retention
from gateway.services.revocations import Revocations
from gateway.services.samples import Samples
from gateway.services.seal_register import SealRegister
from gateway.services.seals import Seals
from gateway.services.signature_checks import SignatureChecks
from gateway.services.signed_lists import SignedLists
from gateway.services.signer_exchanges import SignerExchanges
from gateway.services.signer_relays import SignerRelays
from gateway.services.signing_completion import SigningCompletion
from gateway.services.signing_requests import SigningRequests
from gateway.services.signing_sessions import SigningSessions
from gateway.services.signing_waits import SigningWaits
from gateway.services.staff import Staff
from gateway.services.staff_sessions import StaffSessions
from gateway.services.statistics import ReformStatistics
from gateway.services.status_changes import StatusChanges
from gateway.services.status_lists import StatusLists
from gateway.services.storage import Storage
from gateway.services.subscriptions import Subscriptions
from gateway.services.trust import Trust
from gateway.services.trust_anchors import TrustAnchors
from gateway.services.trust_answers import TrustAnswers
from gateway.services.verifications import Verifications
from gateway.services.versions import Versions
from gateway.services.visits import Visits
from gateway.services.wrong_entries import WrongEntries
from gateway.settings import Settings


class Container:
    """One object for the web application and the command line to ask for services."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock = system_clock,
        *,
        actor: str = "gateway",
        visit_counts: VisitCounts | None = None,
    ) -> None:
        """``visit_counts`` are those that the processes of one server share; without them this object has its own."""
        self.settings = settings
        self.clock = clock
        self.actor = actor
        self.deps = Dependencies(settings, clock)
        self.catalogue = Catalogues(self.deps)
        self.holder_certificates = HolderCertificates(self.deps)
        self.enterprises = Enterprises(self.deps, self.holder_certificates)
        self.enterprise_registrations = EnterpriseRegistrations(self.deps)
        self.seals = Seals(self.deps)
        self.samples = Samples(self.deps, self.catalogue)
        self.signature_checks = SignatureChecks(self.deps)
        self.listing = Listing(self.deps, self.catalogue, self.signature_checks)
        self.licences = Licences(self.deps, self.catalogue, self.enterprises, self.seals, self.listing)
        self.licence_numbers = LicenceNumbers(self.deps, self.catalogue)
        self.papers = Papers(self.deps)
        self.rebindings = Rebindings(self.deps, self.catalogue, self.enterprises, self.holder_certificates, self.seals)
        self.certificate_watch = CertificateWatch(self.deps, self.holder_certificates, self.rebindings)
        self.versions = Versions(self.deps, self.licences, self.enterprises, self.seals, self.papers)
        self.licence_records = LicenceRecords(self.deps, self.catalogue)
        self.batches = Batches(self.deps, self.licences)
        self.status_changes = StatusChanges(self.deps)
        self.histories = Histories(self.deps)
        self.blank_forms = BlankForms(self.deps, self.catalogue)
        self.obligations = Obligations(self.deps)
        self.purpose_copies = PurposeCopies(self.deps, self.catalogue)
        self.reconciliation = Reconciliation(self.deps, self.catalogue)
        self.statistics = ReformStatistics(self.deps)
        self.representations = Representations(self.deps, self.catalogue)
        self.national_operations = NationalOperations(self.catalogue, self.licence_records, self.representations)
        self._let_staff_in()
        self._let_enterprises_sign()
        self._answer_anyone()
        self.visits = Visits(self.deps, self.challenge_phrases, visit_counts)
        self._admit_departments(actor)
        self.storage = Storage(self.deps, self.catalogue)
        self.backups = Backups(self.deps)
        self.health, self.metrics = Health(self.deps), Metrics(self.deps)
        self._keep_keys(actor)

    def _keep_keys(self, actor: str) -> None:
        """What the gateway and the authorities sign with."""
        self.installation = Installation(self.deps, self.catalogue, self.enterprises, self.holder_certificates)
        self.certificates = Certificates(self.deps, self.installation, actor)
        self.seal_register = SealRegister(self.deps, self.catalogue, self.certificates, self.installation)
        self.keys = Keys(self.deps, self.installation, self.certificates, actor)

    def _let_staff_in(self) -> None:
        """The people who work at the console, and what they see there."""
        self.revocations = Revocations(self.deps)
        self.dossiers = Dossiers(self.deps, self.catalogue)
        self.staff = Staff(self.deps, self.catalogue)
        self.staff_sessions = StaffSessions(self.deps)

    def _let_enterprises_sign(self) -> None:
        """Requests for signatures with electronic business licences: the department's side, the app's, and the end."""
        self.signing_requests = SigningRequests(self.deps, self.catalogue)
        self.acceptances = Acceptances(self.deps, self.catalogue, self.signing_requests)
        self.signing_completion = SigningCompletion(self.deps)
        self.signing_waits = SigningWaits(self.deps)
        self.signing_sessions = SigningSessions(self.deps, self.holder_certificates, self.signing_completion)
        self.signer_exchanges = SignerExchanges(self.deps)
        self.signer_relays = SignerRelays(
            self.deps, self.signing_requests, self.signing_sessions, self.signer_exchanges
        )
        self.licence_showings = LicenceShowings(self.deps, self.signer_exchanges)

    def _keep_log(self) -> None:
        """The transparency log, what proves something by it, and what checks it."""
        self.log_publication = LogPublication(self.deps)
        self.log = TransparencyLog(self.deps, self.log_publication)
        self.log_proofs = LogProofs(self.deps)
        self.log_audit = LogAudit(self.deps)
        self.events = Events(self.deps)

    def _convert_paper_licences(self) -> None:
        """Registers of paper licences, and what is kept of their conversion."""
        chunks = ConversionChunks(self.deps, self.catalogue, self.enterprises, self.seals)
        self.conversions = Conversions(self.deps, chunks, self.deps.queue)
        self.conversion_tables = ConversionTables(self.conversions)
        self.conversion_profiles = ConversionProfiles(self.deps)
        self.query_sources = QuerySources(self.settings.conversion_sources)
        self.conversion_samples = ConversionSamples(self.deps, self.catalogue)

    def _deliver(self, actor: str) -> None:
        """Events to other systems."""
        self.subscriptions = Subscriptions(self.deps, self.catalogue, replace(OPERATOR, id=actor, name=actor))
        self.deliveries = Deliveries(self.deps)
        self.delivery_letters = DeliveryLetters(self.deps)
        postings = Postings(self.deps)
        self.connectors = Connectors(self.deps, self.catalogue, postings)
        self.delivery_reconciliation = DeliveryReconciliation(self.deps, self.connectors)
        self.couriers = Couriers(self.deps, self.deliveries, postings, self.connectors)

    def _answer_anyone(self) -> None:
        """What the public asks: lists, codes, files, the log, trust."""
        self.reported_licences = ReportedLicences(self.deps, self.catalogue)
        self.authority_reports = AuthorityReports(self.deps, self.catalogue)
        self.holder_lists = HolderLists(self.deps, self.listing, self.authority_reports)
        self.codes = Codes(self.deps, self.listing, self.holder_lists, self.reported_licences)
        self.look_ups = LookUps(self.deps, self.codes)
        self._convert_paper_licences()
        self._keep_log()
        self.signed_lists = SignedLists(self.deps, self.codes, self.look_ups, self.log)
        self.status_lists = StatusLists(self.deps)
        self.challenge_phrases = ChallengePhrases(self.deps)
        self.verifications = Verifications(self.deps, self.look_ups, self.log_proofs)
        self.reports = Reports(self.deps)
        self.trust = Trust(self.deps)
        self.trust_answers = TrustAnswers(self.deps)
        self.trust_anchors = TrustAnchors(self.deps)

    def _admit_departments(self, actor: str) -> None:
        """Who may call the API, what is kept of their calls, and what the public tells."""
        self.wrong_entries = WrongEntries(self.deps)
        self.clients = Clients(self.deps, self.catalogue, replace(OPERATOR, id=actor, name=actor))
        self.authentication = Authentication(self.deps)
        self._deliver(actor)
        self.idempotency = Idempotency(self.deps)
        self.access_records = AccessRecords(self.deps)
        self.network_log = NetworkLog(self.deps)
        self.retention = Retention(self.deps, self.network_log)
        public = (self.log_proofs, self.signed_lists, self.status_lists, self.trust)
        requests = ArchivedRequests(self.deps, self.acceptances, self.signing_requests)
        self.archives = Archives(self.deps, self.dossiers, requests, public)
