"""The life of a licence: status changes back and forth in time, versions, and questions about any day."""

from datetime import date, timedelta

import pytest

from gateway.domain.actors import Actor, ActorKind, Scope
from gateway.domain.answers import InForce
from gateway.domain.basis import Basis, ObligationKind, ObligationSpec, ObligationState
from gateway.domain.orders import VersionKind
from gateway.domain.status import DayAnswer, LicenceStatus, china_day
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    StaleStateError,
    TransitionRefusedError,
    ValidationFailedError,
)
from gateway.persistence.models import LicenceVersion
from gateway.services.status_changes import StatusDecision
from gateway.services.versions import VersionRequest
from tests.conftest import days_ahead
from tests.unit.services.actors import client

DAY = timedelta(days=1)
LATER = date.fromisoformat(days_ahead(1000))


def decide(status, at=None, **more):
    return StatusDecision(status, "《行政许可法》第六十九条", "测试 test", effective_at=at, **more)


@pytest.fixture
def licence(fresh, applications):
    """In force for years."""
    return fresh.licences.issue(applications[1])


def test_a_back_dated_and_a_future_change_answer_for_every_day(fresh, licence):
    now = fresh.clock()
    identifier = licence.licence_identifier
    fresh.status_changes.record(identifier, decide(LicenceStatus.SUSPENDED, now - 20 * DAY))
    fresh.status_changes.record(identifier, decide(LicenceStatus.VALID, now - 10 * DAY))
    state = fresh.status_changes.record(identifier, decide(LicenceStatus.REVOKED, now + 10 * DAY))
    assert state.status == "valid"
    history = fresh.histories.of(identifier)
    answers = {n: history.in_force_on(china_day(now + n * DAY)) for n in (-30, -15, -5, 5, 20)}
    assert list(answers.values()) == [DayAnswer.YES, DayAnswer.NO, DayAnswer.YES, DayAnswer.YES, DayAnswer.NO]
    assert fresh.histories.of(identifier, known_at=now - DAY).changes == ()
    assert [change.status for change in history.changes] == ["valid", "suspended", "valid", "revoked"]


def test_what_does_not_fit_is_refused_with_its_reason(fresh, licence):
    identifier, now = licence.licence_identifier, fresh.clock()
    fresh.status_changes.record(identifier, decide(LicenceStatus.CANCELLED, now))
    with pytest.raises(TransitionRefusedError, match=r"已注销.*已暂扣"):
        fresh.status_changes.record(identifier, decide(LicenceStatus.SUSPENDED))
    with pytest.raises(TransitionRefusedError, match=r"与 .* 已登记的变更冲突"):
        fresh.status_changes.record(identifier, decide(LicenceStatus.REVOKED, now - DAY))
    with pytest.raises(ValidationFailedError, match="legal_ground"):
        fresh.status_changes.record(identifier, StatusDecision(LicenceStatus.VALID, " ", "r"))
    with pytest.raises(ValidationFailedError, match="status"):
        fresh.status_changes.record(identifier, decide(LicenceStatus.SUPERSEDED))
    with pytest.raises(NotFoundError):
        fresh.status_changes.record(identifier + "0", decide(LicenceStatus.VALID))
    reinstated = fresh.status_changes.record(identifier, decide(LicenceStatus.VALID))
    assert reinstated.status == "valid"


def test_a_stale_revision_changes_nothing(fresh, licence):
    identifier = licence.licence_identifier
    first = fresh.status_changes.record(identifier, decide(LicenceStatus.SUSPENDED), expected_revision=1)
    with pytest.raises(StaleStateError):
        fresh.status_changes.record(identifier, decide(LicenceStatus.REVOKED), expected_revision=1)
    assert first.revision == fresh.histories.of(identifier).revision == 2


def test_a_version_takes_over_and_the_old_one_says_so(fresh, licence, applications):
    record = applications[1] | {"许可项目": "宾馆"}
    request = VersionRequest(VersionKind.AMENDMENT, record, "缩减许可项目", duplicates=1)
    second = fresh.versions.issue(licence.licence_identifier, request)
    assert second.newly_issued
    assert second.licence_identifier.split(".")[-2] == "002"
    assert second.licence_identifier.split(".")[:-2] == licence.licence_identifier.split(".")[:-2]
    assert not fresh.versions.issue(licence.licence_identifier, request).newly_issued
    old, new = (fresh.licences.public_answer(i) for i in (licence.licence_identifier, second.licence_identifier))
    assert (old.listed.status, old.listed.replaced_by) == ("superseded", second.licence_identifier)
    assert (new.listed.status, new.listed.in_force, new.listed.replaced_by) == ("valid", InForce.YES, None)
    assert len(second.duplicate_files) == 1
    listed = [line.licence_identifier for line in fresh.codes.resolve(second.holder_code).licences]
    assert second.licence_identifier in listed
    assert licence.licence_identifier not in listed
    with pytest.raises(ConflictError, match="002"):
        fresh.versions.issue(
            licence.licence_identifier,
            VersionRequest(VersionKind.AMENDMENT, record, "x", duplicates=0, basis=checked()),
        )


def checked(due=LATER):
    return Basis((ObligationSpec(ObligationKind.COMMITMENT_CHECK, ("场所符合卫生标准",), due),))


def test_a_scheduled_version_waits(fresh, licence, applications):
    later = fresh.clock() + 30 * DAY
    request = VersionRequest(VersionKind.RENEWAL, applications[1] | {"YXQJSRQ": days_ahead(1500)}, "延续", later)
    second = fresh.versions.issue(licence.licence_identifier, request)
    old, new = (fresh.licences.public_answer(i).listed for i in (licence.licence_identifier, second.licence_identifier))
    assert (old.status, new.status) == ("valid", "not_yet_valid")
    assert old.replaced_by == second.licence_identifier
    assert fresh.codes.resolve(second.holder_code).licences[0].licence_identifier == licence.licence_identifier
    with pytest.raises(TransitionRefusedError, match="早于前一版本"):
        fresh.versions.issue(second.licence_identifier, VersionRequest(VersionKind.CORRECTION, applications[1], "更正"))


def test_a_version_of_another_licence_or_an_ended_one_is_refused(fresh, licence, applications):
    request = VersionRequest(VersionKind.AMENDMENT, applications[1] | {"ZZHM": "粤卫公证字〔2024〕第1号"}, "x")
    with pytest.raises(ValidationFailedError, match="number"):
        fresh.versions.issue(licence.licence_identifier, request)
    fresh.status_changes.record(licence.licence_identifier, decide(LicenceStatus.WITHDRAWN))
    with pytest.raises(TransitionRefusedError, match="已终止"):
        fresh.versions.issue(
            licence.licence_identifier, VersionRequest(VersionKind.REPLACEMENT, applications[1], "遗失")
        )


def test_commitments_and_tolerated_papers_stand_on_the_licence(fresh, applications):
    due = china_day(fresh.clock()) + 30 * DAY
    basis = Basis(
        (
            ObligationSpec(ObligationKind.COMMITMENT_CHECK, ("场所符合卫生标准",), due),
            ObligationSpec(ObligationKind.MISSING_PAPERS, ("检测报告", "租赁合同"), due),
        )
    )
    issued = fresh.licences.issue(applications[1], basis=basis)
    answer = fresh.licences.public_answer(issued.licence_identifier).listed
    assert [(o.kind, o.state, o.due_on) for o in answer.obligations] == [
        (ObligationKind.COMMITMENT_CHECK, ObligationState.OPEN, due),
        (ObligationKind.MISSING_PAPERS, ObligationState.OPEN, due),
    ]
    with pytest.raises(ConflictError):
        fresh.licences.issue(applications[1])
    with pytest.raises(ConflictError, match="没有这项"):
        fresh.status_changes.record(issued.licence_identifier, decide(LicenceStatus.WITHDRAWN, obligation_id=10_000))
    withdrawal = decide(LicenceStatus.WITHDRAWN, obligation_id=answer.obligations[0].id)
    assert fresh.status_changes.record(issued.licence_identifier, withdrawal).status == "withdrawn"
    with pytest.raises(ValidationFailedError, match="due_on"):
        fresh.licences.issue(applications[0], basis=checked(due - 4000 * DAY))


def test_limits_of_the_actor(fresh, licence, applications):
    other = fresh.catalogue.load().authorities_by_name["阳江市公安局"]
    stranger = client({Scope.LICENCES_CHANGE, Scope.LICENCES_ISSUE}, authorities={other.code})
    with pytest.raises(ForbiddenError, match="范围"):
        fresh.licences.issue(applications[0], actor=stranger)
    with pytest.raises(ForbiddenError):
        fresh.status_changes.record(licence.licence_identifier, decide(LicenceStatus.SUSPENDED), actor=stranger)
    reader = Actor(ActorKind.CLIENT, "r", "r", frozenset({Scope.LICENCES_READ}))
    assert fresh.histories.of(licence.licence_identifier, actor=reader).revision == 1
    changer = Actor(ActorKind.CLIENT, "c", "c", frozenset({Scope.LICENCES_CHANGE}))
    with pytest.raises(ForbiddenError, match="licences:revoke"):
        fresh.status_changes.record(licence.licence_identifier, decide(LicenceStatus.REVOKED), actor=changer)
    sandbox = client({Scope.LICENCES_READ}, sandbox=True)
    with pytest.raises(NotFoundError):
        fresh.histories.of(licence.licence_identifier, actor=sandbox)


def test_every_row_of_the_versions_stays(fresh, licence, applications):
    fresh.versions.issue(
        licence.licence_identifier, VersionRequest(VersionKind.REPLACEMENT, applications[1], "纸质证照遗失")
    )
    with fresh.deps.sessions() as session:
        rows = session.query(LicenceVersion).order_by(LicenceVersion.version).all()
        assert [(row.version, row.kind) for row in rows] == [("001", "issue"), ("002", "replacement")]
        assert rows[0].electronic_sm3 != rows[1].electronic_sm3
