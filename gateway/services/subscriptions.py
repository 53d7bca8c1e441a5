"""Receivers of events: who they are, what they are told, and the secrets that are shared with them."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from certs.origins import AllowedOrigins
from certs.outbound import OutboundError
from gateway.domain.actors import Actor
from gateway.domain.deliveries import SECRET_MARK, ConnectorKind, Signing
from gateway.domain.events import TOLD
from gateway.domain.instants import instant
from gateway.errors import ConfigurationError, ConflictError, FieldError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent, Client, LogLeaf, Subscription, SubscriptionSecret
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.events import START, EventFilter
from gateway.services.sealed_places import subscription_secret

_SECRET_BYTES = 32
_MOST_SECRETS = 2
_LONGEST = {"name": 200, "url": 500}
NEEDED: dict[ConnectorKind, frozenset[str]] = {
    ConnectorKind.WEBHOOK: frozenset(),
    ConnectorKind.PUBLICITY: frozenset({"caller", "token"}),
    ConnectorKind.DATA_SHARING: frozenset({"caller", "token"}),
    ConnectorKind.LICENCE_LIBRARY: frozenset({"app_key", "app_secret", "account", "password"}),
}
"""What a connector proves itself with; kept sealed, as one JSON object."""


@dataclass(frozen=True)
class SubscriptionSpec:
    """Everything that an administrator sets on a receiver."""

    name: str
    kind: ConnectorKind
    url: str
    client_id: str | None = None
    """The department whose limits it has; a webhook always has one."""
    actions: frozenset[str] = frozenset()
    authority_codes: frozenset[str] = frozenset()
    type_codes: frozenset[str] = frozenset()
    signing: Signing = Signing.SM2
    options: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As ``NEEDED`` says."""
    from_start: bool = False
    """Tell it everything that ever happened, and not only what happens from now on."""


@dataclass(frozen=True)
class MadeSubscription:
    """A new receiver; the secret, where webhooks are signed by one, is shown once."""

    id: str
    secret: str | None = field(repr=False)


class Subscriptions:
    """Administers receivers; each public method stands for one command."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues, actor: Actor) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._actor = actor

    @retried
    def create(self, spec: SubscriptionSpec) -> MadeSubscription:
        """Register a receiver. ValidationFailedError names each wrong field; NotFoundError for an unknown client."""
        self._check(spec)
        is_shared = spec.kind is ConnectorKind.WEBHOOK and spec.signing is Signing.HMAC_SM3
        secret = _new_secret() if is_shared else None
        kept = secret if is_shared else json.dumps(dict(spec.secret), ensure_ascii=False) if spec.secret else None
        with self._deps.sessions.begin() as session:
            client = None if spec.client_id is None else session.get(Client, spec.client_id)
            if spec.client_id is not None and client is None:
                raise NotFoundError(f"没有客户端 {spec.client_id}。There is no client {spec.client_id}.")
            last = session.scalar(select(func.max(LogLeaf.leaf_index)))
            row = Subscription(
                id=f"sub-{secrets.token_hex(8)}",
                client_id=spec.client_id,
                name=spec.name.strip(),
                kind=spec.kind,
                url=spec.url,
                options=dict(spec.options),
                actions=sorted(spec.actions),
                authority_codes=sorted(spec.authority_codes),
                type_codes=sorted(spec.type_codes),
                is_sample=client is not None and client.is_sandbox,
                signing=spec.signing,
                is_enabled=True,
                position=START if spec.from_start or last is None else last,
                failures=0,
                created_at=self._deps.clock(),
            )
            session.add(row)
            if kept is not None:
                self._add_secret(row, kept)
            self._note(session, "subscription_created", row.id, _facts(row))
        return MadeSubscription(row.id, secret)

    def all(self) -> list[Subscription]:
        """Every receiver, by name."""
        with reading(self._deps.sessions) as session:
            return list(session.scalars(select(Subscription).order_by(Subscription.name, Subscription.id)))

    def get(self, subscription_id: str) -> Subscription:
        """One receiver. NotFoundError."""
        with reading(self._deps.sessions) as session:
            return find_subscription(session, subscription_id)

    @retried
    def set_enabled(self, subscription_id: str, *, is_enabled: bool) -> None:
        """Begin or stop sending; what happens meanwhile waits. NotFoundError."""
        with self._deps.sessions.begin() as session:
            row = find_subscription(session, subscription_id)
            row.is_enabled, row.failures, row.rests_until = is_enabled, 0, None
            self._note(session, "subscription_enabled" if is_enabled else "subscription_disabled", row.id, {})

    @retried
    def rotate(
        self,
        subscription_id: str,
        secret: Mapping[str, str] | None = None,
        *,
        old_ends_in: timedelta = timedelta(days=7),
    ) -> MadeSubscription:
        """A new secret; webhooks bear the signatures of both until the old one ends. A connector uses the newest at once.

        NotFoundError; ConflictError when nothing is shared, or two secrets are good already; ValidationFailedError.
        """
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = find_subscription(session, subscription_id)
            kind = ConnectorKind(row.kind)
            if kind is ConnectorKind.WEBHOOK and row.signing == Signing.SM2:
                raise ConflictError(
                    "该接收方用网关的 SM2 公钥验签，没有共享密钥。Signed by the gateway's own key; nothing is shared.",
                    hint="Rotate that key: licence-gateway key rotate delivery-signer",
                )
            made = _new_secret() if kind is ConnectorKind.WEBHOOK else None
            _require_secret(kind, secret or {})
            good = [each for each in row.secrets if each.expires_at is None or each.expires_at > now]
            ends_now = old_ends_in <= timedelta(0)
            if len(good) >= _MOST_SECRETS and not ends_now:
                raise ConflictError(
                    "已有两个有效密钥。There are two good secrets already.",
                    hint="Wait until one ends, or: --old-days 0",
                )
            for each in good:
                ends = now + old_ends_in
                each.expires_at = ends if each.expires_at is None else min(each.expires_at, ends)
            self._add_secret(row, made or json.dumps(dict(secret or {}), ensure_ascii=False))
            self._note(session, "subscription_secret_created", row.id, {})
        return MadeSubscription(subscription_id, made)

    def _add_secret(self, row: Subscription, text: str) -> None:
        name = secrets.token_hex(16)
        sealed = self._deps.vault.seal(text, subscription_secret(name))
        row.secrets.append(SubscriptionSecret(id=name, sealed=sealed, created_at=self._deps.clock()))

    def _check(self, spec: SubscriptionSpec) -> None:
        catalogue = self._catalogue.load()
        errors = [
            FieldError(name, "MISSING", "必填项缺失或过长。Missing or too long.")
            for name, longest in _LONGEST.items()
            if not 0 < len(getattr(spec, name).strip()) <= longest
        ]
        known = {
            "actions": frozenset(TOLD),
            "authority_codes": frozenset(catalogue.authorities_by_code),
            "type_codes": frozenset(catalogue.types_by_code),
        }
        for name, values in known.items():
            if unknown := getattr(spec, name) - values:
                errors.append(FieldError(name, "UNKNOWN", f"未知：{'、'.join(sorted(unknown))}。Unknown."))
        if spec.kind is ConnectorKind.WEBHOOK and spec.client_id is None:
            errors.append(FieldError("client_id", "MISSING", "回调须属于一个客户端。A webhook belongs to a client."))
        try:
            allowed_origins(self._deps).require(spec.url)
        except OutboundError as error:
            message = f"不在允许发送的地址之内。Not an address that may be sent to: {error}."
            errors.append(FieldError("url", "ORIGIN_FORBIDDEN", message))
        if errors:
            raise ValidationFailedError(errors)
        _require_secret(spec.kind, spec.secret)

    def _note(self, session: Session, action: str, subscription_id: str, detail: dict[str, Any]) -> None:
        actor = self._actor.audit()
        now = self._deps.clock()
        session.add(AuditEvent(occurred_at=now, action=action, subject=subscription_id, detail=detail, actor=actor))


def allowed_origins(deps: Dependencies) -> AllowedOrigins:
    """Where this gateway may send to."""
    try:
        return AllowedOrigins.parse(deps.settings.delivery_origins)
    except ValueError as error:
        raise ConfigurationError(f"GATEWAY_DELIVERY_ORIGINS: {error}", hint="See docs/deliveries.md.") from error


def find_subscription(session: Session, subscription_id: str) -> Subscription:
    """One receiver with its secrets. NotFoundError."""
    row = session.get(Subscription, subscription_id, options=[selectinload(Subscription.secrets)])
    if row is None:
        raise NotFoundError(f"没有接收方 {subscription_id}。There is no receiver {subscription_id}.")
    return row


def good_secrets(deps: Dependencies, row: Subscription, now: datetime) -> list[str]:
    """The secrets that are good now, in clear, the newest first. StorageError when one does not open."""
    return [
        deps.vault.open(each.sealed, subscription_secret(each.id))
        for each in reversed(row.secrets)
        if each.expires_at is None or each.expires_at > now
    ]


def filter_of(row: Subscription, client: Client | None, actions: frozenset[str]) -> EventFilter:
    """What a receiver is told: its own limits within those of its client now. ``actions``: all that its kind knows."""
    chosen = actions & frozenset(row.actions) if row.actions else actions
    if client is not None and client.enterprise_code is not None:
        return EventFilter(row.is_sample, frozenset(), None, client.enterprise_code, chosen)
    authorities = _within(frozenset(row.authority_codes), frozenset(client.authority_codes if client else ()))
    types = _within(frozenset(row.type_codes), frozenset(client.type_codes if client else ()))
    return EventFilter(row.is_sample, authorities, types, actions=chosen)


def _within(own: frozenset[str], limits: frozenset[str]) -> frozenset[str] | None:
    """Empty means no limit on either side; None when neither has any."""
    if own and limits:
        return own & limits
    return own or limits or None


def _new_secret() -> str:
    return SECRET_MARK + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _require_secret(kind: ConnectorKind, secret: Mapping[str, str]) -> None:
    """ValidationFailedError unless it is exactly what the kind proves itself with."""
    if frozenset(secret) != NEEDED[kind] or not all(isinstance(v, str) and v for v in secret.values()):
        named = "、".join(sorted(NEEDED[kind])) or "无 none"
        raise ValidationFailedError(
            [FieldError("secret", "WRONG", f"凭据应恰有：{named}。The credentials are exactly these.")]
        )


def _facts(row: Subscription) -> dict[str, Any]:
    """What of a receiver stands in audit events: no secrets."""
    return {
        "client_id": row.client_id,
        "name": row.name,
        "kind": row.kind,
        "url": row.url,
        "actions": row.actions,
        "authority_codes": row.authority_codes,
        "type_codes": row.type_codes,
        "position": row.position,
        "created_at": instant(row.created_at),
    }
