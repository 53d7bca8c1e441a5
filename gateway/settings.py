"""The only reader of the environment. Every setting is ``GATEWAY_<NAME>``; secrets are files, never values."""

import ipaddress
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gateway.errors import ConfigurationError

REPOSITORY = Path(__file__).resolve().parent.parent
PREFIX = "GATEWAY_"
_PATH_PREFIX = re.compile(r"(/[0-9A-Za-z][0-9A-Za-z.-]*)*/?")
_LISTED = (
    "replica_urls",
    "own_hosts",
    "second_signature_authorities",
    "timestamp_urls",
    "authority_bounds",
    "trusted_proxy_networks",
    "metrics_networks",
    "delivery_origins",
    "foreign_user_ids",
)
"""Settings that name several things, with commas between."""


class Settings(BaseModel):
    """Everything that an operator can set; the description of each field is its documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(default=Path("var/data"), description="Database, keys, trust material and files.")
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL; without it SQLite in the data directory. PostgreSQL: postgresql+psycopg://…",
    )
    replica_urls: tuple[str, ...] = Field(
        default=(),
        description="SQLAlchemy URLs (comma-separated) of PostgreSQL hot standbys that look-ups read from (docs/databases.md).",
    )
    replica_seconds: float = Field(
        default=3.0, ge=1.0, le=10.0, description="Seconds that a hot standby may be behind; else it is not asked."
    )
    replica_answer_seconds: float = Field(
        default=2.0, ge=0.1, le=10.0, description="Seconds that one look-up waits for a hot standby."
    )
    status_seconds: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="Seconds for which a list is shown again without asking the database; 0: never (docs/resolve-caching.md).",
    )
    file_store: str = Field(
        default="folder",
        pattern=r"^(folder|s3://[^/?#]+(/[^?#]*)?)$",
        description="Where licence files are kept: `folder` (in the data directory) or s3://bucket/prefix (docs/storage.md).",
    )
    file_store_endpoint: str | None = Field(
        default=None, description="Address of the S3-compatible store; none: that of the provider for the region."
    )
    file_store_region: str = Field(default="us-east-1", description="Region that requests to the store are signed for.")
    file_store_credentials_file: Path | None = Field(
        default=None, description="File (mode 600) with two lines: access key id and secret access key of the store."
    )
    assets_dir: Path = Field(
        default=REPOSITORY / "build" / "assets", description="Fonts that `make setup` builds from npm packages."
    )
    key_password_file: Path | None = Field(
        default=None,
        description="File with the password of the private keys; default keys/password in the data directory.",
    )
    key_iterations: int = Field(
        default=600_000, ge=1_000, description="PBKDF2 rounds that protect a private key; fewer only in tests."
    )
    key_log_sync_seconds: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="How long a logged key use may wait for the disk; 0 makes each signature wait for it.",
    )
    public_base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Address of this gateway as QR codes and pages name it; its path, if any, stands before every path of ours.",
    )
    own_hosts: frozenset[str] = Field(
        default=frozenset(), description="Further host names (comma-separated) whose licence QR codes are ours."
    )
    site_name: str = Field(default="阳江市电子证照核验", description="Name on the pages.")
    max_upload_bytes: int = Field(default=20 * 1024 * 1024, gt=0, description="Largest upload in bytes.")
    max_image_pixels: int = Field(
        default=40_000_000, gt=0, description="Largest picture in pixels, checked before it is decoded."
    )
    validation_policy: str = Field(
        default="default",
        description="Rules of validation: `default`, `strict` or the path of a policy file (see validation-policy.md).",
    )
    revocation: str | None = Field(
        default=None,
        pattern="^(required|if_available)$",
        description="Overrides the policy's rule. `required`: without fresh revocation data a signature is undecided; "
        "`if_available`: it is only noted.",
    )
    code_systems: Path | None = Field(
        default=None,
        description="JSON file that names other systems which read enterprise codes and dynamic codes (docs/samr-adapter.md).",
    )
    enterprise_signer: Path | None = Field(
        default=None,
        description="JSON file that names the national service of electronic business licences (docs/enterprise-signing.md).",
    )
    authority_stale_hours: float = Field(
        default=48,
        gt=0,
        le=8784,
        description="Hours after its last report at which an authority counts as having given no answer.",
    )
    authority_bounds: tuple[str, ...] = Field(
        default=(),
        description="Other bounds for some authorities (comma-separated): credit code = hours, as 11441700G00002221C=24.",
    )
    recheck_hours: float = Field(
        default=24,
        gt=0,
        le=720,
        description="Hours within which the signatures of every registered licence are verified again (docs/resolve-caching.md).",
    )
    holder_certificate_hours: float = Field(
        default=12,
        gt=0,
        le=720,
        description="Hours within which every registered certificate of an electronic business licence is looked at again.",
    )
    holder_certificate_warning_days: int = Field(
        default=30, ge=0, le=3660, description="Days before its end from which such a certificate is told to end soon."
    )
    list_hours: int = Field(
        default=24, ge=1, le=8784, description="Hours for which a signed list may stand for the present."
    )
    lookups_per_minute: int = Field(
        default=600,
        ge=0,
        description="Look-ups that one address (of IPv6 one /64) may make a minute, pages and API together; 0: no limit.",
    )
    code_lookups_per_minute: int = Field(
        default=240,
        ge=0,
        description="Look-ups of one code or licence a minute, of all addresses together; 0: no limit.",
    )
    proof_of_work_bits: int = Field(
        default=0,
        ge=0,
        le=24,
        description="Zero bits of the SHA-256 that a visitor works out while many ask (docs/visits.md); 0: it is never asked.",
    )
    proof_of_work_above: int = Field(
        default=3000,
        ge=0,
        description="Look-ups a minute of everyone together above which each needs a proof of work; 0: each does always.",
    )
    proof_of_work_wait_seconds: int = Field(
        default=15, ge=1, le=600, description="Seconds that a visitor waits who does not work it out."
    )
    waiting_requests: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Requests that may wait at once, on this machine, for an enterprise to sign or for an event; each keeps a "
        "server process busy, of which one is kept free. All others are answered at once, and ask again.",
    )
    foreign_user_ids: tuple[str, ...] = Field(
        default=(),
        description="User IDs (comma-separated) under which apps are known to sign by mistake: such a signature is refused as "
        "WRONG_USER_ID. The usual ones, and those that the certificate itself suggests, are known without.",
    )
    print_within_days: int = Field(
        default=7, ge=0, description="Days after which a licence whose paper was never printed counts as drift."
    )
    crl_days: int = Field(default=30, gt=0, description="Days until the next update of the embedded CAs' CRLs.")
    trusted_proxies: int = Field(
        default=0, ge=0, description="Number of reverse proxies in front whose X-Forwarded headers are believed."
    )
    trusted_proxy_networks: frozenset[str] = Field(
        default=frozenset(),
        description="Networks (comma-separated) of the reverse proxies; then what others send as X-Forwarded is removed, "
        "and the number does not count.",
    )
    tls_certificate_file: Path | None = Field(
        default=None, description="PEM file with the server's certificate chain, where no proxy ends TLS."
    )
    tls_key_file: Path | None = Field(default=None, description="PEM file with the key of that certificate.")
    tls_client_ca_file: Path | None = Field(
        default=None,
        description="PEM file with the issuers of clients' certificates (or these themselves) for mutual TLS without a proxy.",
    )
    timestamp_policy_oid: str = Field(
        default="2.25.67833047577107300058708129777585496789",
        description="Policy OID in our time-stamp tokens; the default is a UUID arc that stands for no one else.",
    )
    second_signature_authorities: frozenset[str] = Field(
        default=frozenset(),
        description="Credit codes (comma-separated) of authorities whose licences also get an ECDSA signature, `*` for all; "
        "those marked in the catalogue get it anyway.",
    )
    reader_processes: int = Field(
        default=1, ge=1, description="Processes that read presented PDFs, for each process of the server."
    )
    reader_queue: int = Field(
        default=16, ge=0, description="PDFs that may wait for a reading process; more are answered with 503."
    )
    reader_memory_bytes: int = Field(
        default=1 << 30, ge=1 << 28, description="Address space of a reading process, its interpreter included."
    )
    reader_seconds: float = Field(
        default=7.0, gt=0, le=50, description="Time that reading one PDF may take before its process is replaced."
    )
    timestamp_urls: tuple[str, ...] = Field(
        default=(),
        description="Addresses of time-stamp providers (RFC 3161, comma-separated), tried in this order; "
        "without them the gateway stamps itself.",
    )
    ca_publication_url: str | None = Field(
        default=None,
        description="Address that the embedded CAs' certificates name for lists, OCSP and issuers; none: they name none.",
    )
    credit_code_rules: Path | None = Field(
        default=None,
        description="JSON file that says where certificates hold the unified social credit code (docs/trust.md).",
    )
    idempotency_hours: int = Field(
        default=24, gt=0, description="How long the first answer to a write is kept under its Idempotency-Key."
    )
    idempotency_lease_seconds: int = Field(
        default=90,
        gt=0,
        description="After this a write that did not answer is taken for dead, and its repetition is executed.",
    )
    access_record_days: int = Field(
        default=1096,
        ge=1096,
        description="How long it is kept who read data that are not public; three years at least.",
    )
    network_log_days: int = Field(
        default=184, ge=184, description="How long the network log is kept (days); six months at least."
    )
    delivery_days: int = Field(
        default=90,
        ge=7,
        description="How long it is kept what was delivered to a receiver, as far as no daily comparison needs it longer.",
    )
    exchange_days: int = Field(
        default=3653, ge=366, description="Days for which what was said to and by the national service is kept."
    )
    retention_rows: int = Field(
        default=100_000, ge=1, description="Rows past their time that one run of the retention job removes at most."
    )
    client_certificate_header: str | None = Field(
        default=None,
        description="Header in which the proxy hands on a client's TLS certificate (URL-encoded PEM); needs trusted proxies.",
    )
    conversion_sources: Path | None = Field(
        default=None,
        description="JSON file that names databases which paper licences may be read from (docs/conversion.md).",
    )
    conversion_processes: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Processes that `serve` converts paper licences with on SQLite; 0: none. "
        "On PostgreSQL run `licence-gateway worker`.",
    )
    console_idle_minutes: int = Field(
        default=15, ge=1, le=240, description="Minutes without a request after which a staff session ends."
    )
    console_session_hours: int = Field(
        default=10, ge=1, le=24, description="Hours after which a staff session ends, however busy it is."
    )
    password_cost: int = Field(
        default=16,
        ge=4,
        le=20,
        description="Binary logarithm of the scrypt rounds that protect a staff password; fewer than 14 only in tests.",
    )
    delivery_origins: tuple[str, ...] = Field(
        default=(),
        description="Where events may be sent (comma-separated): `https://host[:port]`, or with `=network` behind it when its "
        "addresses are not public; plain http needs the network.",
    )
    delivery_seconds: float = Field(
        default=10.0, gt=0, le=30, description="Time that a receiver of events has to answer."
    )
    delivery_attempts: int = Field(
        default=16, ge=1, le=100, description="Attempts after which a delivery is a dead letter; with 16, after a day."
    )
    delivery_threads: int = Field(
        default=2, ge=0, le=64, description="Deliveries at once by `serve` on a machine; 0 leaves them to `worker`."
    )
    drain_seconds: float = Field(
        default=0.0,
        ge=0,
        le=600,
        description="How long `serve` answers on after SIGTERM while `/readyz` says that it goes: two of the balancer's probes.",
    )
    metrics_networks: frozenset[str] = Field(
        default=frozenset({"127.0.0.0/8", "::1/128"}),
        description="Networks (comma-separated) that may read `/metrics`; this machine alone unless others are named.",
    )
    worker_metrics: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Za-z.:\[\]-]+:[0-9]{1,5}$",
        description="HOST:PORT at which `licence-gateway worker` gives its metrics, where no `serve` of this machine does; none: "
        "it does not.",
    )
    trace_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Where traces are sent (OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces); none: there are no traces.",
    )
    trace_share: float = Field(
        default=0.1, ge=0, le=1, description="Part of the traces that begin here which is kept; 1: all of them."
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level logged.")

    @field_validator("public_base_url")
    @classmethod
    def _has_a_plain_path(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.query or parts.fragment or _PATH_PREFIX.fullmatch(parts.path) is None:
            raise ValueError("its path may have letters, digits, dots and hyphens, and nothing may follow it")
        return address

    @field_validator("own_hosts")
    @classmethod
    def _in_lower_case(cls, hosts: frozenset[str]) -> frozenset[str]:
        return frozenset(host.lower() for host in hosts)

    @field_validator("authority_bounds")
    @classmethod
    def _are_bounds(cls, bounds: tuple[str, ...]) -> tuple[str, ...]:
        if any(re.fullmatch(r"[0-9A-Z]{18}=[0-9]+(\.[0-9]+)?", bound) is None for bound in bounds):
            raise ValueError("each must be a credit code, = and hours")
        return bounds

    def stale_after(self, authority_code: str) -> timedelta:
        """How old an authority's last report may be."""
        own = dict(bound.split("=") for bound in self.authority_bounds)
        return timedelta(hours=float(own.get(authority_code, self.authority_stale_hours)))

    @field_validator("trusted_proxy_networks", "metrics_networks")
    @classmethod
    def _networks(cls, networks: frozenset[str]) -> frozenset[str]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks

    @property
    def path_prefix(self) -> str:
        """What stands before every path of ours: the path of the public address; empty when that is a host's root."""
        return urlsplit(self.public_base_url).path.rstrip("/")

    @property
    def resolved_database_url(self) -> str:
        """The configured URL, or SQLite in the data directory."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'gateway.db').resolve()}"

    @property
    def resolved_key_password_file(self) -> Path:
        """The configured password file, or the one that `init` makes."""
        return self.key_password_file or self.data_dir / "keys" / "password"


def count_into(folder: Path) -> None:
    """Tell prometheus_client where processes keep what they count; it, and theirs, know no other way than the environment."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def read_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment; ``overrides`` (command-line options that are not None) win."""
    source = os.environ if environment is None else environment
    values: dict[str, object] = {
        name: source[PREFIX + name.upper()] for name in Settings.model_fields if source.get(PREFIX + name.upper())
    }
    for name in _LISTED:
        if isinstance(listed := values.get(name), str):
            values[name] = tuple(part.strip() for part in listed.split(",") if part.strip())
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise ConfigurationError(f"{name}: {first['msg']}", hint="See docs/configuration.md.") from error
