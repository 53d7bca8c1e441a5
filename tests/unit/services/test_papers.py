"""Papers from the printer to the holder's hand, and the stock of blank forms."""

from datetime import timedelta

import pytest

from gateway.domain.actors import Scope
from gateway.domain.basis import Basis, ObligationKind, ObligationSpec, ObligationState
from gateway.domain.papers import BlankState, PaperState, SerialRange, gaps, serial_range
from gateway.domain.status import LicenceStatus, china_day
from gateway.errors import ConflictError, ForbiddenError, NotFoundError, StaleStateError, ValidationFailedError
from gateway.services.obligations import ObligationFilter
from gateway.services.papers import BlankChoice
from gateway.services.status_changes import StatusDecision
from tests.unit.services.actors import client

FORM = "卫生许可证正本"


@pytest.fixture
def window(fresh, applications):
    licence = fresh.licences.issue(applications[1], duplicates=1)
    authority = licence.licence_identifier.split(".")[6]
    blanks = fresh.blank_forms
    blanks.receive(authority, FORM, "WS0001", "WS0010")
    return licence.licence_identifier, authority, blanks, fresh.papers


def states(blanks, authority):
    return blanks.stock(authority)[0].counts


def test_print_reprint_and_collect(window):
    identifier, authority, blanks, papers = window
    assert [paper.state for paper in papers.of(identifier)] == [PaperState.NOT_PRINTED] * 2
    printed = papers.print(identifier, 0, BlankChoice(FORM, "WS0001"))
    assert (printed.state, printed.blank_serial_number) == (PaperState.PRINTED, "WS0001")
    with pytest.raises(ValidationFailedError, match="reason"):
        papers.print(identifier, 0, BlankChoice(FORM, "WS0002"))
    again = papers.print(identifier, 0, BlankChoice(FORM, "WS0002"), reason="卡纸")
    assert again.blank_serial_number == "WS0002"
    assert states(blanks, authority) == {"in_stock": 8, "issued": 1, "spoiled": 1}
    collected = papers.collect(identifier, 0, "梁某某")
    assert collected.state is PaperState.COLLECTED
    with pytest.raises(ConflictError, match="已领取"):
        papers.print(identifier, 0, BlankChoice(FORM, "WS0003"), reason="x")
    with pytest.raises(ConflictError, match="尚未打印"):
        papers.collect(identifier, 1, "梁某某")


def test_a_form_serves_once_and_must_be_from_the_stock(window):
    identifier, authority, blanks, papers = window
    papers.print(identifier, 0, BlankChoice(FORM, "WS0001"))
    with pytest.raises(ConflictError, match="WS0001"):
        papers.print(identifier, 1, BlankChoice(FORM, "WS0001"))
    with pytest.raises(NotFoundError, match="WS0099"):
        papers.print(identifier, 1, BlankChoice(FORM, "WS0099"))
    with pytest.raises(ConflictError, match="入库"):
        blanks.receive(authority, FORM, "WS0010", "WS0012")
    assert sum(states(blanks, authority).values()) == 10
    blanks.put_aside(authority, FORM, ["WS0002", "WS0003"], BlankState.RETURNED, "退回印制单位")
    with pytest.raises(ConflictError):
        blanks.put_aside(authority, FORM, ["WS0004", "WS0001"], BlankState.SPOILED, "污损")
    assert states(blanks, authority) == {"in_stock": 7, "issued": 1, "returned": 2}
    assert blanks.stock(authority)[0].next_serial == "WS0004"


def test_an_ended_licence_is_not_printed_and_a_void_paper_spoils_its_form(window, fresh):
    identifier, authority, blanks, papers = window
    papers.print(identifier, 0, BlankChoice(FORM, "WS0001"))
    assert papers.void(identifier, 0, "印错").state is PaperState.VOID
    assert states(blanks, authority) == {"in_stock": 9, "spoiled": 1}
    fresh.status_changes.record(identifier, StatusDecision(LicenceStatus.CANCELLED, "申请", "注销"))
    with pytest.raises(ConflictError, match="已终止"):
        papers.print(identifier, 1, BlankChoice(FORM, "WS0002"))


def test_stale_and_foreign_hands_do_nothing(window):
    identifier, authority, blanks, papers = window
    with pytest.raises(StaleStateError):
        papers.print(identifier, 0, BlankChoice(FORM, "WS0001"), expected_revision=7)
    stranger = client({Scope.PAPERS_HANDLE}, authorities={"11441700G00001480K"})
    for act in (
        lambda: papers.of(identifier, actor=stranger),
        lambda: papers.print(identifier, 0, BlankChoice(FORM, "WS0001"), actor=stranger),
        lambda: blanks.stock(authority, actor=stranger),
    ):
        with pytest.raises(ForbiddenError):
            act()
    assert states(blanks, authority) == {"in_stock": 10}


def test_serial_numbers_and_their_gaps():
    assert serial_range("YJ0098", "YJ0101").serials() == ["YJ0098", "YJ0099", "YJ0100", "YJ0101"]
    for first, last in (
        ("YJ1", "YJ10"),
        ("A01", "B02"),
        ("A05", "A04"),
        ("A00000", "A99999"),
        ("甲1", "甲2"),
        ("A", "B"),
    ):
        with pytest.raises(ValidationFailedError):
            serial_range(first, last)
    assert list(gaps(["A01", "A02", "A05", "A07", "B1"])) == [SerialRange("A", 2, 3, 4), SerialRange("A", 2, 6, 6)]


def test_obligations_are_found_by_deadline_and_settled_once(fresh, applications):
    today = china_day(fresh.clock())
    specs = (
        ObligationSpec(ObligationKind.COMMITMENT_CHECK, ("符合卫生标准",), today + timedelta(days=10)),
        ObligationSpec(ObligationKind.MISSING_PAPERS, ("检测报告",), today - timedelta(days=3)),
    )
    licence = fresh.licences.issue(applications[1], basis=Basis(specs))
    obligations = fresh.obligations
    late, soon = (
        obligations.search(ObligationFilter(state=state)) for state in (ObligationState.OVERDUE, ObligationState.OPEN)
    )
    assert [o.obligation.kind for o in late] == [ObligationKind.MISSING_PAPERS]
    assert [o.obligation.kind for o in soon] == [ObligationKind.COMMITMENT_CHECK]
    first = soon[0].obligation.id
    done = obligations.settle(licence.licence_identifier, first, is_fulfilled=True, note="现场核查合格")
    assert done.state is ObligationState.FULFILLED
    with pytest.raises(ConflictError):
        obligations.settle(licence.licence_identifier, first, is_fulfilled=False, note="x")
    broken = obligations.settle(licence.licence_identifier, late[0].obligation.id, is_fulfilled=False, note="逾期")
    assert broken.state is ObligationState.BROKEN
    assert len(obligations.search(ObligationFilter(after_id=first))) == 1
    stranger = client({Scope.LICENCES_READ}, authorities={"11441700G00001480K"})
    assert obligations.search(ObligationFilter(), actor=stranger) == []
