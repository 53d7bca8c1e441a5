"""Purpose copies (加注件): bound to purpose, user and day, signed by the gateway, verifiable, never an original."""

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.cli_answers import report_lines
from gateway.domain.actors import Scope
from gateway.domain.answers import Genuine, InForce
from gateway.domain.basis import Basis, ObligationKind, ObligationSpec
from gateway.domain.human_report import human_report
from gateway.domain.purpose_copies import ATTACHMENT, MOST_DAYS, CopyRequest, CopyTerms
from gateway.domain.status import LicenceStatus, china_day
from gateway.domain.verdicts import EXPIRED_COPY, GENUINE_COPY, report_verdict
from gateway.domain.verification import DocumentKind, RegistryFinding, RegistryStatus
from gateway.errors import ConflictError, ForbiddenError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent, PurposeCopy
from gateway.persistence.session import reading
from gateway.services.file_validation import validate_file
from gateway.services.kept_reports import keep_report, restore_report
from gateway.services.purpose_copies import CopyFilter
from gateway.services.status_changes import StatusDecision
from signing.pdf.reading import read_attachments
from tests.unit.documents.pdfa_rules import violations
from tests.unit.services.actors import client

USER, PURPOSE = "阳江市某某招标代理有限公司", "2026年度政府采购投标"


@pytest.fixture
def licence(fresh, applications):
    """In force for years."""
    return fresh.licences.issue(applications[1])


def today(container):
    return china_day(container.clock())


def request(container, days=30, **more):
    return CopyRequest(
        **{"purpose": PURPOSE, "user_name": USER, "expires_on": today(container) + timedelta(days), **more}
    )


@pytest.fixture
def made(fresh, licence):
    view = fresh.purpose_copies.make(licence.licence_identifier, request(fresh))
    return view, fresh.purpose_copies.content(view.terms.copy_id)


def test_a_copy_names_its_original_and_is_genuine(fresh, licence, made):
    view, pdf = made
    attached = json.loads(read_attachments(pdf)[ATTACHMENT])
    assert attached["licence_identifier"] == licence.licence_identifier
    assert attached["original_sm3"] == licence.electronic_sm3
    assert (attached["purpose"], attached["user_name"]) == (PURPOSE, USER)
    report = fresh.verifications.verify(pdf, "copy.pdf")
    assert (report.answer.genuine, report.answer.in_force) == (Genuine.YES, InForce.YES)
    assert report.document.kind is DocumentKind.PURPOSE_COPY
    assert report.purpose_copy == view.terms
    assert report.registry.licence_identifier == licence.licence_identifier
    assert [r.code for r in report.answer.reasons] == ["GENUINE", "IN_FORCE", "IS_PURPOSE_COPY"]
    assert report_verdict(report) is GENUINE_COPY
    sentence = human_report(report).sentence
    assert USER in sentence.zh
    assert PURPOSE in sentence.en
    assert restore_report(keep_report(report)) == report
    assert report.to_json()["purpose_copy"]["is_expired"] is False
    # The authority's seal stands on originals only.
    assert "阳江市卫生健康局" not in report.signatures[0].signer.common_name
    assert report.signatures[0].level == "PAdES-B-T"


def test_an_expired_copy_says_so_and_the_status_of_the_original_is_joined(fresh, licence, made):
    _, pdf = made
    brief = fresh.purpose_copies.make(licence.licence_identifier, request(fresh, 1))
    old = fresh.purpose_copies.content(brief.terms.copy_id)
    later = fresh.verifications.verify(old, "copy.pdf", at=fresh.clock() + timedelta(days=3))
    assert (later.answer.genuine, later.answer.in_force) == (Genuine.YES, InForce.NO)
    assert "PURPOSE_COPY_EXPIRED" in [r.code for r in later.answer.reasons]
    assert report_verdict(later) is EXPIRED_COPY
    fresh.status_changes.record(
        licence.licence_identifier, StatusDecision(LicenceStatus.SUSPENDED, "《行政许可法》", "整改")
    )
    suspended = fresh.verifications.verify(pdf, "copy.pdf")
    assert suspended.registry.licence_status == "suspended"
    assert suspended.answer.in_force is InForce.NO
    assert report_verdict(suspended).zh == "真实的加注件，但原证照已暂扣"


def test_a_changed_copy_is_not_genuine(fresh, made):
    _, pdf = made
    at = pdf.index(b"/Info(sRGB")
    forged = fresh.verifications.verify(pdf[:at] + pdf[at:].replace(b"sRGB", b"sRGC", 1), "copy.pdf")
    assert forged.answer.genuine is Genuine.NO


def test_off_line_it_still_says_what_it_is(fresh, made):
    _, pdf = made
    deps = fresh.deps

    def not_asked(_):
        return RegistryFinding(RegistryStatus.NOT_CHECKED)

    report = validate_file(pdf, "copy.pdf", deps.policy(), not_asked, at=fresh.clock(), workers=deps.workers)
    assert (report.answer.genuine, report.answer.in_force) == (Genuine.YES, InForce.UNKNOWN)
    assert any(USER in line and PURPOSE in line for line in report_lines(report))


def test_the_register_contradicts_a_copy_with_other_terms(fresh, made):
    view, pdf = made
    with fresh.deps.sessions.begin() as session:
        session.get(PurposeCopy, view.terms.copy_id).purpose = "另一用途"
    report = fresh.verifications.verify(pdf, "copy.pdf")
    assert [(d.field, d.presented, d.registered) for d in report.registry.differences] == [
        ("purpose", PURPOSE, "另一用途")
    ]
    assert report.answer.genuine is Genuine.UNKNOWN


def test_a_copy_that_the_register_does_not_have(fresh, made):
    view, pdf = made
    with fresh.deps.sessions.begin() as session:
        session.delete(session.get(PurposeCopy, view.terms.copy_id))
    report = fresh.verifications.verify(pdf, "copy.pdf")
    assert report.registry.status is RegistryStatus.NOT_FOUND
    assert report.answer.in_force is InForce.UNKNOWN
    assert "没有" in human_report(report).sentence.zh


def test_the_holder_sees_who_obtained_which(fresh, licence, made):
    department = client({Scope.COPIES_MAKE})
    other = fresh.purpose_copies.make(licence.licence_identifier, request(fresh, 5, purpose="年检"), actor=department)
    listed = fresh.purpose_copies.of_holder(CopyFilter(licence.holder_code))
    assert {(x.terms.purpose, x.requested_by) for x in listed} == {(PURPOSE, "操作员 operator"), ("年检", "测试客户端")}
    first = fresh.purpose_copies.of_holder(CopyFilter(licence.holder_code, limit=1))
    rest = fresh.purpose_copies.of_holder(CopyFilter(licence.holder_code, after_id=first[0].terms.copy_id))
    assert [*first, *rest] == listed
    assert other.to_json()["licence_number"] == licence.licence_number
    stranger = client({Scope.COPIES_MAKE}, authorities={"11441700G00001480K"})
    assert fresh.purpose_copies.of_holder(CopyFilter(licence.holder_code), actor=stranger) == []
    with pytest.raises(ForbiddenError):
        fresh.purpose_copies.content(other.terms.copy_id, actor=stranger)
    with pytest.raises(NotFoundError):
        fresh.purpose_copies.content(other.terms.copy_id, actor=client({Scope.COPIES_MAKE}, sandbox=True))
    with reading(fresh.deps.sessions) as session:
        details = [e.detail for e in session.query(AuditEvent).filter_by(action="purpose_copy_made")]
    assert len(details) == 2
    assert USER not in json.dumps(details, ensure_ascii=False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": " "}, "purpose"),
        ({"purpose": "用" * 61}, "purpose"),
        ({"user_name": "甲\n乙"}, "user_name"),
        ({"days": -1}, "expires_on"),
        ({"days": MOST_DAYS + 1}, "expires_on"),
    ],
)
def test_what_is_asked_must_fit(fresh, licence, change, field):
    with pytest.raises(ValidationFailedError, match=field):
        fresh.purpose_copies.make(licence.licence_identifier, request(fresh, **change))


def test_no_copy_of_a_licence_that_is_not_in_force(fresh, licence):
    fresh.status_changes.record(
        licence.licence_identifier, StatusDecision(LicenceStatus.REVOKED, "《行政许可法》", "违法")
    )
    with pytest.raises(ConflictError, match="已吊销"):
        fresh.purpose_copies.make(licence.licence_identifier, request(fresh))


def test_the_longest_terms_and_obligations_fit_the_page_and_qpdf_finds_no_fault(fresh, applications, tmp_path):
    due = today(fresh) + timedelta(days=60)
    basis = Basis((ObligationSpec(ObligationKind.COMMITMENT_CHECK, ("场所符合卫生标准",), due),))
    licence = fresh.licences.issue(applications[1], basis=basis)
    wide = request(fresh, user_name="阳" * 60, purpose="用" * 60)
    view = fresh.purpose_copies.make(licence.licence_identifier, wide)
    file = tmp_path / "copy.pdf"
    file.write_bytes(fresh.purpose_copies.content(view.terms.copy_id))
    assert shutil.which("qpdf")
    subprocess.run(["qpdf", "--check", file], check=True, capture_output=True)
    text = subprocess.run(["pdftotext", "-layout", file, "-"], check=True, capture_output=True, text=True).stdout
    assert "非原件" in text
    assert "告知承诺" in text


def test_terms_of_another_making_are_not_read():
    terms = CopyTerms("a", "b", "c", "d", "e", today_of(2026), instant_of(2026))
    assert CopyTerms.parse(terms.attachment()) == terms
    broken = json.loads(terms.attachment())
    for change in (
        {"schema": "x"},
        {"expires_on": "soon"},
        {"made_at": "2026-01-01T00:00:00"},
        {"more": "1"},
        {"purpose": 3},
    ):
        assert CopyTerms.parse(json.dumps(broken | change).encode()) is None
    for content in (b"", b"[]", b"{}", b"\xff", b"[" * 100_000):
        assert CopyTerms.parse(content) is None
    assert replace(terms, expires_on=today_of(2025)).is_expired(instant_of(2026))


def today_of(year):
    return instant_of(year).date()


def instant_of(year):
    from datetime import UTC, datetime

    return datetime(year, 1, 1, 12, tzinfo=UTC)


def test_a_copy_keeps_the_rules_of_pdf_a(made):
    assert violations(made[1]) == []
