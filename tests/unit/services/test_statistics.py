"""The reform's own indicators, counted on a register of which every number is known."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.domain.actors import Scope
from gateway.domain.basis import Basis
from gateway.domain.purpose_copies import CopyRequest
from gateway.domain.statistics import hours_to_both
from gateway.domain.status import china_day
from gateway.errors import ForbiddenError, UnreadableInputError, ValidationFailedError
from gateway.persistence.models import Licence
from gateway.persistence.session import reading
from gateway.services import statistics
from gateway.services.papers import BlankChoice
from tests.unit.services.actors import client

FORM = "卫生许可证正本"
READ = frozenset({Scope.LICENCES_READ})


def ago(container, **gap):
    """An instant within the day of issue, which is today for those of the register."""
    return container.deps.clock() - timedelta(**gap)


@pytest.fixture
def register(fresh, applications):
    """A hygiene licence of today, applied for yesterday and printed, and a food licence of which nothing more is known."""
    now = fresh.deps.clock()
    today, later = china_day(now), china_day(now) + timedelta(days=700)
    days = {"FZRQ": today.isoformat(), "YXQKSRQ": today.isoformat(), "YXQJSRQ": later.isoformat()}
    hygiene = fresh.licences.issue(applications[1] | days, basis=Basis(applied_at=ago(fresh, hours=30)))
    food = fresh.licences.issue(applications[0] | days)
    authority = hygiene.licence_identifier.split(".")[6]
    fresh.blank_forms.receive(authority, FORM, "WS0001", "WS0010")
    fresh.papers.print(hygiene.licence_identifier, 0, BlankChoice(FORM, "WS0001"))
    fresh.papers.collect(hygiene.licence_identifier, 0, "梁某某")
    return fresh, hygiene, food, authority


def test_indicators_are_counted_by_type_and_area(register, applications):
    container, hygiene, food, _ = register
    pdf = hygiene.electronic_file.read_bytes()
    for data in (pdf, pdf, pdf + b"x"):
        container.verifications.verify(data, "a.pdf")
    found = container.statistics.report()
    assert found.is_complete and len(found.groups) == 2
    # Thirty days, both ends among them.
    assert found.last_on - found.first_on == timedelta(days=29)
    types = container.catalogue.load().types_by_name
    mine = found.groups[types[applications[1]["ZZMC"]].local_type_code, applications[1]["CYRSFZJHM"][2:8]]
    assert (mine.issued, mine.paper_collected, mine.used_electronically) == (1, 1, 1)
    assert mine.median_hours == pytest.approx(30, abs=0.2)
    # The altered file is none of ours any more: it is of no licence.
    assert (mine.verifications, mine.verifications_genuine) == (2, 2)
    total = found.total
    assert (total.issued, total.paper_collected, total.share_of_electronic_use, total.verifications) == (2, 1, 0.5, 2)
    assert total.median_hours == mine.median_hours and found.to_json()["total"]["measured"] == 1
    # A purpose copy is a use, and its verification one of the licence.
    until = china_day(container.deps.clock()) + timedelta(days=30)
    copy = container.purpose_copies.make(food.licence_identifier, CopyRequest("投标", "某中心", until))
    container.verifications.verify(container.purpose_copies.content(copy.terms.copy_id), "b.pdf")
    total = container.statistics.report().total
    assert (total.share_of_electronic_use, total.verifications) == (1.0, 3)


def test_a_department_counts_its_own_only_and_a_period_is_kept(register):
    container, _, _, authority = register
    own = client(READ, authorities={authority})
    assert container.statistics.report(actor=own).total.issued == 1
    assert container.statistics.report(actor=client(READ, authorities={authority}, types={"x"})).total.issued == 0
    assert container.statistics.report(actor=client(READ, sandbox=True)).total.issued == 0
    with pytest.raises(ForbiddenError):
        container.statistics.report(authority_code=authority, actor=client(READ, authorities={"other"}))
    with pytest.raises(ForbiddenError):
        container.statistics.report(actor=client({Scope.EVENTS_READ}))
    today = china_day(container.deps.clock())
    assert container.statistics.report(today, today).total.issued == 2
    yesterday = today - timedelta(days=1)
    assert container.statistics.report(yesterday, yesterday).groups == {}
    for first, last in ((today, yesterday), (today - timedelta(days=366), today)):
        with pytest.raises(ValidationFailedError, match="366"):
            container.statistics.report(first, last)


def test_what_a_bound_leaves_out_is_said(register, monkeypatch):
    container, *_ = register
    monkeypatch.setattr(statistics, "MOST_LICENCES", 1)
    found = container.statistics.report()
    assert (found.is_complete, found.total.issued) == (False, 1)


def test_verifications_of_others_take_nothing_of_the_bound(register, monkeypatch):
    container, hygiene, food, _ = register
    for _ in range(2):
        container.verifications.verify(hygiene.electronic_file.read_bytes(), "a.pdf")
    for data in (food.electronic_file.read_bytes(), b"%PDF-1.7 of nobody", b"%PDF-1.7 of nobody"):
        with suppress(UnreadableInputError):
            container.verifications.verify(data, "b.pdf")
    with reading(container.deps.sessions) as session:
        kind = session.scalars(
            select(Licence.local_type_code).where(Licence.licence_number == hygiene.licence_number)
        ).one()
    own = client(READ, types={kind})
    monkeypatch.setattr(statistics, "MOST_VERIFICATIONS", 3)
    found = container.statistics.report(actor=own)
    assert (found.is_complete, found.total.verifications) == (True, 2)
    assert not container.statistics.report().is_complete
    monkeypatch.setattr(statistics, "MOST_VERIFICATIONS", 1)
    found = container.statistics.report(actor=own)
    assert (found.is_complete, found.total.verifications) == (False, 1)


def test_an_application_after_its_issue_is_refused(fresh, applications):
    with pytest.raises(ValidationFailedError, match="applied_at"):
        fresh.licences.issue(applications[0], basis=Basis(applied_at=fresh.deps.clock()))


def test_time_to_both_needs_both_ends():
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    later = noon + timedelta(hours=2)
    assert hours_to_both(noon, noon, later) == hours_to_both(noon, later, noon) == 2.0
    assert hours_to_both(None, noon, later) is None and hours_to_both(noon, noon, None) is None
