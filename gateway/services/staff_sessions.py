"""Signing in to the console: password, one-time code, lock-out, sessions that end by themselves."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, or_
from sqlalchemy.orm import Session

from gateway.domain.actors import Actor, ActorKind, Scope
from gateway.domain.passwords import hash_password, is_password, matching_step, new_secret
from gateway.domain.staff import LONGEST_PASSWORD, StaffRole, check_password, needs_second_factor, scopes_of
from gateway.errors import FieldError, SignInRefusedError, ValidationFailedError
from gateway.persistence.models import AuditEvent, StaffMember, StaffSession
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.sealed_places import authenticator_secret

_FAILURES_FREE = 4
"""Slips of the finger that cost nothing; from the next on each failure doubles the delay."""
_LONGEST_LOCK = timedelta(hours=1)
_SEEN_EVERY = timedelta(minutes=1)
"""A request is noted in the session at most so often: reads stay reads."""
_TOKEN_BYTES = 32
_REFUSED = (
    "账号、口令或动态码不对，或账号已停用、暂时锁定。"
    "Wrong account, password or code, or the account is disabled or locked for a while."
)


class Duty(StrEnum):
    """What a person has to do before anything else."""

    PASSWORD = "password"  # noqa: S105 # the name of a duty
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True)
class SignedIn:
    """The person behind a request."""

    account: str
    name: str
    authority_code: str | None
    roles: tuple[StaffRole, ...]
    duty: Duty | None

    @property
    def actor(self) -> Actor:
        """The limits within which it acts; with a duty open it may do nothing."""
        scopes = frozenset[Scope]() if self.duty else scopes_of(self.roles)
        reach = None if self.authority_code is None else frozenset({self.authority_code})
        return Actor(ActorKind.STAFF, self.account, self.name, scopes, reach)


@dataclass(frozen=True)
class Confirmation:
    """Proof that a person has shown password and one-time code for one act."""

    account: str
    at: datetime


class StaffSessions:
    """Who is signed in, and how one comes in."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._nobody = ""

    def sign_in(self, account: str, password: str, code: str, browser: str) -> str:
        """A fresh session's token. SignInRefusedError says the same whatever was wrong."""
        # A code serves once: what proves the person is not repeated with the rest.
        return self._begin(self._proven(account, password, code), browser)

    @retried
    def _begin(self, member: StaffMember, browser: str) -> str:
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._deps.clock()
        with self._deps.sessions.begin() as session:
            session.execute(delete(StaffSession).where(self._is_over(now)))
            session.add(
                StaffSession(
                    token_sha256=_digest(token),
                    account=member.account,
                    browser_sha256=_digest(browser),
                    started_at=now,
                    last_seen_at=now,
                )
            )
            self._note(session, "staff_signed_in", member.account, _signed_in(member).actor)
        return token

    @retried
    def find(self, token: str, browser: str) -> SignedIn | None:
        """The person whose live session this is, in the browser that it began in."""
        now = self._deps.clock()
        with reading(self._deps.sessions) as session:
            row = session.get(StaffSession, _digest(token))
            if row is None or row.browser_sha256 != _digest(browser) or self._ended(row, now):
                return None
            member, seen = row.member, row.last_seen_at
        if member.is_disabled:
            return None
        if now - seen >= _SEEN_EVERY:
            with self._deps.sessions.begin() as session:
                found = session.get(StaffSession, _digest(token))
                if found is not None:
                    found.last_seen_at = now
        return _signed_in(member)

    @retried
    def sign_out(self, token: str) -> None:
        """End a session; nothing happens when it has ended."""
        with self._deps.sessions.begin() as session:
            row = session.get(StaffSession, _digest(token))
            if row is not None:
                self._note(session, "staff_signed_out", row.account, _signed_in(row.member).actor)
                session.delete(row)

    def confirm(self, person: SignedIn, password: str, code: str) -> Confirmation:
        """Prove once more who is there, for an act that asks for it. SignInRefusedError."""
        return Confirmation(self._proven(person.account, password, code).account, self._deps.clock())

    @retried
    def change_password(self, person: SignedIn, old: str, new: str, token: str) -> None:
        """Replace the password, and end every other session of the account.

        SignInRefusedError when the old one is wrong, ValidationFailedError when the new one is weak or the same.
        """
        check_password(new, person.account)
        if old == new:
            message = "新口令与旧口令相同。The new password is the old one."
            raise ValidationFailedError([FieldError("password", "PASSWORD_SAME", message)])
        self._proven(person.account, old, None)
        hashed = hash_password(new, cost=self._deps.settings.password_cost)
        with self._deps.sessions.begin() as session:
            member = session.get_one(StaffMember, person.account, with_for_update=True)
            member.password_hash, member.is_first_password = hashed, False
            session.execute(
                delete(StaffSession).where(
                    StaffSession.account == person.account, StaffSession.token_sha256 != _digest(token)
                )
            )
            self._note(session, "staff_password_changed", person.account, person.actor)

    @retried
    def authenticator_secret(self, person: SignedIn) -> str:
        """The secret to be put into the person's authenticator; the same until a code from it was seen."""
        with self._deps.sessions.begin() as session:
            member = session.get_one(StaffMember, person.account, with_for_update=True)
            if member.has_second_factor:
                raise SignInRefusedError("动态码已设置。The authenticator is set up.", hint="Ask for a reset.")
            if member.secret is None:
                member.secret = self._deps.vault.seal(new_secret(), authenticator_secret(member.account))
            return self._secret(member) or ""

    @retried
    def set_up_authenticator(self, person: SignedIn, code: str) -> None:
        """Take the authenticator into use with a first code. ValidationFailedError when the code is not its."""
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            member = session.get_one(StaffMember, person.account, with_for_update=True)
            step = self._step(member, code, now)
            if step is None or member.has_second_factor:
                message = "动态码不对，请核对手机时间后再试。Not the code; check the clock of the phone."
                raise ValidationFailedError([FieldError("code", "CODE_WRONG", message)])
            member.has_second_factor, member.last_step = True, step
            self._note(session, "staff_second_factor_set_up", person.account, person.actor)

    @retried
    def _proven(self, account: str, password: str, code: str | None) -> StaffMember:
        """The member who knows the password and, where it is needed, shows a fresh code (None: not asked for)."""
        with reading(self._deps.sessions) as session:
            known = session.get(StaffMember, account)
        # The hash is computed for unknown accounts too, and outside of any transaction: it takes long on purpose.
        hashed = self._decoy() if known is None else known.password_hash
        is_right = len(password) <= LONGEST_PASSWORD and is_password(password, hashed) and known is not None
        with self._deps.sessions.begin() as session:
            member = session.get(StaffMember, account, with_for_update=True)
            proven = member is not None and self._judge(session, member, code, is_right=is_right, hashed=hashed)
            if member is None:
                # What was typed may be a password in the wrong field: it is not kept.
                self._note(session, "staff_sign_in_failed", "unknown", None)
        if member is None or not proven:
            raise SignInRefusedError(_REFUSED, hint="Try again later, or ask the administrator.")
        return member

    def _judge(self, session: Session, member: StaffMember, code: str | None, *, is_right: bool, hashed: str) -> bool:
        """Count a failure, or clear the count. A locked account fails even with the right password, uncounted."""
        now = self._deps.clock()
        if member.is_disabled or (member.locked_until is not None and member.locked_until > now):
            self._note(session, "staff_sign_in_failed", member.account, None)
            return False
        if is_right and member.password_hash == hashed and self._is_second_factor(member, code, now):
            member.failures, member.locked_until = 0, None
            return True
        member.failures += 1
        over = member.failures - _FAILURES_FREE
        if over > 0:
            # The exponent is bounded, so that a patient attacker cannot make the number huge.
            member.locked_until = now + min(timedelta(minutes=2 ** min(over - 1, 10)), _LONGEST_LOCK)
        self._note(session, "staff_sign_in_failed", member.account, None)
        return False

    def _is_second_factor(self, member: StaffMember, code: str | None, now: datetime) -> bool:
        if code is None or not member.has_second_factor or member.secret is None:
            return True
        step = self._step(member, code, now)
        if step is not None:
            member.last_step = step
        return step is not None

    def _step(self, member: StaffMember, code: str, now: datetime) -> int | None:
        """The time step that a fresh code is of; None when it is no code of the authenticator, or none is set up."""
        secret = self._secret(member)
        return None if secret is None else matching_step(secret, code, now, after=member.last_step)

    def _secret(self, member: StaffMember) -> str | None:
        """In clear. One that an earlier release left so lies in clear until ``init`` has run."""
        vault, kept = self._deps.vault, member.secret
        if kept is None or not vault.is_sealed(kept):
            return kept
        return vault.open(kept, authenticator_secret(member.account))

    def _decoy(self) -> str:
        if not self._nobody:
            self._nobody = hash_password(secrets.token_hex(), cost=self._deps.settings.password_cost)
        return self._nobody

    def _limits(self, now: datetime) -> tuple[datetime, datetime]:
        """Sessions that began before the first instant, or were last seen before the second, are over."""
        settings = self._deps.settings
        return (
            now - timedelta(hours=settings.console_session_hours),
            now - timedelta(minutes=settings.console_idle_minutes),
        )

    def _ended(self, row: StaffSession, now: datetime) -> bool:
        began, seen = self._limits(now)
        return row.started_at <= began or row.last_seen_at <= seen

    def _is_over(self, now: datetime) -> ColumnElement[bool]:
        began, seen = self._limits(now)
        return or_(StaffSession.started_at <= began, StaffSession.last_seen_at <= seen)

    def _note(self, session: Session, action: str, account: str, actor: Actor | None) -> None:
        who = {"kind": ActorKind.STAFF, "id": account} if actor is None else actor.audit()
        session.add(
            AuditEvent(occurred_at=self._deps.clock(), action=action, subject=account, detail={}, actor=dict(who))
        )


def _signed_in(member: StaffMember) -> SignedIn:
    roles = tuple(StaffRole(role) for role in member.roles)
    duty = None
    if member.is_first_password:
        duty = Duty.PASSWORD
    elif needs_second_factor(roles) and not member.has_second_factor:
        duty = Duty.SECOND_FACTOR
    return SignedIn(member.account, member.name, member.authority_code, roles, duty)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
