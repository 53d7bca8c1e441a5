"""Reports of wrong entries: settled once, with what was found and done, and the latest first."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.domain.actors import Scope
from gateway.domain.masking import HIDDEN
from gateway.domain.wrong_entries import WrongEntryOutcome
from gateway.errors import ForbiddenError, NotFoundError, StaleStateError, ValidationFailedError
from gateway.persistence.models import AuditEvent, WrongEntry
from gateway.services import wrong_entries
from tests.console_office import RICH, office
from tests.unit.services.actors import client

__all__ = ["office"]
CALLED = "已电话 13800138000 核实并更正"


def test_a_report_is_settled_once_with_what_was_found(office):
    services, clerk = office.container.wrong_entries, office.actor("window")
    number = services.report(RICH, "地址有误")
    for note in ("", " \n", "字" * (wrong_entries.LONGEST_NOTE + 1)):
        with pytest.raises(ValidationFailedError) as refused:
            services.settle(number, WrongEntryOutcome.CORRECTED, note, actor=clerk)
        assert [each.field for each in refused.value.errors] == ["note"]
    with pytest.raises(ForbiddenError):
        services.settle(number, WrongEntryOutcome.CORRECTED, CALLED, actor=client({Scope.ADMINISTER}))
    assert [one.id for one in services.waiting(actor=clerk)] == [number]
    services.settle(number, WrongEntryOutcome.CORRECTED, f" {CALLED}\x00\n", actor=clerk)
    assert services.waiting(actor=clerk) == []
    view = services.of(number, actor=office.actor("approver"))
    assert view == services.settled(actor=clerk)[0]
    assert (view.handler_name, view.outcome, view.note) == ("梁窗口", "corrected", CALLED)
    with pytest.raises(StaleStateError, match="他人"):
        services.settle(number, WrongEntryOutcome.UNCLEAR, "再看", actor=office.actor("approver"))
    with pytest.raises(NotFoundError):
        services.settle(number + 1, WrongEntryOutcome.UNCLEAR, "没有", actor=clerk)
    with office.container.deps.sessions() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == "wrong_entry_settled"))
    assert (event.subject, event.actor["id"], event.occurred_at) == (str(number), "window", view.handled_at)
    # The register keeps the words as they are; what becomes part of the public log is masked.
    assert event.detail == {"outcome": "corrected", "note": CALLED.replace("13800138000", HIDDEN)}


def test_what_was_settled_stays_page_by_page(office, monkeypatch):
    monkeypatch.setattr(wrong_entries, "MOST_LISTED", 2)
    services, clerk = office.container.wrong_entries, office.actor("window")
    one, two, three, four = (services.report(RICH, f"第{index}项") for index in range(4))
    # Two of one instant, and one that a release that kept no note settled.
    services.settle(three, WrongEntryOutcome.FOUND_RIGHT, "无误", actor=clerk)
    services.settle(one, WrongEntryOutcome.NOT_OURS, "转市场监管局", actor=clerk)
    with office.container.deps.sessions.begin() as session:
        early, late, old = (session.get(WrongEntry, number) for number in (three, one, two))
        late.handled_at = early.handled_at
        old.handled_at, old.handled_by = early.handled_at - timedelta(hours=1), "gone"
    first = services.settled(actor=clerk)
    assert [view.id for view in first] == [three, one]
    [view] = services.settled(before=one, actor=clerk)
    assert (view.id, view.outcome, view.note, view.handler_name) == (two, None, "", "gone")
    for unsettled in (four, four + 1):
        with pytest.raises(NotFoundError):
            services.settled(before=unsettled, actor=clerk)
