"""Licences that were issued the old way: taken in beside the register, corrected, matched, never merged."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.domain.actors import Scope
from gateway.domain.reported import LicenceReport, Match
from gateway.errors import ForbiddenError, NotFoundError, ValidationFailedError
from gateway.persistence.models import Licence
from gateway.persistence.session import reading
from gateway.services.reported_licences import ReportFilter
from tests.unit.services.actors import client

ORIGIN = "卫生许可旧系统"


def report(record, **more):
    return LicenceReport(record, ORIGIN, **{"blank_serial_number": "WS0001", **more})


def test_the_same_report_is_the_same_and_another_one_corrects_it(fresh, applications):
    reports, record = fresh.reported_licences, applications[1]
    first = reports.report(report(record))
    assert (first.newly_reported, first.revision, first.match) == (True, 1, Match.NOT_REGISTERED)
    again = reports.report(report(record))
    assert (again.newly_reported, again.id) == (False, first.id)
    corrected = reports.report(report(record | {"许可项目": "宾馆"}))
    assert (corrected.revision, corrected.newly_reported) == (2, True)
    # Back to what was reported first: a correction like any other.
    back = reports.report(report(record))
    assert back.revision == 3
    assert [x.id for x in reports.search(ReportFilter())] == [back.id]
    assert reports.get(first.id).revision == 1


def test_a_report_never_becomes_a_licence_and_a_conflict_shows_both_sides(fresh, applications):
    reports, record = fresh.reported_licences, applications[1]
    seen = reports.report(report(record | {"CYRMC": "另一家公司", "YXQJSRQ": "长期"}))
    with reading(fresh.deps.sessions) as session:
        assert session.query(Licence).count() == 0
    assert fresh.codes.resolve(record["CYRSFZJHM"]).licences == ()
    issued = fresh.licences.issue(record)
    now = reports.get(seen.id)
    assert (now.match, now.registered_identifier) == (Match.CONFLICT, issued.licence_identifier)
    assert {d.field: (d.reported, d.registered) for d in now.differences} == {
        "holder_name": ("另一家公司", record["CYRMC"]),
        "valid_until": ("长期", record["YXQJSRQ"]),
    }
    shown = now.to_json()
    assert (shown["source"], shown["origin"], shown["match"]) == ("reported", ORIGIN, "conflict")
    assert reports.report(report(record)).match is Match.AGREES


def test_lists_by_holder_and_authority_page_by_cursor(fresh, applications):
    reports = fresh.reported_licences
    views = [reports.report(report(record)) for record in applications[:4]]
    found, cursor = [], ""
    while page := reports.search(ReportFilter(after_id=cursor, limit=3)):
        found += [view.id for view in page]
        cursor = page[-1].id
    assert sorted(view.id for view in views) == found
    one = views[0]
    by_holder = reports.search(ReportFilter(holder_code=one.facts.holder_code, authority_code=one.authority_code))
    assert one.id in {view.id for view in by_holder}
    with reading(fresh.deps.sessions) as session:
        assert one.id in {view.id for view in reports.of_holder(session, one.facts.holder_code)}


def test_limits_and_samples(fresh, applications):
    reports = fresh.reported_licences
    stranger = client({Scope.REPORTS_WRITE}, authorities={"11441700G00001480K"})
    with pytest.raises(ForbiddenError):
        reports.report(report(applications[1]), actor=stranger)
    with pytest.raises(ForbiddenError):
        reports.report(report(applications[1]), actor=client({Scope.LICENCES_ISSUE}))
    sandbox = client({Scope.REPORTS_WRITE}, sandbox=True)
    sample = reports.report(report(applications[1]), actor=sandbox)
    real = reports.report(report(applications[1]))
    assert sample.id != real.id
    with pytest.raises(NotFoundError):
        reports.get(sample.id)
    assert [x.id for x in reports.search(ReportFilter(), actor=sandbox)] == [sample.id]
    assert reports.search(ReportFilter(), actor=stranger) == []


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"origin": "x"}, "record"),
        ({"record": {}, "origin": "x", "colour": "red"}, "colour"),
        ({"record": {}, "origin": 3}, "origin"),
        ("text", "record"),
    ],
)
def test_a_report_of_another_shape_is_refused(document, field):
    with pytest.raises(ValidationFailedError) as refused:
        LicenceReport.from_json(document)
    assert [error.field for error in refused.value.errors] == [field]


def test_a_report_without_origin_or_with_a_broken_record_is_refused(fresh, applications):
    reports = fresh.reported_licences
    with pytest.raises(ValidationFailedError, match="origin"):
        reports.report(LicenceReport(applications[1], " "))
    with pytest.raises(ValidationFailedError, match="blank_serial_number"):
        reports.report(LicenceReport(applications[1], ORIGIN, blank_form="正本"))
    with pytest.raises(ValidationFailedError, match="CYRSFZJHM"):
        reports.report(LicenceReport(applications[1] | {"CYRSFZJHM": "91441700MAX000015A"}, ORIGIN))


def test_corrections_that_meet_are_numbered_one_after_the_other(fresh, applications):
    records = [applications[1] | {"许可项目": f"项目{n}"} for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        views = list(pool.map(lambda record: fresh.reported_licences.report(report(record)), records))
    assert sorted(view.revision for view in views) == [1, 2, 3, 4, 5, 6]
    assert len(fresh.reported_licences.search(ReportFilter())) == 1
