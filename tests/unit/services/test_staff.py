"""Accounts: who keeps whose, and how people come in and are kept out."""

import pytest
from sqlalchemy import select

from gateway.domain.actors import OPERATOR
from gateway.domain.passwords import one_time_code, step_of
from gateway.domain.staff import StaffRole
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    SignInRefusedError,
    StorageError,
    ValidationFailedError,
)
from gateway.persistence.models import AuditEvent, StaffMember, StaffSession
from gateway.persistence.session import reading
from gateway.services.sealed_places import authenticator_secret
from gateway.services.staff_sessions import Duty
from tests.console_office import OTHER_AUTHORITY, PASSWORD, office

__all__ = ["office"]


def actions(office):
    with reading(office.container.deps.sessions) as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def refused(office, account, password=PASSWORD, code=None):
    with pytest.raises(SignInRefusedError) as caught:
        sign_in(office, account, password, code)
    return caught.value.message


def sign_in(office, account, password=PASSWORD, code=None):
    code = office.code(account) if code is None else code
    return office.container.staff_sessions.sign_in(account, password, code, "browser")


def test_an_administrator_keeps_the_accounts_of_its_own_authority(office):
    staff, own = office.container.staff, office.actor("administrator")
    listed = {member.account for member in staff.members(actor=own)}
    assert {"window", "approver"} <= listed
    assert not listed & {"stranger", "chief"}
    for act in (staff.reset, staff.disable):
        for account in ("stranger", "chief"):
            with pytest.raises(ForbiddenError):
                act(account, actor=own)
        with pytest.raises(NotFoundError):
            act("nobody", actor=own)
    with pytest.raises(ForbiddenError):
        staff.create("other.one", "某", [StaffRole.WINDOW], office.authority(OTHER_AUTHORITY), actor=own)
    with pytest.raises(ForbiddenError):
        staff.create("second.chief", "某", [StaffRole.ADMINISTRATOR], None, actor=own)
    with pytest.raises(ConflictError, match="自己"):
        staff.disable("administrator", actor=own)
    with pytest.raises(ConflictError, match="window"):
        staff.create("window", "某", [StaffRole.WINDOW], office.authority(), actor=own)
    with pytest.raises(NotFoundError):
        staff.create("lost.one", "某", [StaffRole.WINDOW], "11441702G00000000X", actor=OPERATOR)
    everyone = {member.account for member in staff.members(actor=office.actor("chief"))}
    assert {"stranger", "chief"} <= everyone


@pytest.mark.parametrize("account", ["window", "approver", "both"])
def test_nobody_else_keeps_accounts(office, account):
    staff, actor = office.container.staff, office.actor(account)
    for act in (
        lambda: staff.members(actor=actor),
        lambda: staff.reset("window", actor=actor),
        lambda: staff.disable("stranger", actor=actor),
        lambda: staff.create("new.one", "某", [StaffRole.WINDOW], office.authority(), actor=actor),
    ):
        with pytest.raises(ForbiddenError):
            act()


def test_the_first_password_is_replaced_before_anything_else(office):
    services = office.container
    made = services.staff.create("new.one", "新人", [StaffRole.APPROVER], office.authority())
    sessions, token = services.staff_sessions, sign_in(office, "new.one", made.password)
    other = sign_in(office, "new.one", made.password)
    person = sessions.find(token, "browser")
    assert (person.duty, person.actor.scopes) == (Duty.PASSWORD, frozenset())
    with pytest.raises(SignInRefusedError):
        sessions.change_password(person, "wrong-password-x", PASSWORD, token)
    with pytest.raises(ValidationFailedError, match="相同"):
        sessions.change_password(person, made.password, made.password, token)
    sessions.change_password(person, made.password, PASSWORD, token)
    assert sessions.find(other, "browser") is None
    person = sessions.find(token, "browser")
    assert (person.duty, person.actor.scopes) == (Duty.SECOND_FACTOR, frozenset())
    secret = sessions.authenticator_secret(person)
    assert sessions.authenticator_secret(person) == secret
    with pytest.raises(ValidationFailedError, match="动态码"):
        sessions.set_up_authenticator(person, "000000")
    code = one_time_code(secret, step_of(office.clock()))
    sessions.set_up_authenticator(person, code)
    assert sessions.find(token, "browser").duty is None
    with pytest.raises(SignInRefusedError):
        sessions.authenticator_secret(person)
    # The code that set it up has served.
    refused(office, "new.one", code=code)
    office.secrets["new.one"] = secret
    assert sign_in(office, "new.one")


def test_a_second_factor_is_asked_of_those_who_have_one(office):
    refused(office, "approver", code="")
    refused(office, "approver", code="123456")
    code = office.code("approver")
    assert sign_in(office, "approver", code=code)
    refused(office, "approver", code=code)
    assert sign_in(office, "window", code="")


def test_failures_delay_ever_longer_and_say_nothing(office):
    message = refused(office, "nobody")
    for _ in range(5):
        assert refused(office, "window", "wrong") == message
    assert refused(office, "window") == message
    office.clock.advance(seconds=61)
    assert refused(office, "window", "wrong") == message
    office.clock.advance(seconds=61)
    assert refused(office, "window") == message
    office.clock.advance(seconds=60)
    assert sign_in(office, "window")
    for _ in range(4):
        refused(office, "window", "wrong")
    assert sign_in(office, "window")
    for _ in range(30):
        refused(office, "window", "wrong")
        office.clock.advance(hours=1, seconds=1)
    assert sign_in(office, "window")
    office.container.staff.disable("window")
    assert refused(office, "window") == message


def test_a_lock_is_lifted_by_a_reset(office):
    for _ in range(6):
        refused(office, "approver", "wrong", "")
    made = office.container.staff.reset("approver", actor=office.actor("administrator"))
    assert office.container.staff_sessions.find(sign_in(office, "approver", made.password, ""), "browser").duty
    refused(office, "approver")


def test_sessions_end_by_themselves_and_stay_in_their_browser(office):
    sessions, clock = office.container.staff_sessions, office.clock
    token = sign_in(office, "window")
    assert sessions.find(token, "another browser") is None
    assert sessions.find(token + "x", "browser") is None
    for _ in range(3):
        clock.advance(minutes=14)
        assert sessions.find(token, "browser")
    clock.advance(minutes=15)
    assert sessions.find(token, "browser") is None
    token = sign_in(office, "window")
    for _ in range(59):
        clock.advance(minutes=10)
        assert sessions.find(token, "browser")
    clock.advance(minutes=10)
    assert sessions.find(token, "browser") is None
    token = sign_in(office, "window")
    with reading(office.container.deps.sessions) as session:
        assert token not in {row.token_sha256 for row in session.scalars(select(StaffSession))}
        assert session.query(StaffSession).filter_by(account="window").count() == 1
    sessions.sign_out(token)
    assert sessions.find(token, "browser") is None
    sessions.sign_out(token)


def test_disabling_ends_sessions_and_enabling_opens_again(office):
    sessions, staff = office.container.staff_sessions, office.container.staff
    token, actor = sign_in(office, "window"), office.actor("administrator")
    staff.disable("window", actor=actor)
    assert sessions.find(token, "browser") is None
    staff.disable("window", is_disabled=False, actor=actor)
    assert sign_in(office, "window")


def test_every_act_is_audited_without_secrets(office):
    refused(office, "window", "wrong")
    token = sign_in(office, "window")
    office.container.staff_sessions.sign_out(token)
    office.container.staff.reset("window", actor=office.actor("administrator"))
    refused(office, "a password typed here")
    found = actions(office)
    wanted = {
        "staff_created",
        "staff_password_changed",
        "staff_second_factor_set_up",
        "staff_sign_in_failed",
        "staff_signed_in",
        "staff_signed_out",
        "staff_reset",
    }
    assert wanted <= set(found)
    with reading(office.container.deps.sessions) as session:
        text = "".join(f"{row.subject}{row.detail}{row.actor}" for row in session.scalars(select(AuditEvent)))
        hashes = list(session.scalars(select(StaffMember.password_hash)))
    assert not any(word in text for word in (PASSWORD, "a password typed here", *office.secrets.values(), *hashes))


def test_the_secret_of_an_authenticator_lies_sealed_and_follows_its_key(office):
    services, deps = office.container, office.container.deps

    def kept():
        with reading(deps.sessions) as session:
            return session.get(StaffMember, "approver").secret

    assert office.secrets["approver"] not in kept()
    assert deps.vault.open(kept(), authenticator_secret("approver")) == office.secrets["approver"]
    with deps.sessions.begin() as session:
        # As an earlier release kept it.
        session.get(StaffMember, "approver").secret = office.secrets["approver"]
    assert office.person("approver") is not None
    before = kept()
    services.storage.reseal()
    assert kept() != before
    services.storage.reseal(with_new_key=True)
    assert kept().startswith("sealed:2:")


def test_a_secret_that_was_moved_to_another_account_lets_nobody_in(office):
    with office.container.deps.sessions.begin() as session:
        session.get(StaffMember, "both").secret = session.get(StaffMember, "approver").secret
    with pytest.raises(StorageError):
        office.person("both")
