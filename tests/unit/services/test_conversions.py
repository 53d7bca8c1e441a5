"""Bulk conversion on both databases: each row once, whatever happens in between."""

import csv
import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from certs.uscc import check_digit
from gateway.domain.actors import Scope
from gateway.domain.conversions import BAD, ERROR_COLUMNS, JobState, RowStatus
from gateway.errors import ConflictError, NotFoundError, SealRefusedError, UnreadableInputError, ValidationFailedError
from gateway.persistence.models import AuditEvent, ConversionJob, ConversionRow, Enterprise, Licence, LicenceVersion
from gateway.persistence.session import reading
from gateway.services import conversion_chunks
from gateway.services.conversion_sources import ConversionSource
from gateway.spreadsheets.reading import cell_text
from gateway.spreadsheets.writing import write_table
from signing.errors import SigningError
from tests.conftest import VECTORS, container_at
from tests.unit.domain.cleaning_rows import GOOD, HEADINGS
from tests.unit.services.actors import client

REGISTER = VECTORS / "conversion" / "paper_licences_gb18030.csv"


def source(container, path, profile=None):
    return ConversionSource(path, container.catalogue.load(), profile)


def register(folder, *rows, name="register.csv", headings=HEADINGS):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, headings, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / name
    path.write_bytes(text.getvalue().encode())
    return path


def numbered(count, **more):
    return [GOOD | {"证照号码": f"JY1441700002{number:04}"} | more for number in range(count)]


def converted(container, path, **options):
    """Begin a conversion and do all of its work here."""
    job = container.conversions.begin(source(container, path), **options)
    while chunks := container.conversions.pending_chunks(job.id):
        for chunk in chunks:
            container.conversions.work(*chunk)
    return container.conversions.show(job.id)


def outcomes(container, job):
    return list(container.conversions.outcomes(job.id))


def count(container, column):
    with reading(container.deps.sessions) as session:
        return session.scalar(select(func.count(column)))


def test_the_sample_register_is_converted_once_and_a_second_run_issues_nothing(fresh):
    job = converted(fresh, REGISTER)
    assert job.state is JobState.FINISHED
    assert dict(job.counts.by_status) == {"converted": 496, "refused": 103, "duplicate": 1}
    assert sum(job.counts.by_reason.values()) == 104
    again = converted(fresh, VECTORS / "conversion" / "paper_licences.xlsx")
    assert dict(again.counts.by_status) == {"already_registered": 496, "refused": 103, "duplicate": 1}
    assert count(fresh, Licence.id) == count(fresh, LicenceVersion.licence_identifier) == 496
    identifiers = [row.licence_identifier for row in outcomes(fresh, again) if row.status == "already_registered"]
    assert identifiers == [row.licence_identifier for row in outcomes(fresh, job) if row.status == "converted"]


def test_a_converted_licence_is_genuine_and_says_what_it_is(fresh, tmp_path):
    row = outcomes(fresh, converted(fresh, register(tmp_path, GOOD)))[0]
    with reading(fresh.deps.sessions) as session:
        version = session.scalars(select(LicenceVersion)).one()
        assert (version.kind, version.paper) == ("conversion", [])
        sm3 = version.electronic_sm3
    pdf = fresh.deps.files.read(sm3, ".pdf")
    report = fresh.verifications.verify(pdf, "licence.pdf")
    assert report.answer.genuine == "yes"
    assert row.licence_identifier == version.licence_identifier


def test_a_dry_run_issues_and_registers_nothing(fresh, tmp_path):
    job = converted(fresh, register(tmp_path, *numbered(3), GOOD | {"有效期止": ""}), is_dry_run=True)
    assert dict(job.counts.by_status) == {"would_convert": 3, "refused": 1}
    assert count(fresh, Licence.id) == 0
    assert fresh.conversion_samples.sheet(job.id, 2).startswith(b"%PDF-")


def test_a_sample_sheet_needs_a_good_row(fresh, tmp_path):
    job = converted(fresh, register(tmp_path, GOOD | {"有效期止": ""}), is_dry_run=True)
    with pytest.raises(NotFoundError):
        fresh.conversion_samples.sheet(job.id)


def test_rows_that_disagree_and_rows_against_the_register_are_conflicts(fresh, tmp_path):
    first = GOOD | {"经营项目": "冷食类食品制售"}
    job = converted(fresh, register(tmp_path, GOOD, first))
    assert Counter(row.finding.reason_code for row in outcomes(fresh, job)) == {"ROWS_DISAGREE": 2}
    converted(fresh, register(tmp_path, GOOD))
    job = converted(fresh, register(tmp_path, first, name="later.csv"))
    (row,) = outcomes(fresh, job)
    assert (row.status, row.finding.reason_code) == (RowStatus.CONFLICT, "REGISTER_DIFFERS")
    assert row.licence_identifier
    assert count(fresh, Licence.id) == 1


def test_another_name_for_a_registered_code_is_a_conflict_and_a_bracket_is_none(fresh, tmp_path):
    other, wide = numbered(2)
    other |= {"持有人名称": "阳江市江城区另一家餐饮服务有限公司"}
    job = converted(fresh, register(tmp_path, other))
    assert outcomes(fresh, job)[0].finding.reason_code == "HOLDER_NAME_DIFFERS"
    wide |= {"持有人名称": "阳江市江城区漠江泰和餐饮服务有限公司 "}
    assert dict(converted(fresh, register(tmp_path, wide)).counts.by_status) == {"converted": 1}


UNKNOWN = {"统一社会信用代码": "91441702MA00000107", "持有人名称": "阳江市江城区新来餐饮服务有限公司"}


def unknown_holder():
    body = UNKNOWN["统一社会信用代码"][:17]
    return UNKNOWN | {"统一社会信用代码": body + check_digit(body)}


def test_an_unknown_holder_is_registered_as_unconfirmed_or_refused(fresh, tmp_path):
    path = register(tmp_path, *numbered(2, **unknown_holder()))
    job = converted(fresh, path, registers_holders=False)
    assert Counter(row.finding.reason_code for row in outcomes(fresh, job)) == {"HOLDER_UNKNOWN": 2}
    assert dict(converted(fresh, path).counts.by_status) == {"converted": 2}
    with reading(fresh.deps.sessions) as session:
        holder = session.get(Enterprise, unknown_holder()["统一社会信用代码"])
        assert (holder.registration_status, holder.area_code) == ("unconfirmed", "441702")


def test_an_error_file_that_was_mended_is_fed_back(fresh, tmp_path):
    rows = numbered(3)
    rows[1]["有效期止"] = ""
    job = converted(fresh, register(tmp_path, *rows))
    errors = tmp_path / "errors.xlsx"
    failed = [row.error_row() for row in fresh.conversions.outcomes(job.id, BAD)]
    failed[0]["有效期止"] = "2025-10-20"
    write_table(errors, [*ERROR_COLUMNS, *fresh.conversions.headings(job.id)], failed)
    assert dict(converted(fresh, errors).counts.by_status) == {"converted": 1}
    assert count(fresh, Licence.id) == 3


def test_every_change_is_in_the_report(fresh, tmp_path):
    job = converted(fresh, register(tmp_path, GOOD | {"发证日期": "２０２０/10/21"}))
    report = outcomes(fresh, job)[0].to_json()
    assert [change["rule"] for change in report["changes"]] == ["FULL_WIDTH", "DATE_FORM"]
    assert report["changes"][0]["before"] == "２０２０/10/21"


def test_a_job_that_was_killed_while_its_file_was_read_is_read_anew(fresh, tmp_path, monkeypatch):
    path = register(tmp_path, *numbered(1200))
    add, calls = fresh.conversions._add_rows, []

    def dies(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        add(*arguments)

    monkeypatch.setattr(fresh.conversions, "_add_rows", dies)
    with pytest.raises(KeyboardInterrupt):
        fresh.conversions.begin(source(fresh, path))
    monkeypatch.undo()
    job = fresh.conversions.begin(source(fresh, path))
    assert (job.state, job.pending) == (JobState.RUNNING, 1200)
    assert count(fresh, ConversionJob.id) == 1


def test_a_file_that_breaks_off_leaves_no_job(fresh, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_bytes(register(tmp_path, *numbered(600)).read_bytes() + b'"open')
    with pytest.raises(UnreadableInputError):
        fresh.conversions.begin(source(fresh, path))
    with pytest.raises(ValidationFailedError):
        fresh.conversions.begin(source(fresh, register(tmp_path, GOOD, headings=[*HEADINGS, "许可证编号"])))
    assert count(fresh, ConversionJob.id) == 0


def test_pause_resume_and_cancel(fresh, tmp_path):
    conversions = fresh.conversions
    job = conversions.begin(source(fresh, register(tmp_path, *numbered(150))))
    first, second = conversions.pending_chunks()
    conversions.work(*first)
    assert conversions.pause(job.id).state is JobState.PAUSED
    assert conversions.work(*second) == 0
    assert conversions.pending_chunks() == []
    with pytest.raises(ConflictError):
        conversions.pause(job.id)
    assert conversions.resume(job.id).state is JobState.RUNNING
    assert conversions.pending_chunks() == [second]
    assert conversions.cancel(job.id).state is JobState.CANCELLED
    with pytest.raises(ConflictError):
        conversions.resume(job.id)
    assert count(fresh, Licence.id) == 100
    assert dict(converted(fresh, register(tmp_path, *numbered(150))).counts.by_status) == {
        "already_registered": 100,
        "converted": 50,
    }


def test_the_same_chunk_at_once_from_many_counts_once(fresh, tmp_path):
    job = fresh.conversions.begin(source(fresh, register(tmp_path, *numbered(40))))
    others = [container_at(fresh.settings.data_dir) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda container: container.conversions.work(job.id, 0), others))
    for container in others:
        container.deps.engine.dispose()
    assert fresh.conversions.show(job.id).state is JobState.FINISHED
    assert count(fresh, Licence.id) == 40
    assert len(list((fresh.settings.data_dir / "files").rglob("*.pdf"))) == 40


def test_an_issue_that_comes_between_is_seen(fresh, tmp_path, monkeypatch, applications):
    application = applications[0]
    row = {name: application[key] for name, key in _GUANGDONG.items()} | {
        label: value for label, value in application.items() if label in ("经营场所", "主体业态", "经营项目")
    }
    job = fresh.conversions.begin(source(fresh, register(tmp_path, row)))
    draft = conversion_chunks.make_draft
    issued = []

    def meanwhile(*arguments):
        if not issued:
            issued.append(fresh.licences.issue(application))
        return draft(*arguments)

    monkeypatch.setattr(conversion_chunks, "make_draft", meanwhile)
    fresh.conversions.work(job.id, 0)
    (outcome,) = outcomes(fresh, job)
    assert outcome.status is RowStatus.ALREADY_REGISTERED
    assert outcome.licence_identifier == issued[0].licence_identifier
    assert count(fresh, Licence.id) == 1


_GUANGDONG = {
    "证照名称": "ZZMC",
    "证照号码": "ZZHM",
    "持有人名称": "CYRMC",
    "统一社会信用代码": "CYRSFZJHM",
    "发证机构": "FZJGMC",
    "发证日期": "FZRQ",
    "有效期起": "YXQKSRQ",
    "有效期止": "YXQJSRQ",
}


def test_a_key_that_does_not_sign_pauses_the_job_and_says_so(fresh, tmp_path, monkeypatch):
    job = fresh.conversions.begin(source(fresh, register(tmp_path, *numbered(3))))

    def refuses(*_):
        raise SigningError("the token is not there")

    monkeypatch.setattr(conversion_chunks, "make_draft", refuses)
    with pytest.raises(SigningError):
        fresh.conversions.work(job.id, 0)
    monkeypatch.undo()
    view = fresh.conversions.show(job.id)
    assert (view.state, view.pending) == (JobState.PAUSED, 3)
    assert "the token is not there" in view.trouble
    fresh.conversions.resume(job.id)
    fresh.conversions.work(job.id, 0)
    assert fresh.conversions.show(job.id).state is JobState.FINISHED


@pytest.mark.parametrize("act", ["suspend", "destroy"])
def test_a_seal_that_ends_while_a_chunk_is_signed_signed_nothing(fresh, tmp_path, monkeypatch, act):
    """The seal was read at the beginning of the chunk; what it signed before it ended does not come into the register."""
    job = fresh.conversions.begin(source(fresh, register(tmp_path, *numbered(3))))
    (seal,) = (s for s in fresh.seal_register.all() if s.authority_name == GOOD["发证机构"])
    make, ended = conversion_chunks.make_draft, []

    def ends_meanwhile(*args):
        draft = make(*args)
        ended.append(len(ended) == 2 and getattr(fresh.seal_register, act)(seal.key_id, "核查"))
        return draft

    monkeypatch.setattr(conversion_chunks, "make_draft", ends_meanwhile)
    [chunk] = fresh.conversions.pending_chunks(job.id)
    with pytest.raises(SealRefusedError, match="no longer in use"):
        fresh.conversions.work(*chunk)
    assert len(ended) == 3
    assert count(fresh, Licence.id) == 0


def test_a_department_converts_only_its_own(fresh, tmp_path):
    actor = client({Scope.LICENCES_ISSUE}, authorities={"11441700MB2C0000XX"})
    job = converted(fresh, register(tmp_path, GOOD), actor=actor)
    assert outcomes(fresh, job)[0].finding.reason_code == "OUT_OF_REACH"


def test_a_profile_is_kept_and_used(fresh, tmp_path):
    headings = ["我们的编号" if name == "证照号码" else name for name in HEADINGS]
    row = {"我们的编号" if name == "证照号码" else name: value for name, value in GOOD.items()}
    path = register(tmp_path, row, headings=headings)
    with pytest.raises(ValidationFailedError):
        fresh.conversions.begin(source(fresh, path))
    fresh.conversion_profiles.save("卫健局", {"我们的编号": "number"})
    assert fresh.conversion_profiles.names() == ["卫健局"]
    job = fresh.conversions.begin(source(fresh, path, fresh.conversion_profiles.get("卫健局")))
    assert job.pending == 1
    with pytest.raises(NotFoundError):
        fresh.conversion_profiles.get("没有")


def test_begin_and_end_of_a_job_are_leaves_of_the_log(fresh, tmp_path):
    job = converted(fresh, register(tmp_path, *numbered(2)))
    with reading(fresh.deps.sessions) as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.subject == job.id).order_by(AuditEvent.id)).all()
    assert [event.action for event in events] == ["conversion_begun", "conversion_finished"]
    assert events[1].detail["by_status"] == {"converted": 2}


def test_personal_content_is_sealed_at_rest(fresh, tmp_path):
    converted(fresh, register(tmp_path, GOOD))
    with reading(fresh.deps.sessions) as session:
        content = session.scalars(select(ConversionRow.content)).one()
    assert GOOD["持有人名称"] not in content


def test_the_paper_of_a_converted_licence_is_no_drift(fresh, tmp_path):
    converted(fresh, register(tmp_path, *numbered(3)))
    assert [drift.kind for drift in fresh.reconciliation.drifts()] == []


def test_what_rows_held_follows_the_field_key(fresh, tmp_path):
    job = converted(fresh, register(tmp_path, *numbered(2)))
    fresh.storage.reseal(with_new_key=True)
    with reading(fresh.deps.sessions) as session:
        assert all(content.startswith("sealed:2:") for content in session.scalars(select(ConversionRow.content)))
    again = container_at(fresh.settings.data_dir)
    assert [row.source.cells for row in again.conversions.outcomes(job.id)] == numbered(2)
    again.deps.engine.dispose()


def test_the_registers_spelling_of_a_name_is_a_change_that_is_told(fresh, tmp_path):
    name = GOOD["持有人名称"]
    typed = name.replace("阳江市江城区", "（阳江市江城区）")
    with fresh.deps.sessions.begin() as session:
        session.get(Enterprise, GOOD["统一社会信用代码"]).name = name.replace("阳江市江城区", "(阳江市江城区)")
    (row,) = outcomes(fresh, converted(fresh, register(tmp_path, GOOD | {"持有人名称": typed})))
    assert row.status is RowStatus.CONVERTED
    assert [(change.rule, change.before, change.after) for change in row.changes] == [
        ("REGISTERED_NAME", typed, typed.replace("（", "(").replace("）", ")"))
    ]


def test_what_the_register_has_already_is_told_in_the_error_file(fresh, tmp_path):
    path = register(tmp_path, GOOD)
    converted(fresh, path)
    job = converted(fresh, path)
    assert (job.counts.failed, dict(job.counts.by_reason)) == (0, {"ALREADY_REGISTERED": 1})
    errors = tmp_path / "errors.csv"
    assert fresh.conversion_tables.write_errors(job.id, errors) == 1
    assert "ALREADY_REGISTERED" in errors.read_text("utf-8-sig")


@pytest.mark.parametrize("form", ["ndjson", "utf-8.csv", "titled.xlsx"])
def test_the_sample_register_reads_the_same_in_every_form(fresh, tmp_path, form):
    book = load_workbook(VECTORS / "conversion" / "paper_licences.xlsx")
    lines = [[cell_text(cell) for cell in row] for row in book.active.iter_rows(values_only=True)]
    at = next(index for index, line in enumerate(lines) if "证照号码" in line or sum(map(bool, line)) > 5)
    headings, rows = lines[at], lines[at + 1 :]
    path = tmp_path / f"register.{form}"
    if form == "ndjson":
        path.write_text("\n".join(json.dumps(dict(zip(headings, row, strict=True))) for row in rows))
    elif form == "utf-8.csv":
        with path.open("w", newline="") as handle:
            csv.writer(handle).writerows([headings, *rows])
    else:
        _titled(path, headings, rows)
    job = converted(fresh, path, is_dry_run=True)
    assert dict(job.counts.by_status) == {"would_convert": 496, "refused": 103, "duplicate": 1}


def _titled(path, headings, rows):
    """As offices make them: a title over the whole width, a line of remarks, and the type merged over its rows."""
    book = Workbook()
    sheet = book.active
    sheet.append(["存量证照登记表"])
    sheet.append(["填报单位：", "行政审批局"])
    sheet.append(headings)
    for row in rows:
        sheet.append(row)
    for line in sheet.iter_rows(min_row=4):
        for cell in line:
            cell.data_type = "f" if str(cell.value or "").startswith("=") else cell.data_type
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(headings))
    column = headings.index(next(heading for heading in headings if "证照名称" in heading or "类型" in heading)) + 1
    first = 4
    while first < sheet.max_row:
        last = first
        while last < sheet.max_row and sheet.cell(last + 1, column).value == sheet.cell(first, column).value:
            last += 1
        if last > first:
            sheet.merge_cells(start_row=first, end_row=last, start_column=column, end_column=column)
        first = last + 1
    book.save(path)
