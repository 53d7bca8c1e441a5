"""Registration of the systems of departments and enterprises, and the secrets that they prove themselves with."""

import ipaddress
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from gateway.domain.actors import ENTERPRISE_SCOPES, Actor, ActorKind, Scope
from gateway.domain.instants import instant
from gateway.errors import ConflictError, FieldError, ForbiddenError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AccessToken, AuditEvent, Client, ClientCredential, Enterprise
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.sealed_places import gateway_token
from signing.sm2 import sm3

SECRET, GATEWAY_TOKEN = "secret", "gateway_token"
CLIENT_ID = re.compile(r"client-[0-9a-f]{16}")
"""The form of every id."""
_SECRET_BYTES = 32
_MOST_CREDENTIALS = 2
"""Of one kind, good at once: the old one and the new one."""
_MOST_NAME = 200


class Unset(Enum):
    """A limit that is taken away, where None leaves it as it is."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True)
class ClientSpec:
    """Everything that an administrator sets on a client."""

    name: str
    organisation: str
    scopes: frozenset[Scope]
    authority_codes: frozenset[str]
    type_codes: frozenset[str] = frozenset()
    ip_ranges: tuple[str, ...] = ()
    daily_cap: int | None = None
    valid_from: datetime | None = None
    """None: from now on."""
    valid_until: datetime | None = None
    is_sandbox: bool = False
    public_keys: Mapping[str, Any] = field(default_factory=dict)
    """JWKS; a key and the one that replaces it may stand in it together."""
    certificates: tuple[str, ...] = ()
    """PEM, two at most: the one in use and the one that replaces it."""
    enterprise_code: str | None = None
    """Of an enterprise's own system, which has no authorities; it never changes."""


@dataclass(frozen=True)
class ClientChange:
    """What an administrator sets anew; None leaves it as it is, and empty values or ``UNSET`` take a limit away."""

    name: str | None = None
    organisation: str | None = None
    scopes: frozenset[Scope] | None = None
    authority_codes: frozenset[str] | None = None
    type_codes: frozenset[str] | None = None
    ip_ranges: tuple[str, ...] | None = None
    daily_cap: int | Unset | None = None
    valid_from: datetime | None = None
    valid_until: datetime | Unset | None = None
    public_keys: Mapping[str, Any] | None = None
    certificates: tuple[str, ...] | None = None
    ends_tokens: bool = False
    """Forget the tokens that were given out, as when a key has leaked."""

    def over(self, client: Client) -> ClientSpec:
        """The client as it will be; certificates are those to add fingerprints of."""
        given = {name: value for name, value in vars(self).items() if value is not None and name != "ends_tokens"}
        lifted = {name: None for name, value in given.items() if value is UNSET}
        kept = ClientSpec(
            name=client.name,
            organisation=client.organisation,
            scopes=frozenset(Scope(scope) for scope in client.scopes),
            authority_codes=frozenset(client.authority_codes),
            type_codes=frozenset(client.type_codes),
            ip_ranges=tuple(client.ip_ranges),
            daily_cap=client.daily_cap,
            valid_from=client.valid_from,
            valid_until=client.valid_until,
            is_sandbox=client.is_sandbox,
            public_keys=client.public_keys,
            enterprise_code=client.enterprise_code,
        )
        return replace(kept, **given | lifted)


@dataclass(frozen=True)
class IssuedSecret:
    """A new secret, shown once and never again."""

    client_id: str
    kind: str
    secret: str = field(repr=False)
    expires_at: datetime | None


class Clients:
    """Administers clients; each public method stands for one command."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues, actor: Actor) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._actor = actor

    def acting_as(self, actor: Actor) -> "Clients":
        """The same for a person: of one authority it reaches clients that act for that alone. ForbiddenError."""
        actor.require(Scope.ADMINISTER)
        return Clients(self._deps, self._catalogue, actor)

    @retried
    def create(self, spec: ClientSpec) -> str:
        """Register a client; gives its id. ValidationFailedError names each wrong field."""
        self._check(spec)
        now = self._deps.clock()
        client = Client(
            id=f"client-{secrets.token_hex(8)}",
            enterprise_code=spec.enterprise_code,
            is_enabled=True,
            is_sandbox=spec.is_sandbox,
            created_at=now,
        )
        client.certificate_sha256s = []
        _set(client, spec, now)
        with self._deps.sessions.begin() as session:
            if spec.enterprise_code is not None and session.get(Enterprise, spec.enterprise_code) is None:
                message = "没有登记这个企业。No enterprise is registered under this code."
                raise ValidationFailedError([FieldError("enterprise_code", "UNKNOWN", message)])
            session.add(client)
            self._note(session, "client_created", client.id, _facts(client))
        return client.id

    @retried
    def change(self, client_id: str, change: ClientChange) -> None:
        """Set some of what ``create`` sets, at once for tokens that are out too.

        NotFoundError; ValidationFailedError names each wrong field. Whether it is a sandbox, or an enterprise's, stays as it
        is: what it issued and asked for would change sides.
        """
        with self._deps.sessions.begin() as session:
            client = self._find(session, client_id)
            spec = change.over(client)
            self._check(spec)
            before = _facts(client)
            _set(client, spec, client.valid_from, keeps_certificates=change.certificates is None)
            if change.ends_tokens:
                session.execute(delete(AccessToken).where(AccessToken.client_id == client_id))
            changed = {name: value for name, value in _facts(client).items() if value != before[name]}
            self._note(session, "client_changed", client_id, changed | {"tokens_ended": change.ends_tokens})

    def all(self) -> list[Client]:
        """Every client within reach, by name."""
        query = select(Client).order_by(Client.name).options(selectinload(Client.credentials))
        with reading(self._deps.sessions) as session:
            return [client for client in session.scalars(query) if is_within(client, self._actor.authority_codes)]

    def get(self, client_id: str) -> Client:
        """One client. NotFoundError."""
        with reading(self._deps.sessions) as session:
            return self._find(session, client_id)

    @retried
    def new_secret(
        self, client_id: str, *, kind: str = SECRET, days: int | None = None, old_ends_in: timedelta = timedelta(days=7)
    ) -> IssuedSecret:
        """A further secret; those before it end after ``old_ends_in``. It is stored as its digest only.

        With ``old_ends_in`` zero they end now, however many there are, and so do the tokens that were got with them: this
        is the way out when a secret has leaked. Otherwise ConflictError when two are good already.

        A digest without salt or slow derivation is enough: a secret of 256 random bits can be guessed no faster.
        """
        now, secret = self._deps.clock(), secrets.token_urlsafe(_SECRET_BYTES)
        expires_at = None if days is None else now + timedelta(days=days)
        with self._deps.sessions.begin() as session:
            client = self._find(session, client_id)
            good = [c for c in client.credentials if c.kind == kind and (c.expires_at is None or c.expires_at > now)]
            ends_now = old_ends_in <= timedelta(0)
            if len(good) >= _MOST_CREDENTIALS and not ends_now:
                raise ConflictError(
                    "已有两个有效密钥。The client has two good secrets already.",
                    hint="Wait until one ends, or end both: rotate --old-days 0.",
                )
            for credential in good:
                ends = now + old_ends_in
                credential.expires_at = ends if credential.expires_at is None else min(credential.expires_at, ends)
            if ends_now:
                session.execute(delete(AccessToken).where(AccessToken.client_id == client_id))
            sealed = self._deps.vault.seal(secret, gateway_token(client_id)) if kind == GATEWAY_TOKEN else ""
            digest = secret_digest(secret) if kind == SECRET else ""
            client.credentials.append(
                ClientCredential(kind=kind, digest=digest, sealed=sealed, created_at=now, expires_at=expires_at)
            )
            self._note(session, "client_secret_created", client_id, {"kind": kind})
        return IssuedSecret(client_id, kind, secret, expires_at)

    @retried
    def revoke_secret(self, client_id: str, credential_id: int) -> None:
        """End one secret now, and the tokens that are out: which of them it gave is not kept. NotFoundError."""
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            client = self._find(session, client_id)
            credential = next((each for each in client.credentials if each.id == credential_id), None)
            if credential is None or (credential.expires_at is not None and credential.expires_at <= now):
                raise NotFoundError("没有这个有效密钥。There is no such good secret.")
            credential.expires_at = now
            session.execute(delete(AccessToken).where(AccessToken.client_id == client_id))
            self._note(session, "client_secret_revoked", client_id, {"kind": credential.kind})

    @retried
    def set_enabled(self, client_id: str, *, is_enabled: bool) -> None:
        """Let a client in, or shut it out at once: its tokens are forgotten."""
        with self._deps.sessions.begin() as session:
            client = self._find(session, client_id)
            client.is_enabled = is_enabled
            if not is_enabled:
                session.execute(delete(AccessToken).where(AccessToken.client_id == client_id))
            self._note(session, "client_enabled" if is_enabled else "client_disabled", client_id, {})

    def _find(self, session: Session, client_id: str) -> Client:
        client = session.get(Client, client_id, options=[selectinload(Client.credentials)])
        if client is None or not is_within(client, self._actor.authority_codes):
            raise NotFoundError(f"没有客户端 {client_id}。There is no client {client_id}.")
        return client

    def _check(self, spec: ClientSpec) -> None:
        if not is_within(spec, self._actor.authority_codes):
            raise ForbiddenError("只能登记本机关的系统。Only systems of the own authority can be registered.")
        catalogue = self._catalogue.load()
        errors = [
            FieldError(name, "MISSING", "必填项缺失或过长。Missing or too long.")
            for name in ("name", "organisation")
            if not 0 < len(getattr(spec, name).strip()) <= _MOST_NAME
        ]
        if not spec.scopes:
            errors.append(FieldError("scopes", "MISSING", "至少一项权限。At least one scope."))
        if spec.enterprise_code is not None:
            errors += _check_enterprise(spec)
        unknown = spec.authority_codes - catalogue.authorities_by_code.keys()
        if unknown or not (spec.authority_codes or spec.enterprise_code):
            message = f"未登记的发证机关：{'、'.join(sorted(unknown))}。Unknown, or no authority."
            errors.append(FieldError("authority_codes", "UNKNOWN", message))
        if unknown := spec.type_codes - catalogue.types_by_code.keys():
            message = f"目录中没有：{'、'.join(sorted(unknown))}。Not in the catalogue."
            errors.append(FieldError("type_codes", "UNKNOWN", message))
        errors += _check_forms(spec)
        if errors:
            raise ValidationFailedError(errors)

    def _note(self, session: Session, action: str, client_id: str, detail: dict[str, Any]) -> None:
        session.add(
            AuditEvent(
                occurred_at=self._deps.clock(),
                action=action,
                subject=client_id,
                detail=detail,
                actor=self._actor.audit(),
            )
        )


def is_within(client: Client | ClientSpec, authority_codes: frozenset[str] | None) -> bool:
    """Whether all that a client reaches is within these authorities, None being all: an enterprise is within none."""
    if authority_codes is None:
        return True
    return client.enterprise_code is None and authority_codes.issuperset(client.authority_codes)


def secret_digest(secret: str) -> str:
    """What is stored of a secret."""
    return sm3(secret.encode()).hex()


def gateway_tokens(deps: Dependencies, client: Client, now: datetime) -> list[str]:
    """The client's good tokens for x-tif signatures, in clear."""
    return [
        deps.vault.open(credential.sealed, gateway_token(client.id))
        for credential in client.credentials
        if credential.kind == GATEWAY_TOKEN and (credential.expires_at is None or credential.expires_at > now)
    ]


def client_actor(client: Client, scopes: Iterable[str] | None = None) -> Actor:
    """A client as it acts, with the scopes of its token when they are fewer."""
    granted = set(client.scopes) & set(client.scopes if scopes is None else scopes)
    if client.enterprise_code is not None:
        granted &= ENTERPRISE_SCOPES
    return Actor(
        ActorKind.CLIENT,
        client.id,
        client.name,
        frozenset(Scope(scope) for scope in granted),
        frozenset(client.authority_codes),
        frozenset(client.type_codes) or None,
        client.enterprise_code,
        is_sandbox=client.is_sandbox,
    )


def _set(client: Client, spec: ClientSpec, begin: datetime, *, keeps_certificates: bool = False) -> None:
    """Everything of a specification but what never changes."""
    client.name, client.organisation = spec.name.strip(), spec.organisation.strip()
    client.scopes = sorted(spec.scopes)
    client.authority_codes, client.type_codes = sorted(spec.authority_codes), sorted(spec.type_codes)
    client.ip_ranges, client.daily_cap = list(spec.ip_ranges), spec.daily_cap
    client.valid_from, client.valid_until = spec.valid_from or begin, spec.valid_until
    client.public_keys = dict(spec.public_keys)
    if not keeps_certificates:
        client.certificate_sha256s = [_certificate_sha256(pem) for pem in spec.certificates]


def _facts(client: Client) -> dict[str, Any]:
    """What of a client stands in audit events: no secrets, and of keys their number only."""
    return {
        "name": client.name,
        "organisation": client.organisation,
        "scopes": client.scopes,
        "authority_codes": client.authority_codes,
        "enterprise_code": client.enterprise_code,
        "type_codes": client.type_codes,
        "ip_ranges": client.ip_ranges,
        "daily_cap": client.daily_cap,
        "valid_from": instant(client.valid_from),
        "valid_until": instant(client.valid_until),
        "is_sandbox": client.is_sandbox,
        "key_ids": [str(key.get("kid", "")) for key in client.public_keys.get("keys", [])],
        "certificate_sha256s": client.certificate_sha256s,
    }


def _check_enterprise(spec: ClientSpec) -> list[FieldError]:
    """An enterprise's own system asks for its signatures and for nothing else."""
    message = "企业自有系统不能有这一项。Not for an enterprise's own system."
    given = {
        "scopes": spec.scopes - ENTERPRISE_SCOPES,
        "authority_codes": spec.authority_codes,
        "type_codes": spec.type_codes,
    }
    return [FieldError(name, "NOT_ALLOWED", message) for name, values in given.items() if values]


def _check_forms(spec: ClientSpec) -> list[FieldError]:
    errors = []
    try:
        for network in spec.ip_ranges:
            ipaddress.ip_network(network)
    except ValueError:
        errors.append(FieldError("ip_ranges", "NOT_A_NETWORK", "应为网段，如 10.1.0.0/16。Not a network."))
    if spec.daily_cap is not None and spec.daily_cap < 1:
        errors.append(FieldError("daily_cap", "OUT_OF_RANGE", "应大于 0。Must be over 0."))
    if spec.valid_from is not None and spec.valid_until is not None and spec.valid_until <= spec.valid_from:
        errors.append(FieldError("valid_until", "OUT_OF_RANGE", "应晚于有效期起。Must be after the beginning."))
    return errors + _check_proofs(spec)


def _check_proofs(spec: ClientSpec) -> list[FieldError]:
    errors = []
    try:
        if spec.public_keys:
            keys = KeySet.import_key_set({"keys": list(spec.public_keys["keys"])}).keys
            # A private or shared key would lie in the database in clear, and is no business of ours (RFC 7517, 9.2).
            if any(key.key_type == "oct" or key.is_private for key in keys):
                errors.append(FieldError("public_keys", "NOT_PUBLIC", "只能是公钥。Public keys only."))
    except (JoseError, ValueError, KeyError, TypeError):
        errors.append(FieldError("public_keys", "NOT_A_KEY_SET", "应为 JWKS。Not a JSON Web Key Set."))
    try:
        for pem in spec.certificates:
            _certificate_sha256(pem)
    except ValueError:
        errors.append(FieldError("certificates", "NOT_A_CERTIFICATE", "不是证书。Not a certificate in PEM."))
    if len(spec.certificates) > _MOST_CREDENTIALS:
        errors.append(FieldError("certificates", "TOO_MANY", "至多两张。Two at most."))
    return errors


def _certificate_sha256(pem: str) -> str:
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()
