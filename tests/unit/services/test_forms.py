"""Electronic and paper in step: no licence is valid in one form alone unless its type allows it."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from gateway.domain.catalogue import Forms
from gateway.domain.orders import VersionKind
from gateway.domain.papers import PaperState
from gateway.errors import ConflictError, ValidationFailedError
from gateway.persistence.models import Licence, LicenceTypeRow, LicenceVersion, PaperEvent
from gateway.persistence.session import reading
from gateway.services import licences as issuing
from gateway.services.papers import BlankChoice
from gateway.services.versions import VersionRequest


def set_forms(container, application, forms):
    """Let the type of ``application`` exist in these forms."""
    with container.deps.sessions.begin() as session:
        row = session.scalars(select(LicenceTypeRow).where(LicenceTypeRow.name == application["ZZMC"])).one()
        row.definition = {**row.definition, "forms": forms}
    container.catalogue.forget()


def versions(container):
    with reading(container.deps.sessions) as session:
        return [(v, list(v.paper)) for v in session.scalars(select(LicenceVersion))]


def test_every_version_has_both_forms(issued, applications):
    found = versions(issued)
    assert len(found) == len(applications)
    for version, papers in found:
        assert version.electronic_sm3
        assert [paper.copy_number for paper in papers][:1] == [0]


@pytest.mark.parametrize("broken", [{"electronic": b""}, {"papers": ()}])
def test_a_draft_with_one_form_is_not_recorded(fresh, applications, monkeypatch, broken):
    whole = issuing.make_draft
    monkeypatch.setattr(issuing, "make_draft", lambda *args: replace(whole(*args), **broken))
    with pytest.raises(ConflictError, match="形式不齐"):
        fresh.licences.issue(applications[1])
    with reading(fresh.deps.sessions) as session:
        assert session.query(Licence).count() == session.query(LicenceVersion).count() == 0


def test_an_electronic_type_has_no_papers(fresh, applications):
    set_forms(fresh, applications[1], Forms.ELECTRONIC_ONLY)
    licence = fresh.licences.issue(applications[1])
    assert (licence.paper_file, licence.paper_sm3, licence.duplicate_files) == (None, None, ())
    assert fresh.papers.of(licence.licence_identifier) == []
    assert not fresh.licences.issue(applications[1]).newly_issued
    with pytest.raises(ValidationFailedError, match="duplicates"):
        fresh.licences.issue(applications[0] | {}, duplicates=21)
    request = VersionRequest(VersionKind.AMENDMENT, applications[1] | {"许可项目": "宾馆"}, "x", duplicates=1)
    with pytest.raises(ValidationFailedError, match="duplicates"):
        fresh.versions.issue(licence.licence_identifier, request)


def test_a_paper_type_is_not_issued_here(fresh, applications):
    set_forms(fresh, applications[1], Forms.PAPER_ONLY)
    for act in (fresh.licences.issue, fresh.licences.check):
        with pytest.raises(ValidationFailedError, match="报送"):
            act(applications[1])


@pytest.fixture
def collected(fresh, applications):
    """A licence with its original and one duplicate in the holder's hands."""
    licence = fresh.licences.issue(applications[1], duplicates=1)
    authority = licence.licence_identifier.split(".")[6]
    fresh.blank_forms.receive(authority, "证", "A01", "A09")
    for number in (0, 1):
        fresh.papers.print(licence.licence_identifier, number, BlankChoice("证", f"A0{number + 1}"))
        fresh.papers.collect(licence.licence_identifier, number, "梁某某")
    return licence.licence_identifier


def states(container, identifier):
    return [paper.state for paper in container.papers.of(identifier)]


def test_a_replacement_declares_the_papers_lost(fresh, applications, collected):
    statement = "2024年6月1日在市报声明遗失"
    request = VersionRequest(VersionKind.REPLACEMENT, applications[1], statement, lost_copies=(0,))
    fresh.versions.issue(collected, request)
    assert states(fresh, collected) == [PaperState.LOST, PaperState.COLLECTED]
    with reading(fresh.deps.sessions) as session:
        event = session.scalars(select(PaperEvent).where(PaperEvent.action == "lost")).one()
        assert event.reason == statement
    back = fresh.papers.take_back(collected, 1, "已换发")
    assert back.state is PaperState.RETURNED
    assert fresh.papers.take_back(collected, 0, "已找到").to_json()["state_name"]["en"] == "taken back"
    with pytest.raises(ConflictError, match="已收回"):
        fresh.papers.void(collected, 1, "x")


def test_without_a_choice_everything_that_the_holder_had_is_lost(fresh, applications, collected):
    fresh.versions.issue(collected, VersionRequest(VersionKind.REPLACEMENT, applications[1], "遗失"))
    assert states(fresh, collected) == [PaperState.LOST, PaperState.LOST]


def test_only_a_replacement_names_lost_papers(fresh, applications, collected):
    request = VersionRequest(VersionKind.AMENDMENT, applications[1], "变更", lost_copies=(0,))
    with pytest.raises(ValidationFailedError, match="lost_copies"):
        fresh.versions.issue(collected, request)
