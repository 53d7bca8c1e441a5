"""A backup is restored on another machine, into the other engine too, and everything verifies there."""

import shutil

import pytest
from sqlalchemy import select

from gateway.domain.answers import Genuine
from gateway.domain.orders import VersionKind
from gateway.domain.status import LicenceStatus
from gateway.errors import ConflictError, StorageError, UnreadableInputError
from gateway.persistence.models import LicenceVersion
from gateway.persistence.table_dump import snapshot, tables
from gateway.services.papers import BlankChoice
from gateway.services.sealed_places import version_face
from gateway.services.status_changes import StatusDecision
from gateway.services.versions import VersionRequest
from tests.conftest import container_at
from tests.databases import ENGINES, forget_home


def live(container, applications):
    """A register with every kind of row that a window makes."""
    licences = [container.licences.issue(application) for application in applications[:4]]
    named = container.licences.issue(applications[0] | {"ZZHM": "JY14417000019999", "签发人": "欧阳签发"})
    request = VersionRequest(VersionKind.AMENDMENT, applications[1] | {"许可项目": "宾馆"}, "变更")
    container.versions.issue(licences[1].licence_identifier, request)
    container.status_changes.record(
        licences[2].licence_identifier, StatusDecision(LicenceStatus.SUSPENDED, "测试", "测试")
    )
    authority = licences[3].licence_identifier.split(".")[6]
    container.blank_forms.receive(authority, "正本", "A01", "A03")
    container.papers.print(licences[3].licence_identifier, 0, BlankChoice("正本", "A01"))
    container.papers.collect(licences[3].licence_identifier, 0, "司徒领证")
    return named


def rows(container):
    with snapshot(container.deps.engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in tables()
        }


@pytest.mark.parametrize("engine", ENGINES)
def test_restored_on_another_machine_everything_verifies(fresh, applications, tmp_path, engine):
    named = live(fresh, applications)
    summary = fresh.backups.create(tmp_path / "backup")
    assert summary == fresh.backups.check(tmp_path / "backup")
    assert summary.files == 12
    kept = rows(fresh)
    password = fresh.settings.resolved_key_password_file.read_bytes()
    assert not [p for p in (tmp_path / "backup").rglob("*") if p.is_file() and password.strip() in p.read_bytes()]
    with ENGINES[engine]() as make:
        other = tmp_path / "elsewhere" / "data"
        make(other)
        (other / "keys").mkdir(parents=True, mode=0o700)
        (other / "keys" / "password").write_bytes(password)
        (other / "keys" / "password").chmod(0o600)
        container = container_at(other)
        container.backups.restore(tmp_path / "backup")
        container.installation.require()
        assert rows(container) == kept
        assert container.storage.check().is_whole
        with container.deps.sessions() as session:
            versions = session.scalars(select(LicenceVersion.licence_identifier)).all()
            face = session.get(LicenceVersion, named.licence_identifier).face_items
        place = version_face(named.licence_identifier)
        assert container.deps.vault.open_face(face, place)["签发人"] == "欧阳签发"
        answers = [container.licences.public_answer(identifier).listed for identifier in versions]
        assert {answer.genuine for answer in answers} == {Genuine.YES}
        assert not container.licences.issue(applications[0]).newly_issued
        further = container.licences.issue(applications[5])
        assert further.newly_issued
        assert further.licence_identifier not in versions
        with pytest.raises(ConflictError):
            container.backups.restore(tmp_path / "backup")
        container.deps.engine.dispose()
        forget_home(other)


def test_a_damaged_or_unfinished_backup_is_refused(fresh, applications, tmp_path):
    fresh.licences.issue(applications[0])
    folder = tmp_path / "backup"
    fresh.backups.create(folder)
    with pytest.raises(ConflictError):
        fresh.backups.create(folder)
    copy = tmp_path / "copy"
    for harm in (
        lambda: next((copy / "files").rglob("*.pdf")).write_bytes(b"x"),
        lambda: next((copy / "data" / "keys").glob("*.p8")).unlink(),
        lambda: (copy / "data" / "keys" / "further.p8").write_bytes(b"x"),
        lambda: (copy / "tables" / "licences").write_text(""),
    ):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        harm()
        with pytest.raises(StorageError, match="not as it was written"):
            container_at(tmp_path / "empty").backups.restore(copy)
    (copy / "manifest.json").unlink()
    with pytest.raises(UnreadableInputError, match="no whole backup"):
        fresh.backups.check(copy)
    assert not (tmp_path / "empty").exists()


def test_a_backup_of_a_register_with_a_lost_file_is_not_made(fresh, applications, tmp_path):
    fresh.licences.issue(applications[0]).electronic_file.local_path.unlink()
    with pytest.raises(StorageError, match="missing"):
        fresh.backups.create(tmp_path / "backup")
    with pytest.raises(UnreadableInputError):
        fresh.backups.check(tmp_path / "backup")
