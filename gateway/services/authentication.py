"""Who is calling: OAuth 2.0 client credentials in three forms, bearer tokens, and the Guangdong gateway's headers."""

import base64
import hmac
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from gateway.domain.actors import Actor
from gateway.domain.gateway_headers import body_signature, caller_signature
from gateway.domain.networks import is_within
from gateway.domain.status import china_day, day_start
from gateway.errors import AuthenticationError, ForbiddenError, OverCapError
from gateway.persistence.models import AccessToken, Client, DailyUse, UsedNonce
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.clients import CLIENT_ID, SECRET, client_actor, gateway_tokens, secret_digest
from gateway.services.dependencies import Dependencies
from signing.sm2 import sm3

TOKEN_SECONDS = 1800
_TOKEN_BYTES = 32
LONGEST_ASSERTION = timedelta(minutes=5)
_ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]
GATEWAY_WINDOW = timedelta(minutes=5)
"""How far the timestamp of x-tif headers may be off; nonces are kept for twice as long."""
_LONGEST_NONCE = 128
_BEARER = (
    select(
        AccessToken.expires_at,
        AccessToken.scopes.label("granted"),
        *(column for column in Client.__table__.columns if column.name not in {"public_keys", "certificate_sha256s"}),
    )
    .join(AccessToken.client)
    .where(AccessToken.digest == bindparam("digest"))
)
"""A client by its token, with all that says what it may do."""


@dataclass(frozen=True)
class GivenToken:
    """An access token, shown once."""

    token: str
    expires_in: int
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Allowance:
    """What a client with a daily cap has left today."""

    cap: int
    left: int
    seconds_left: int
    """Until the day ends in China."""


@dataclass(frozen=True)
class Admitted:
    """A caller that was let in."""

    actor: Actor
    allowance: Allowance | None
    """None for a client without a cap."""


@dataclass(frozen=True)
class GatewayHeaders:
    """The x-tif headers of a request, and what their signatures are over."""

    client_id: str
    timestamp: str
    nonce: str
    signature: str
    body_signature: str
    method: str
    target: str
    """Path with its query."""
    body: bytes


class Authentication:
    """Turns what a request proves into an actor."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def by_secret(self, client_id: str, secret: str, scopes: frozenset[str] | None, address: str) -> GivenToken:
        """A token for a client that knows its secret (RFC 6749, 2.3.1). AuthenticationError, ForbiddenError."""
        client, digest, now = self._client(client_id), secret_digest(secret), self._deps.clock()
        credentials = [] if client is None else client.credentials
        # Every digest is compared, in constant time: neither the place nor the number of a match shows in the time.
        matches = [
            hmac.compare_digest(credential.digest, digest)
            and credential.kind == SECRET
            and (credential.expires_at is None or credential.expires_at > now)
            for credential in credentials
        ]
        return self._give(client if any(matches) else None, scopes, address)

    def by_assertion(
        self, assertion: str, audiences: frozenset[str], scopes: frozenset[str] | None, address: str
    ) -> GivenToken:
        """A token for a client that signed an assertion with its private key (RFC 7523). Each is good once."""
        client = self._client(_claimed_client(assertion))
        if client is None or not client.public_keys:
            raise _refusal()
        try:
            keys = KeySet.import_key_set({"keys": list(client.public_keys["keys"])})
            proven = jwt.decode(assertion, keys, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError, KeyError, TypeError, RecursionError):
            raise _refusal() from None
        now = self._deps.clock()
        expires, identifier = proven.get("exp"), proven.get("jti")
        if (
            proven.get("iss") != client.id
            or proven.get("sub") != client.id
            or not _audiences(proven.get("aud")) & audiences
            or not isinstance(expires, int | float)
            or not now.timestamp() < expires <= (now + LONGEST_ASSERTION).timestamp()
            or not isinstance(identifier, str)
            or not 0 < len(identifier) <= _LONGEST_NONCE
            or not identifier.isprintable()
        ):
            raise _refusal()
        if not _may_call_from(address, client):
            raise _refusal()
        self._use_once("jti", client.id, identifier, now + LONGEST_ASSERTION)
        return self._give(client, scopes, address)

    def by_certificate(
        self, client_id: str, certificate: bytes, scopes: frozenset[str] | None, address: str
    ) -> GivenToken:
        """A token for a client whose TLS certificate (PEM) is a registered one (RFC 8705, 2.2)."""
        client, now = self._client(client_id), self._deps.clock()
        try:
            parsed = x509.load_pem_x509_certificate(certificate)
        except ValueError:
            raise _refusal() from None
        is_current = parsed.not_valid_before_utc <= now <= parsed.not_valid_after_utc
        found = parsed.fingerprint(hashes.SHA256()).hex()
        fits = client is not None and found in client.certificate_sha256s
        return self._give(client if fits and is_current else None, scopes, address)

    def by_token(self, token: str, address: str) -> Admitted:
        """The client that a bearer token was given to. AuthenticationError, ForbiddenError, OverCapError."""
        client = next(iter(self._deps.quick_reads.rows(_BEARER, {"digest": secret_digest(token)})), None)
        now = self._deps.clock()
        if client is None or client.expires_at <= now or not is_current(client, now):
            raise _refusal()
        _require_place(client, address)
        return Admitted(client_actor(client, client.granted), self._count(client))

    def by_gateway(self, headers: GatewayHeaders, address: str) -> Admitted:
        """The client that signed x-tif headers, and with them, by an extension of ours, the body. Each nonce is good once."""
        client, now = self._client(headers.client_id), self._deps.clock()
        if client is None or not 0 < len(headers.nonce) <= _LONGEST_NONCE or not headers.timestamp.isdecimal():
            raise _refusal()
        if abs(now.timestamp() - int(headers.timestamp[:15])) > GATEWAY_WINDOW.total_seconds():
            raise _refusal()
        tokens = gateway_tokens(self._deps, client, now)
        if not any([_fits(headers, token) for token in tokens]):  # noqa: C419 - every token is tried, whichever fits
            raise _refusal()
        _require_place(client, address)
        # Before it counts: whoever replays what was overheard cannot use up the client's calls.
        self._use_once("x-tif", client.id, headers.nonce, now + 2 * GATEWAY_WINDOW)
        return Admitted(client_actor(client), self._count(client))

    def allowance(self, client_id: str) -> Allowance | None:
        """What the client has left today, None without a cap; nothing is counted."""
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            client = session.get(Client, client_id)
            used = session.get(DailyUse, (client_id, day_of_use(now)))
        if client is None or client.daily_cap is None:
            return None
        left = client.daily_cap - (0 if used is None else used.calls)
        return Allowance(client.daily_cap, max(0, left), _seconds_left(now))

    def _client(self, client_id: str) -> Client | None:
        """A client that may call now. What cannot be an id of ours is not looked up: a database refuses some of it."""
        if CLIENT_ID.fullmatch(client_id) is None:
            return None
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            client = session.get(Client, client_id, options=[selectinload(Client.credentials)])
        return client if client is not None and is_current(client, now) else None

    @retried
    def _give(self, client: Client | None, scopes: frozenset[str] | None, address: str) -> GivenToken:
        if client is None or not _may_call_from(address, client):
            raise _refusal()
        granted = sorted(set(client.scopes) if scopes is None else set(client.scopes) & scopes)
        if not granted:
            raise ForbiddenError("没有所请求的权限。None of the scopes that were asked for is granted.")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._deps.sessions.begin() as session:
            session.add(
                AccessToken(
                    digest=secret_digest(token),
                    client_id=client.id,
                    scopes=granted,
                    expires_at=self._deps.clock() + timedelta(seconds=TOKEN_SECONDS),
                )
            )
        return GivenToken(token, TOKEN_SECONDS, tuple(granted))

    def _count(self, client: Client) -> Allowance | None:
        """Count a call of today, where there is a cap; OverCapError when it is reached."""
        cap = client.daily_cap
        if cap is None:
            return None
        now = self._deps.clock()
        day = day_of_use(now)
        one_more = (
            update(DailyUse)
            .where(DailyUse.client_id == client.id, DailyUse.day == day, DailyUse.calls < cap)
            .values(calls=DailyUse.calls + 1)
            .returning(DailyUse.calls)
        )
        for _ in range(2):
            with self._deps.sessions.begin() as session:
                calls = session.execute(one_more).scalar()
                if calls is not None:
                    return Allowance(cap, cap - calls, _seconds_left(now))
                if session.get(DailyUse, (client.id, day)) is not None:
                    raise OverCapError(
                        "今日调用次数已用完。The calls for today are used up.", cap=cap, seconds_left=_seconds_left(now)
                    )
            # Another request may be the first of the day at the same moment: then the second round counts on its row.
            with suppress(IntegrityError), self._deps.sessions.begin() as session:
                session.add(DailyUse(client_id=client.id, day=day, calls=0))
        raise OverCapError("计数未成。The call could not be counted.", cap=cap, seconds_left=1)

    @retried
    def _use_once(self, scheme: str, client_id: str, nonce: str, until: datetime) -> None:
        digest = sm3(f"{scheme}\n{client_id}\n{nonce}".encode()).hex()
        try:
            with self._deps.sessions.begin() as session:
                session.add(UsedNonce(digest=digest, expires_at=until))
        except IntegrityError:
            raise _refusal() from None


def _claimed_client(assertion: str) -> str:
    """The client that an assertion names, nothing proven: it only says whose key to ask. Empty when it names none."""
    try:
        payload = assertion.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(found["sub"])
    except (ValueError, IndexError, KeyError, TypeError, RecursionError):
        return ""


def _audiences(claim: Any) -> frozenset[str]:
    """Whom an assertion is for: one name, or several (RFC 7519, 4.1.3); none when the claim is anything else."""
    named = claim if isinstance(claim, list) else [claim]
    return frozenset(name for name in named if isinstance(name, str))


def is_current(client: Client, now: datetime) -> bool:
    """Whether a client may act now."""
    ends = client.valid_until
    return client.is_enabled and client.valid_from <= now and (ends is None or now < ends)


def day_of_use(now: datetime) -> date:
    """The day whose count of calls an instant belongs to: it begins at midnight in China."""
    return china_day(now)


def _seconds_left(now: datetime) -> int:
    return int((day_start(day_of_use(now) + timedelta(days=1)) - now).total_seconds()) + 1


def _require_place(client: Client, address: str) -> None:
    """ForbiddenError when the client may not call from there."""
    if not _may_call_from(address, client):
        raise ForbiddenError("来源地址不在许可范围。The client may not call from this address.")


def _may_call_from(address: str, client: Client) -> bool:
    return not client.ip_ranges or is_within(address, client.ip_ranges)


def _fits(headers: GatewayHeaders, token: str) -> bool:
    """SHA-256 over timestamp, token, nonce, timestamp (domain facts, 5); HMAC-SM3 over the rest of the request."""
    expected = caller_signature(headers.timestamp, token, headers.nonce)
    body = body_signature(headers.method, headers.target, headers.timestamp, headers.nonce, headers.body, token)
    # As octets: of text, compare_digest takes ASCII only, and what the caller sends may be anything.
    return hmac.compare_digest(expected.encode(), headers.signature.lower().encode()) & hmac.compare_digest(
        body.encode(), headers.body_signature.lower().encode()
    )


def _refusal() -> AuthenticationError:
    return AuthenticationError("身份验证失败。The caller could not be authenticated.", hint="Get a new token.")
