"""What every service is handed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path

from sqlalchemy import Engine

from certs.authority import CertificateAuthority
from certs.credit_code import DEFAULT_RULES, ExtractionRules, read_rules
from certs.extensions import PublicationUrls
from certs.issued import IssuedCertificates
from certs.key_uses import KeyUseLog, Purpose
from certs.keystore import Keystore
from certs.private_files import next_password_file, read_password_file
from certs.trust_store import TrustStore
from certs.tsa import TimestampingUnit, TimestampSources
from certs.tsa_client import RemoteTimestamps
from gateway.documents.fonts import FontLibrary, font_library
from gateway.domain.verification import SOFTWARE
from gateway.errors import ConfigurationError
from gateway.persistence.blobs import FileStore
from gateway.persistence.change_marks import CHANGES, ChangeMark
from gateway.persistence.connecting import make_engine
from gateway.persistence.engines import is_embedded
from gateway.persistence.folder_store import FolderStore
from gateway.persistence.queue import WorkQueue
from gateway.persistence.sealing import FieldVault, open_vault
from gateway.persistence.session import QuickReads, Sessions, make_sessions
from gateway.persistence.standbys import Standbys
from gateway.services.code_systems import CodeSystems, open_code_systems
from gateway.services.counting import OWN, PROVIDER, CountedTimestamps, CountedUses
from gateway.settings import Settings
from signing.algorithms import SHA256_OID, SM3_OID
from signing.errors import MalformedDataError
from signing.sm2 import sm3
from signing.timestamp import TimestampSource
from signing.validation.policy import ValidationPolicy
from signing.validation.policy_files import read_policy
from signing.workers import PRELOADED, WorkerLimits, WorkerPool, shared_pool

TIMESTAMPING_KEY = "timestamping-unit"
"""Name of the time-stamping unit's key in the key store."""
ECDSA_TIMESTAMPING_KEY = "ecdsa-timestamping-unit"
"""The unit for verifiers that know no SM2."""

REPORT_KEY = "report-signer"
"""Name of the key with which the gateway signs verification reports."""

LOG_KEY = "log"
"""Name of the key that signs the checkpoints of the transparency log."""

LIST_KEY = "list-signer"
"""Name of the key that signs lists of licences and of their statuses; its certificate is published apart from the seals'."""

DELIVERY_KEY = "delivery-signer"
"""Name of the key that signs what is sent to receivers of events."""

_WORKERS_PRELOAD = (*PRELOADED, "certs.trust_store")
"""The policy names a function of the trust store: it reads the credit code in a signer's certificate."""

_PREPARING_PRELOAD = ("signing.pyhanko_writing",)

_LOOK_AGAIN_SECONDS = 1.0
"""How long a trust file that was written over in its place may go unnoticed."""

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, aware UTC, without fractions: no instant that leaves the gateway has them."""
    return datetime.now(UTC).replace(microsecond=0)


@lru_cache(maxsize=16)
def _joined(trust_sm3: str, rules: bytes) -> str:
    return sm3(bytes.fromhex(trust_sm3) + rules).hex()


@dataclass(frozen=True)
class Dependencies:
    """Settings and clock; everything heavier is made on first use and kept."""

    settings: Settings
    clock: Clock = system_clock

    @property
    def trust_dir(self) -> Path:
        """Trust anchors, certificates and CRLs."""
        return self.settings.data_dir / "trust"

    @property
    def log_dir(self) -> Path:
        """The public files of the transparency log. Not in the trust folder, which is read whole."""
        return self.settings.data_dir / "transparency-log"

    def log_certificates(self) -> list[bytes]:
        """DER of the certificates of the log's first key and of those that replaced it; none before there is a key."""
        names: list[str] = []
        name: str | None = LOG_KEY if LOG_KEY in self.keystore else None
        while name is not None and name not in names:
            names.append(name)
            name = self.keystore.attributes(name).replaced_by
        return [self.keystore.certificate(name) for name in names]

    @cached_property
    def engine(self) -> Engine:
        """The database."""
        return make_engine(self.settings.resolved_database_url, changes=self.changes)

    @cached_property
    def changes(self) -> ChangeMark:
        """Whether a process of this machine wrote to the database."""
        return ChangeMark(self.settings.data_dir / CHANGES)

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions on the database."""
        return make_sessions(self.engine)

    @property
    def queue(self) -> WorkQueue | None:
        """The queue that several machines share; None on SQLite, which is for one."""
        url = self.settings.resolved_database_url
        return None if is_embedded(url) else WorkQueue(url)

    @cached_property
    def quick_reads(self) -> QuickReads:
        """Single reads outside of any transaction."""
        return QuickReads(self.engine)

    @cached_property
    def standbys(self) -> Standbys:
        """What look-ups may read from. ConfigurationError where the database can have none."""
        urls = self.settings.replica_urls
        if urls and is_embedded(self.settings.resolved_database_url):
            raise ConfigurationError(
                "GATEWAY_REPLICA_URLS: SQLite has no replicas.", hint="Set GATEWAY_DATABASE_URL; see docs/databases.md."
            )
        settings = self.settings
        return Standbys(
            urls, self.engine, bound=settings.replica_seconds, answer_seconds=settings.replica_answer_seconds
        )

    @cached_property
    def files(self) -> FileStore:
        """Licence files by digest, in the folder or the bucket that is set."""
        settings = self.settings
        if settings.file_store == "folder":
            return FolderStore(settings.data_dir / "files")
        # The client of buckets takes a quarter of a second to load, which only those pay who use one.
        from gateway.persistence.bucket_store import BucketPlace, BucketStore  # noqa: PLC0415 - as the line above says

        place = BucketPlace.parse(
            settings.file_store,
            settings.file_store_endpoint,
            settings.file_store_region,
            settings.file_store_credentials_file,
        )
        return BucketStore(place)

    @cached_property
    def vault(self) -> FieldVault:
        """Seals and opens personal fields. KeystoreError without the field keys, which ``init`` makes."""
        return open_vault(self.keystore)

    @cached_property
    def keystore(self) -> Keystore:
        """Encrypted private keys of the authorities and of the gateway itself."""
        path = self.settings.resolved_key_password_file
        following = next_password_file(path)
        return Keystore(
            self.settings.data_dir / "keys",
            read_password_file(path),
            iterations=self.settings.key_iterations,
            next_password=read_password_file(following) if following.exists() else None,
            sink=CountedUses(self.key_uses),
            clock=self.clock,
        )

    @property
    def key_log(self) -> Path:
        """The log of key uses."""
        return self.settings.data_dir / "log" / "key-uses.jsonl"

    @cached_property
    def key_uses(self) -> KeyUseLog:
        """Where each use of a key is logged."""
        return KeyUseLog(self.key_log, sync_seconds=self.settings.key_log_sync_seconds)

    @cached_property
    def fonts(self) -> FontLibrary:
        """The fonts of the licences."""
        return font_library(self.settings.assets_dir)

    @cached_property
    def trust_store(self) -> TrustStore:
        """Anchors, published certificates and CRLs."""
        return TrustStore(self.trust_dir, rules=self.credit_code_rules, look_again_seconds=_LOOK_AGAIN_SECONDS)

    @cached_property
    def credit_code_rules(self) -> ExtractionRules:
        """Where certificates carry the credit code. CertsError when the file holds no rules."""
        file = self.settings.credit_code_rules
        return DEFAULT_RULES if file is None else read_rules(file)

    @cached_property
    def issued(self) -> IssuedCertificates:
        """What the embedded CAs issued."""
        return IssuedCertificates(self.settings.data_dir / "ca" / "issued")

    def certificate_authority(self, name: str, *, actor: str = "gateway") -> CertificateAuthority:
        """The embedded CA whose key has this name; what it issues is on record. CertsError without its key."""
        base, urls = self.settings.ca_publication_url, PublicationUrls()
        if base is not None:
            folder = base.rstrip("/") + "/trust"
            urls = PublicationUrls(
                crl=f"{folder}/crls/{name}.crl", issuer=f"{folder}/certificates/{name}.cer", ocsp=f"{folder}/ocsp"
            )
        return CertificateAuthority(
            self.keystore.load(name, Purpose.CERTIFICATE, actor=actor),
            urls=urls,
            record=lambda certificate: self.issued.record(name, certificate),
        )

    @property
    def workers(self) -> WorkerPool:
        """The processes that read PDFs; gateways with the same limits share them."""
        return self._pool(_WORKERS_PRELOAD)

    @property
    def preparing_workers(self) -> WorkerPool:
        """The processes that prepare PDFs of others for signatures: what that takes is read in before the first one comes."""
        return self._pool(_PREPARING_PRELOAD)

    def _pool(self, preload: tuple[str, ...]) -> WorkerPool:
        settings = self.settings
        limits = WorkerLimits(memory_bytes=settings.reader_memory_bytes, seconds=settings.reader_seconds)
        return shared_pool(limits, size=settings.reader_processes, waiting=settings.reader_queue, preload=preload)

    @cached_property
    def timestamps(self) -> TimestampSource:
        """Whoever stamps the gateway's signatures: the providers that are set, else the units in this process."""
        if self.remote_timestamps is not None:
            return CountedTimestamps(self.remote_timestamps, PROVIDER)
        units = TimestampSources(self._unit(TIMESTAMPING_KEY), self.timestamping_unit(SHA256_OID))
        return CountedTimestamps(units, OWN)

    @cached_property
    def remote_timestamps(self) -> RemoteTimestamps | None:
        """The providers that are set; None where the gateway stamps itself."""
        urls = self.settings.timestamp_urls
        return RemoteTimestamps(urls) if urls else None

    def own_unit_stamps(self) -> None:
        """TimestampUnavailableError or KeystoreError when the unit in this process could not stamp now."""
        self._unit(TIMESTAMPING_KEY).require_valid()

    def timestamping_unit(self, digest_oid: str) -> TimestampingUnit:
        """The unit in this process for imprints of a digest: SM2 for SM3, else ECDSA where there is such a key."""
        is_domestic = digest_oid == SM3_OID or ECDSA_TIMESTAMPING_KEY not in self.keystore
        return self._unit(TIMESTAMPING_KEY if is_domestic else ECDSA_TIMESTAMPING_KEY)

    def _unit(self, name: str) -> TimestampingUnit:
        return TimestampingUnit(
            self.keystore.load(name, Purpose.TIMESTAMP, actor="gateway.timestamps"),
            policy_oid=self.settings.timestamp_policy_oid,
            clock=self.clock,
        )

    @cached_property
    def rules(self) -> ValidationPolicy:
        """The rules of validation, without trust material. ConfigurationError when their file is not exactly a policy."""
        try:
            return read_policy(self.settings.validation_policy)
        except MalformedDataError as error:
            raise ConfigurationError(str(error), hint="See docs/validation-policy.md.") from error

    @cached_property
    def code_systems(self) -> CodeSystems:
        """Other systems that read codes. ConfigurationError when their file is not as documented."""
        return open_code_systems(self.settings.code_systems, self.clock)

    @cached_property
    def _rules_digest(self) -> bytes:
        """Of the rules as their file or their release has them: sets have no order that two processes share."""
        file = Path(self.settings.validation_policy)
        said = file.read_bytes() if file.is_file() else b""
        named = (self.settings.validation_policy, self.rules.name, self.settings.revocation, SOFTWARE)
        return sm3(repr(named).encode() + said)

    def trust_digest(self) -> str:
        """Digest of all that a verdict on a file depends on besides the file and the time: trust material, rules, release."""
        return _joined(self.trust_store.digest(), self._rules_digest)

    def policy(self) -> ValidationPolicy:
        """The validation policy of this gateway, with the trust material as it is on disk now."""
        return self.trust_store.policy(revocation=self.settings.revocation, rules=self.rules)
