"""Revocation with four eyes: never one person alone, never another authority, never twice."""

from datetime import timedelta

import pytest

from gateway.domain.status import LicenceStatus
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    SignInRefusedError,
    StaleStateError,
    TransitionRefusedError,
    ValidationFailedError,
)
from gateway.services.status_changes import StatusDecision
from tests.console_office import PASSWORD, hygiene_licence, office

__all__ = ["office"]
REVOKE = StatusDecision(
    LicenceStatus.REVOKED, "《公共场所卫生管理条例》第十四条", "逾期未整改", document_number="阳卫罚〔2026〕1号"
)
RESTORE = StatusDecision(LicenceStatus.VALID, "行政复议决定", "原决定被撤销")
CANCEL = StatusDecision(LicenceStatus.CANCELLED, "《行政许可法》第七十条", "持证人申请")


@pytest.fixture
def identifier(office, applications):
    return office.container.licences.issue(
        hygiene_licence(applications), actor=office.actor("window")
    ).licence_identifier


def status(office, identifier):
    return office.container.dossiers.of(identifier, actor=office.actor("window")).status


def decide(office, number, account, *, is_approved=True, reason="属实"):
    person = office.person(account)
    confirmation = office.container.staff_sessions.confirm(person, PASSWORD, office.code(account))
    return office.container.revocations.decide(
        number, is_approved=is_approved, reason=reason, confirmation=confirmation, actor=person.actor
    )


def test_one_proposes_and_another_approves(office, identifier):
    revocations = office.container.revocations
    number = revocations.propose(identifier, REVOKE, actor=office.actor("window"))
    assert status(office, identifier) == "valid"
    assert [one.id for one in revocations.waiting(actor=office.actor("approver"))] == [number]
    with pytest.raises(ConflictError, match="待审批"):
        revocations.propose(identifier, REVOKE, actor=office.actor("both"))
    view = decide(office, number, "approver")
    assert (view.is_approved, view.proposer_account, view.decider_name) == (True, "window", "陈审批")
    assert status(office, identifier) == "revoked"
    assert revocations.waiting(actor=office.actor("approver")) == []
    change = office.container.histories.of(identifier).changes[-1]
    assert (change.legal_ground, change.document_number) == (REVOKE.legal_ground, REVOKE.document_number)
    with pytest.raises(ConflictError, match="已有决定"):
        decide(office, number, "both")


def test_nobody_decides_on_their_own_request(office, identifier):
    number = office.container.revocations.propose(identifier, REVOKE, actor=office.actor("both"))
    with pytest.raises(ForbiddenError, match="自己"):
        decide(office, number, "both")
    assert decide(office, number, "approver", is_approved=False, reason="证据不足").is_approved is False
    assert status(office, identifier) == "valid"
    assert office.container.revocations.propose(identifier, REVOKE, actor=office.actor("window")) > number


def test_no_one_at_the_window_revokes_or_brings_back_alone(office, identifier):
    changes, both = office.container.status_changes, office.actor("both")
    for decision in (REVOKE, StatusDecision(LicenceStatus.WITHDRAWN, "x", "y")):
        with pytest.raises(ForbiddenError, match="另一人"):
            changes.record(identifier, decision, actor=both)
    changes.record(identifier, CANCEL, actor=office.actor("window"))
    office.clock.advance(seconds=1)
    with pytest.raises(ForbiddenError, match="另一人"):
        changes.record(identifier, RESTORE, actor=both)
    past = office.clock() - timedelta(days=100)
    with pytest.raises(ForbiddenError, match="另一人"):
        changes.record(identifier, StatusDecision(LicenceStatus.VALID, "x", "y", past), actor=both)
    number = office.container.revocations.propose(identifier, RESTORE, actor=office.actor("window"))
    decide(office, number, "approver")
    assert status(office, identifier) == "valid"


def test_roles_and_authorities_bound_it(office, identifier):
    revocations = office.container.revocations
    for account in ("approver", "administrator", "stranger"):
        with pytest.raises(ForbiddenError):
            revocations.propose(identifier, REVOKE, actor=office.actor(account))
    number = revocations.propose(identifier, REVOKE, actor=office.actor("window"))
    for account in ("window", "administrator", "stranger"):
        with pytest.raises(ForbiddenError):
            decide(office, number, account)
    assert revocations.waiting(actor=office.actor("stranger")) == []
    for account in ("stranger", "administrator"):
        with pytest.raises(ForbiddenError):
            revocations.of(number, actor=office.actor(account))
    with pytest.raises(NotFoundError):
        decide(office, number + 1, "approver")
    assert status(office, identifier) == "valid"


def test_a_decision_needs_its_own_proof(office, identifier):
    services = office.container
    number = services.revocations.propose(identifier, REVOKE, actor=office.actor("window"))
    person = office.person("approver")
    with pytest.raises(SignInRefusedError):
        services.staff_sessions.confirm(person, "wrong", office.code("approver"))
    with pytest.raises(SignInRefusedError):
        services.staff_sessions.confirm(person, PASSWORD, "000000")
    foreign = services.staff_sessions.confirm(office.person("both"), PASSWORD, office.code("both"))
    with pytest.raises(ForbiddenError, match="本人"):
        services.revocations.decide(number, is_approved=True, reason="x", confirmation=foreign, actor=person.actor)
    with pytest.raises(ValidationFailedError, match="decision_reason"):
        decide(office, number, "approver", reason=" ")


def test_requests_are_checked_when_made_and_when_approved(office, identifier):
    revocations, clerk = office.container.revocations, office.actor("window")
    with pytest.raises(ValidationFailedError, match="status"):
        revocations.propose(identifier, CANCEL, actor=clerk)
    with pytest.raises(ValidationFailedError, match="status"):
        revocations.propose(identifier, RESTORE, actor=clerk)
    dated = StatusDecision(LicenceStatus.REVOKED, "x", "y", office.clock())
    with pytest.raises(ValidationFailedError, match="effective_at"):
        revocations.propose(identifier, dated, actor=clerk)
    with pytest.raises(ValidationFailedError, match="reason"):
        revocations.propose(identifier, StatusDecision(LicenceStatus.REVOKED, "x", ""), actor=clerk)
    with pytest.raises(ConflictError):
        revocations.propose(identifier, StatusDecision(LicenceStatus.REVOKED, "x", "y", obligation_id=99), actor=clerk)
    with pytest.raises(StaleStateError):
        revocations.propose(identifier, REVOKE, actor=clerk, expected_revision=99)
    number = revocations.propose(identifier, REVOKE, actor=clerk)
    office.container.status_changes.record(identifier, CANCEL, actor=clerk)
    office.clock.advance(seconds=1)
    with pytest.raises(TransitionRefusedError):
        decide(office, number, "approver")
    assert decide(office, number, "approver", is_approved=False).is_approved is False
