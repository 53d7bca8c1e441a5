"""Staff accounts: made, listed, disabled, reset by administrators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.passwords import first_password, hash_password
from gateway.domain.staff import StaffRole, check_member
from gateway.errors import ConflictError, NotFoundError
from gateway.persistence.models import AuditEvent, StaffMember, StaffSession
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies


@dataclass(frozen=True)
class MemberView:
    """One account, without its secrets."""

    account: str
    name: str
    authority_code: str | None
    roles: tuple[StaffRole, ...]
    is_disabled: bool
    is_first_password: bool
    has_second_factor: bool
    locked_until: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class NewPassword:
    """What an administrator hands to the person, once."""

    account: str
    password: str
    """To be replaced at the first sign-in."""


class Staff:
    """Keeps the accounts. An administrator reaches those of its own authority; the command line reaches all."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    @retried
    def create(
        self,
        account: str,
        name: str,
        roles: Iterable[StaffRole],
        authority_code: str | None,
        *,
        actor: Actor = OPERATOR,
    ) -> NewPassword:
        """Make an account with a first password.

        ValidationFailedError, ForbiddenError, NotFoundError for an unknown authority, ConflictError when it is there.
        """
        wanted = tuple(sorted(set(roles)))
        check_member(account, name, wanted, authority_code)
        _require(actor, authority_code)
        if authority_code is not None and authority_code not in self._catalogue.load().authorities_by_code:
            raise NotFoundError(f"没有发证机关 {authority_code}。No such authority.")
        password = first_password()
        hashed = hash_password(password, cost=self._deps.settings.password_cost)
        with self._deps.sessions.begin() as session:
            if session.get(StaffMember, account) is not None:
                raise ConflictError(f"账号 {account} 已存在。The account {account} exists.", hint="Choose another.")
            session.add(
                StaffMember(
                    account=account,
                    name=name.strip(),
                    authority_code=authority_code,
                    roles=[str(role) for role in wanted],
                    password_hash=hashed,
                    is_first_password=True,
                    has_second_factor=False,
                    last_step=0,
                    is_disabled=False,
                    failures=0,
                    created_at=self._deps.clock(),
                )
            )
            self._note(session, "staff_created", account, actor, roles=list(wanted), authority_code=authority_code)
        return NewPassword(account, password)

    def members(self, *, actor: Actor = OPERATOR) -> list[MemberView]:
        """The accounts that the actor keeps, by authority and account."""
        actor.require(Scope.ADMINISTER)
        query = select(StaffMember).order_by(StaffMember.authority_code, StaffMember.account)
        if actor.authority_codes is not None:
            query = query.where(StaffMember.authority_code.in_(actor.authority_codes))
        with reading(self._deps.sessions) as session:
            return [member_view(member) for member in session.scalars(query)]

    @retried
    def disable(self, account: str, *, is_disabled: bool = True, actor: Actor = OPERATOR) -> None:
        """Shut an account and end its sessions, or open it again. ConflictError for one's own."""
        if account == actor.id:
            raise ConflictError("不能停用自己的账号。Nobody disables their own account.")
        with self._deps.sessions.begin() as session:
            member = self._hold(session, account, actor)
            member.is_disabled = is_disabled
            end_sessions(session, account)
            self._note(session, "staff_disabled" if is_disabled else "staff_enabled", account, actor)

    @retried
    def reset(self, account: str, *, actor: Actor = OPERATOR) -> NewPassword:
        """A new first password; the authenticator has to be set up anew, a lock is lifted, sessions end."""
        password = first_password()
        hashed = hash_password(password, cost=self._deps.settings.password_cost)
        with self._deps.sessions.begin() as session:
            member = self._hold(session, account, actor)
            member.password_hash, member.is_first_password = hashed, True
            member.secret, member.has_second_factor = None, False
            member.failures, member.locked_until = 0, None
            end_sessions(session, account)
            self._note(session, "staff_reset", account, actor)
        return NewPassword(account, password)

    def _hold(self, session: Session, account: str, actor: Actor) -> StaffMember:
        actor.require(Scope.ADMINISTER)
        member = session.get(StaffMember, account, with_for_update=True)
        if member is None:
            raise NotFoundError(f"没有账号 {account}。There is no account {account}.")
        _require(actor, member.authority_code)
        return member

    def _note(self, session: Session, action: str, account: str, actor: Actor, **detail: object) -> None:
        session.add(
            AuditEvent(
                occurred_at=self._deps.clock(), action=action, subject=account, detail=detail, actor=actor.audit()
            )
        )


def member_view(member: StaffMember) -> MemberView:
    """An account as others may see it."""
    return MemberView(
        account=member.account,
        name=member.name,
        authority_code=member.authority_code,
        roles=tuple(StaffRole(role) for role in member.roles),
        is_disabled=member.is_disabled,
        is_first_password=member.is_first_password,
        has_second_factor=member.has_second_factor,
        locked_until=member.locked_until,
        created_at=member.created_at,
    )


def end_sessions(session: Session, account: str) -> None:
    """Sign an account out everywhere."""
    session.execute(delete(StaffSession).where(StaffSession.account == account))


def _require(actor: Actor, authority_code: str | None) -> None:
    """An account of no authority is kept only by those who reach all: None is in no set of authorities."""
    actor.require(Scope.ADMINISTER, authority_code or "")
