"""The services of one gateway, made by hand from its settings and clock."""

from gateway.services.backups import Backups
from gateway.services.blank_forms import BlankForms
from gateway.services.catalogue import Catalogues
from gateway.services.certificates import Certificates
from gateway.services.codes import Codes
from gateway.services.dependencies import Clock, Dependencies, system_clock
from gateway.services.enterprises import Enterprises
from gateway.services.health import Health
from gateway.services.histories import Histories
from gateway.services.installation import Installation
from gateway.services.keys import Keys
from gateway.services.licences import Licences
from gateway.services.listing import Listing
from gateway.services.obligations import Obligations
from gateway.services.papers import Papers
from gateway.services.reports import Reports
from gateway.services.seals import Seals
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
        self.deps = Dependencies(settings, clock)
        self.catalogue = Catalogues(self.deps)
        self.enterprises = Enterprises(self.deps)
        self.seals = Seals(self.deps)
        self.listing = Listing(self.deps, self.catalogue)
        self.licences = Licences(self.deps, self.catalogue, self.enterprises, self.seals, self.listing)
        self.versions = Versions(self.deps, self.licences, self.enterprises, self.seals)
        self.status_changes = StatusChanges(self.deps)
        self.histories = Histories(self.deps)
        self.blank_forms = BlankForms(self.deps, self.catalogue)
        self.papers = Papers(self.deps)
        self.obligations = Obligations(self.deps)
        self.codes = Codes(self.deps, self.listing)
        self.verifications = Verifications(self.deps)
        self.reports = Reports(self.deps)
        self.trust = Trust(self.deps)
        self.trust_answers = TrustAnswers(self.deps)
        self.storage = Storage(self.deps, self.catalogue)
        self.backups = Backups(self.deps)
        self.health = Health(self.deps)
        self.installation = Installation(self.deps, self.catalogue, self.enterprises)
        self.certificates = Certificates(self.deps, self.installation, actor)
        self.keys = Keys(self.deps, self.installation, self.certificates, actor)
