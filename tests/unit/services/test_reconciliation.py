"""The reconciliation report: each drift is found, nothing else is, and what leaves is safe to open."""

import contextlib
import csv
import io
import json
import tracemalloc
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.domain.actors import Scope
from gateway.domain.catalogue import Forms
from gateway.domain.orders import VersionKind
from gateway.domain.papers import BlankState
from gateway.domain.reconciliation import Drift, DriftKind, safe_cell, write_csv
from gateway.domain.reported import LicenceReport
from gateway.domain.status import LicenceStatus
from gateway.errors import ForbiddenError, TransitionRefusedError
from gateway.persistence.models import BlankForm, Licence, LicenceVersion
from gateway.persistence.session import reading
from gateway.services import drift_queries, reconciliation
from gateway.services.listing import WHOLE, current_status, version_in_effect
from gateway.services.papers import BlankChoice
from gateway.services.status_changes import StatusDecision
from gateway.services.versions import VersionRequest
from tests.conftest import container_at
from tests.unit.services.actors import client
from tests.unit.services.test_forms import set_forms

FORM = "卫生许可证正本"


@pytest.fixture
def licence(fresh, applications):
    return fresh.licences.issue(applications[1])


@pytest.fixture
def authority(licence):
    return licence.licence_identifier.split(".")[6]


@pytest.fixture
def printed(fresh, licence, authority):
    """In the holder's hand, on the first of three forms: nothing is wrong."""
    fresh.blank_forms.receive(authority, FORM, "WS01", "WS03")
    fresh.papers.print(licence.licence_identifier, 0, BlankChoice(FORM, "WS01"))
    fresh.papers.collect(licence.licence_identifier, 0, "梁某某")
    return licence


def found(container, **more):
    with closing(container.reconciliation.drifts(**more)) as drifts:
        return list(drifts)


def kinds(container, **more):
    return [drift.kind for drift in found(container, **more)]


def later(container, days):
    """The same gateway some days on."""
    from gateway.container import Container

    return Container(container.settings, lambda: container.clock() + timedelta(days=days))


def decide(container, licence, status):
    container.status_changes.record(licence.licence_identifier, StatusDecision(status, "《行政许可法》", "测试"))


def test_in_step_there_is_nothing_to_report(fresh, printed):
    assert found(fresh) == found(later(fresh, 30)) == []
    report = fresh.reconciliation.report()
    assert (report.counts.total, report.is_shortened) == (0, False)
    assert set(report.counts.by_kind) == set(DriftKind)


def test_a_licence_that_was_never_printed(fresh, licence):
    assert found(fresh) == []
    (drift,) = found(later(fresh, 8))
    assert (drift.kind, drift.licence_identifier, drift.copy_number) == (
        DriftKind.NEVER_PRINTED,
        licence.licence_identifier,
        "0",
    )
    assert kinds(later(fresh, 3000)) == []  # expired meanwhile


def test_a_void_paper_of_a_valid_licence(fresh, printed):
    fresh.papers.void(printed.licence_identifier, 0, "污损")
    assert kinds(fresh) == [DriftKind.VOID_PAPER]
    decide(fresh, printed, LicenceStatus.CANCELLED)
    assert kinds(fresh) == []


def test_papers_of_a_superseded_version_are_to_be_taken_back(fresh, printed, applications):
    record = applications[1] | {"许可项目": "宾馆"}
    soon = fresh.clock() + timedelta(days=2)
    fresh.versions.issue(printed.licence_identifier, VersionRequest(VersionKind.AMENDMENT, record, "变更", soon))
    assert kinds(fresh) == []
    assert kinds(later(fresh, 3)) == [DriftKind.PAPER_NOT_TAKEN_BACK]
    fresh.papers.take_back(printed.licence_identifier, 0, "已换发")
    assert kinds(later(fresh, 3)) == []


def test_papers_of_an_ended_licence_are_to_be_taken_back(fresh, printed):
    decide(fresh, printed, LicenceStatus.REVOKED)
    assert kinds(fresh) == [DriftKind.PAPER_NOT_TAKEN_BACK]


def test_reports_without_a_licence_and_with_other_content(fresh, printed, applications):
    fresh.reported_licences.report(LicenceReport(applications[1] | {"许可项目": "=HYPERLINK(1)"}, "旧系统"))
    fresh.reported_licences.report(LicenceReport(applications[2], "旧系统"))
    by_kind = {drift.kind: drift for drift in found(fresh)}
    assert set(by_kind) == {DriftKind.PAPER_WITHOUT_ELECTRONIC, DriftKind.FACE_DIFFERS}
    differs = by_kind[DriftKind.FACE_DIFFERS]
    assert (differs.field, differs.reported) == ("face/许可项目", "=HYPERLINK(1)")
    assert differs.registered == applications[1]["许可项目"]
    out = io.StringIO()
    fresh.reconciliation.export(out, "text/csv")
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert "'=HYPERLINK(1)" in [row["reported"] for row in rows]
    # A correction that agrees ends it, and so does a type that exists on paper only.
    fresh.reported_licences.report(LicenceReport(applications[1], "旧系统"))
    set_forms(fresh, applications[2], Forms.PAPER_ONLY)
    assert found(fresh) == []


def test_one_blank_used_twice(fresh, printed, applications):
    report = fresh.reported_licences.report
    report(LicenceReport(applications[1], "旧系统", "WS01", FORM))
    assert found(fresh) == []  # the licence's own form
    other = applications[1] | {"ZZHM": "粤卫公证字〔2024〕第9号"}
    report(LicenceReport(other, "旧系统", "WS01"))
    twice = [drift for drift in found(fresh) if drift.kind is DriftKind.BLANK_USED_TWICE]
    assert sorted((drift.field, drift.reported or drift.registered) for drift in twice) == [
        ("report", max(other["ZZHM"], applications[1]["ZZHM"])),
        ("stock", "issued"),
    ]
    report(LicenceReport(other, "旧系统", "WS02", "别的证"))
    assert DriftKind.BLANK_USED_TWICE not in kinds(fresh)
    report(LicenceReport(other, "旧系统", "WS02"))
    assert [d.registered for d in found(fresh) if d.kind is DriftKind.BLANK_USED_TWICE] == ["in_stock"]


def test_gaps_in_the_stock_and_a_form_without_its_paper(fresh, printed, authority):
    fresh.blank_forms.receive(authority, FORM, "WS07", "WS09")
    fresh.blank_forms.receive(authority, "副本", "WS90", "WS90")
    with fresh.deps.sessions.begin() as session:
        session.scalars(select(BlankForm).where(BlankForm.serial_number == "WS08")).one().state = BlankState.ISSUED
    assert [(d.kind, d.blank_form, d.blank_serial_number) for d in found(fresh)] == [
        (DriftKind.STOCK_GAP, FORM, "WS04–WS06"),
        (DriftKind.BLANK_WITHOUT_PAPER, FORM, "WS08"),
    ]


def test_a_file_that_is_missing(fresh, printed):
    printed.paper_file.local_path.unlink()
    (drift,) = found(fresh)
    assert (drift.kind, drift.field, drift.registered) == (DriftKind.FILE_MISSING, "paper", printed.paper_sm3)


def test_everyone_sees_only_what_is_theirs(fresh, printed, authority, applications):
    fresh.papers.void(printed.licence_identifier, 0, "污损")
    fresh.blank_forms.receive(authority, FORM, "WS07", "WS07")
    mine = client({Scope.LICENCES_READ}, authorities={authority})
    stranger = client({Scope.LICENCES_READ}, authorities={"11441700G00001480K"})
    assert kinds(fresh, actor=mine) == kinds(fresh, authority_code=authority, actor=mine) == kinds(fresh)
    assert kinds(fresh, authority_code="11441700G00001480K") == kinds(fresh, actor=stranger) == []
    assert kinds(fresh, actor=client({Scope.LICENCES_READ}, sandbox=True)) == []
    with pytest.raises(ForbiddenError):
        found(fresh, authority_code=authority, actor=stranger)
    with pytest.raises(ForbiddenError):
        fresh.reconciliation.report(actor=client({Scope.PAPERS_HANDLE}))


def test_the_short_report_counts_all_and_the_json_export_has_all(fresh, printed, authority):
    for serial in ("WS05", "WS07", "WS09"):
        fresh.blank_forms.receive(authority, FORM, serial, serial)
    report = fresh.reconciliation.report(limit=1)
    assert (report.counts.total, len(report.rows), report.is_shortened) == (3, 1, True)
    assert report.to_json()["counts"]["by_authority"] == {authority: {"stock_gap": 3}}
    out = io.StringIO()
    counts = fresh.reconciliation.export(out, "application/json")
    whole = json.loads(out.getvalue())
    assert [row["blank_serial_number"] for row in whole["rows"]] == ["WS04", "WS06", "WS08"]
    assert whole["counts"] == counts.to_json()


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(value):
    assert safe_cell(value) == "'" + value
    out = io.StringIO()
    write_csv([Drift(DriftKind.FACE_DIFFERS, "a", reported=value)], out)
    assert list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1][9] == "'" + value


def test_the_database_judges_status_as_the_register_does(fresh, applications):
    """The SQL conditions against ``current_status`` and ``version_in_effect``, on versions of every status and time."""
    now, day = fresh.clock(), timedelta(days=1)
    licences = [fresh.licences.issue(record) for record in applications[:8]]
    for number, licence in enumerate(licences):
        # What the rules refuse is simply not among the cases.
        with contextlib.suppress(TransitionRefusedError):
            if number % 4:
                status = (LicenceStatus.SUSPENDED, LicenceStatus.REVOKED, LicenceStatus.SUSPENDED)[number % 4 - 1]
                at = now + (number - 4) * day
                decision = StatusDecision(status, "法", "因", effective_at=at)
                fresh.status_changes.record(licence.licence_identifier, decision)
            if number % 4 == 3:
                back = StatusDecision(LicenceStatus.VALID, "法", "因", effective_at=now + (number - 3) * day)
                fresh.status_changes.record(licence.licence_identifier, back)
            record = applications[number]
            at = now + (2 - number) * day
            fresh.versions.issue(licence.licence_identifier, VersionRequest(VersionKind.AMENDMENT, record, "x", at))
    with reading(fresh.deps.sessions) as session:
        versions = session.scalars(select(LicenceVersion).options(*WHOLE)).all()
        assert len(versions) > len(licences)
        for days in (-10, -3, -1, 0, 1, 2, 5, 3000):
            at = now + days * day
            valid = set(
                session.scalars(
                    select(LicenceVersion.licence_identifier)
                    .join(LicenceVersion.licence)
                    .where(drift_queries.is_valid(at))
                )
            )
            by_licence = {}
            for version in versions:
                by_licence.setdefault(version.licence_id, []).append(version)
            current = [version_in_effect(group, at) for group in by_licence.values()]
            assert valid == {v.licence_identifier for v in current if current_status(v, at) == "valid"}


def test_memory_does_not_grow_with_the_register(fresh, licence, authority):
    """Twenty thousand gaps pass by; what is held is a batch."""
    with fresh.deps.sessions.begin() as session:
        session.execute(
            BlankForm.__table__.insert(),
            [
                {"authority_code": authority, "form": FORM, "serial_number": f"A{2 * n:06}", "state": "in_stock"}
                for n in range(20_001)
            ],
        )
    tracemalloc.start()
    counted = fresh.reconciliation.export(_Nowhere(), "text/csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counted.by_kind[DriftKind.STOCK_GAP] == 20_000
    assert peak < 6 * 1024 * 1024


class _Nowhere:
    def write(self, text):
        return len(text)


def test_the_setting_says_how_long_printing_may_take(fresh, licence):
    patient = container_at(fresh.settings.data_dir, print_within_days=60)
    assert kinds(later(patient, 30)) == []
    with reading(fresh.deps.sessions) as session:
        assert session.query(Licence).count() == 1


def test_reports_stream_over_many_batches(fresh, printed, applications, monkeypatch):
    monkeypatch.setattr(reconciliation, "_BATCH", 2)
    for number in range(7):
        fresh.reported_licences.report(LicenceReport(applications[2] | {"ZZHM": f"旧{number}"}, "旧系统"))
    assert kinds(fresh) == [DriftKind.PAPER_WITHOUT_ELECTRONIC] * 7
