"""What is personal lies in no database in clear, and follows its key."""

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, update

from gateway.domain.masking import HIDDEN
from gateway.errors import StorageError
from gateway.persistence.models import AuditEvent, LicenceVersion, PaperEvent
from gateway.services.papers import BlankChoice
from gateway.services.sealed_places import collector, version_face
from gateway.services.status_changes import LicenceStatus, StatusDecision
from gateway.services.storage import Storage

SIGNER, COLLECTOR, IDENTITY = "欧阳签发", "司徒领证", "11010519491231002X"


@pytest.fixture
def licence(fresh, applications):
    issued = fresh.licences.issue(applications[0] | {"签发人": SIGNER})
    authority = issued.licence_identifier.split(".")[6]
    fresh.blank_forms.receive(authority, "正本", "A01", "A09")
    fresh.papers.print(issued.licence_identifier, 0, BlankChoice("正本", "A01"))
    fresh.papers.collect(issued.licence_identifier, 0, COLLECTOR)
    return issued


def raw(container):
    """Every byte that the database keeps: files of SQLite with its log, or every row of every table of PostgreSQL."""
    if container.deps.engine.dialect.name == "sqlite":
        return b"".join(path.read_bytes() for path in container.settings.data_dir.glob("gateway.db*"))
    content = b""
    with psycopg.connect(container.settings.resolved_database_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as rows:
                content += b"".join(rows)
    return content


def clear_in(content, value):
    """As UTF-8, and as JSON may escape it."""
    escaped = value.encode("ascii", "backslashreplace")
    return value.encode() in content or escaped in content


def test_the_database_holds_no_personal_value_in_clear(fresh, licence):
    fresh.verifications.verify(licence.electronic_file.read_bytes(), "a.pdf")
    reason = f"申请人 {IDENTITY} 要求"
    fresh.status_changes.record(licence.licence_identifier, StatusDecision(LicenceStatus.SUSPENDED, "测试", reason))
    content = raw(fresh)
    assert clear_in(content, licence.holder_name)
    assert not clear_in(content, SIGNER)
    assert not clear_in(content, COLLECTOR)
    with fresh.deps.sessions() as session:
        details = [event.detail for event in session.scalars(select(AuditEvent))]
    assert f"申请人 {HIDDEN} 要求" in [detail.get("reason") for detail in details]
    assert IDENTITY not in str(details)


def test_those_who_may_see_it_can(fresh, licence):
    with fresh.deps.sessions() as session:
        version = session.get(LicenceVersion, licence.licence_identifier)
        face = fresh.deps.vault.open_face(version.face_items, version_face(version.licence_identifier))
        event = session.scalar(select(PaperEvent).where(PaperEvent.action == "collected"))
        place = collector(licence.licence_identifier, 0, event.occurred_at)
        assert fresh.deps.vault.open(event.collected_by, place) == COLLECTOR
    assert face["签发人"] == SIGNER
    shown = fresh.licences.public_answer(licence.licence_identifier).face
    assert {value.label: value.value for value in shown}["签发人"] == HIDDEN


def test_a_new_key_reseals_every_row_and_clear_rows_of_older_releases(fresh, licence):
    with fresh.deps.sessions.begin() as session:
        session.execute(update(PaperEvent).where(PaperEvent.action == "collected").values(collected_by=COLLECTOR))
    assert Storage(fresh.deps, fresh.catalogue).reseal() == 1
    assert fresh.storage.reseal() == 0
    before = raw(fresh)
    assert fresh.storage.reseal(with_new_key=True) == 2
    assert b"sealed:1:" in before
    with fresh.deps.sessions() as session:
        version = session.get(LicenceVersion, licence.licence_identifier)
        assert version.face_items["签发人"]["sealed"].startswith("sealed:2:")
        opened = fresh.deps.vault.open_face(version.face_items, version_face(version.licence_identifier))
    assert opened["签发人"] == SIGNER


def test_a_value_that_was_moved_to_another_row_does_not_open(fresh, licence, applications):
    other = fresh.licences.issue(applications[0] | {"ZZHM": "JY14417000019999", "签发人": "乙"})
    with fresh.deps.sessions.begin() as session:
        stolen = session.get(LicenceVersion, licence.licence_identifier).face_items
        session.get(LicenceVersion, other.licence_identifier).face_items = dict(stolen)
    with fresh.deps.sessions() as session:
        moved = session.get(LicenceVersion, other.licence_identifier).face_items
    with pytest.raises(StorageError):
        fresh.deps.vault.open_face(moved, version_face(other.licence_identifier))
