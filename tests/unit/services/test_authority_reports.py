"""A list by issuing authority: who answered, who did not, and what was only reported."""

from datetime import timedelta

import pytest

from gateway.container import Container
from gateway.domain.actors import Scope
from gateway.domain.answers import AuthorityState, ReportKind
from gateway.domain.reported import LicenceReport
from gateway.errors import ForbiddenError, ValidationFailedError
from tests.conftest import vector_lines
from tests.gallery import RICH
from tests.unit.services.actors import client

HYGIENE, TOBACCO = "11441702G00006660X", "11441700G00002221C"


def after(gateway, time):
    """The same gateway, some time later."""
    now = gateway.clock() + time
    return Container(gateway.settings, lambda: now)


def of(gateway, code):
    return next(each for each in gateway.authority_reports.all() if each.authority_code == code)


def test_an_authority_that_never_reported_gave_no_answer(fresh):
    found = fresh.authority_reports.all()
    assert len(found) == len(fresh.catalogue.load().authorities)
    assert {each.state for each in found} == {AuthorityState.NEVER_REPORTED}
    assert not fresh.codes.resolve(RICH).is_complete


def test_a_declaration_counts_until_its_bound_is_over(fresh):
    now = fresh.clock()
    said = fresh.authority_reports.declare(TOBACCO, now - timedelta(hours=1))
    assert (said.state, said.last_report_kind) == (AuthorityState.ANSWERED, ReportKind.DECLARED)
    assert said.last_report_at == now - timedelta(hours=1)
    assert of(after(fresh, timedelta(hours=46)), TOBACCO).state is AuthorityState.ANSWERED
    assert of(after(fresh, timedelta(hours=47, minutes=1)), TOBACCO).state is AuthorityState.STALE


def test_an_older_declaration_takes_nothing_back(fresh):
    now = fresh.clock()
    fresh.authority_reports.declare(TOBACCO, now)
    assert fresh.authority_reports.declare(TOBACCO, now - timedelta(days=9)).last_report_at == now


def test_issuing_counts_as_a_report(fresh):
    licence = fresh.licences.issue(vector_lines("applications")[0])
    code = licence.licence_identifier.split(".")[6]
    assert of(fresh, code).last_report_kind is ReportKind.ISSUED
    resolution = fresh.codes.resolve(vector_lines("applications")[0]["CYRSFZJHM"])
    first = resolution.authorities[0]
    assert first.freshness.authority_code == code
    assert [each.licence_identifier for each in first.licences] == [licence.licence_identifier]
    # Those without an answer come before those that answered that there are none, of whom there is none yet.
    assert {each.freshness.state for each in resolution.authorities[1:]} == {AuthorityState.NEVER_REPORTED}
    silent = next(each for each in resolution.reasons if each.code == "AUTHORITIES_SILENT")
    everyone = len(resolution.authorities)
    assert f"{everyone - 1} of {everyone}" in silent.message_en


def test_a_reported_licence_stands_under_its_authority_and_is_marked(fresh):
    record = next(line for line in vector_lines("applications") if line["CYRSFZJHM"] == RICH)
    fresh.reported_licences.report(LicenceReport(record=record, origin="旧系统"))
    resolution = fresh.codes.resolve(RICH)
    assert resolution.licences == ()
    line = resolution.authorities[0].reported[0]
    assert (line.licence_number, line.origin, line.conflicts) == (record["ZZHM"], "旧系统", ())
    assert resolution.authorities[0].freshness.last_report_kind is ReportKind.LICENCE_REPORTED
    fresh.licences.issue(record)
    # Now the register has it, with a signature: it stands there alone.
    assert fresh.codes.resolve(RICH).authorities[0].reported == ()


def test_a_report_that_differs_from_the_register_names_the_fields(fresh):
    record = next(line for line in vector_lines("applications") if line["CYRSFZJHM"] == RICH)
    fresh.licences.issue(record)
    fresh.reported_licences.report(LicenceReport(record={**record, "FZRQ": "2020-01-01"}, origin="旧系统"))
    (line,) = fresh.codes.resolve(RICH).authorities[0].reported
    assert line.conflicts == ("issued_on",)


def test_a_list_is_complete_when_every_authority_answered(fresh):
    now = fresh.clock()
    for authority in fresh.catalogue.load().authorities:
        fresh.authority_reports.declare(authority.code, now)
    resolution = fresh.codes.resolve(RICH)
    assert resolution.is_complete
    assert "AUTHORITIES_SILENT" not in {each.code for each in resolution.reasons}


@pytest.mark.parametrize(
    "limits",
    [
        {"authorities": {HYGIENE}},
        {"authorities": {TOBACCO}, "types": {"11441700000000019L009"}},
    ],
    ids=["another authority", "some types only"],
)
def test_nobody_speaks_for_more_than_is_theirs(fresh, limits):
    with pytest.raises(ForbiddenError):
        fresh.authority_reports.declare(TOBACCO, fresh.clock(), actor=client({Scope.REPORTS_WRITE}, **limits))
    assert of(fresh, TOBACCO).state is AuthorityState.NEVER_REPORTED


def test_a_sandbox_says_nothing_about_the_authority(fresh):
    fresh.authority_reports.declare(TOBACCO, fresh.clock(), actor=client({Scope.REPORTS_WRITE}, sandbox=True))
    assert of(fresh, TOBACCO).state is AuthorityState.NEVER_REPORTED


def test_what_cannot_be_is_refused_by_field(fresh):
    for code, at, field in (
        (TOBACCO, fresh.clock() + timedelta(seconds=1), "complete_as_of"),
        ("91441702MA9Y03WY4L", fresh.clock(), "authority_code"),
    ):
        with pytest.raises(ValidationFailedError) as refused:
            fresh.authority_reports.declare(code, at)
        assert [error.field for error in refused.value.errors] == [field]


def test_an_authority_may_have_a_bound_of_its_own(fresh):
    settings = fresh.settings.model_copy(update={"authority_bounds": (f"{TOBACCO}=0.5",)})
    assert settings.stale_after(TOBACCO) == timedelta(minutes=30)
    assert settings.stale_after(HYGIENE) == timedelta(hours=48)
