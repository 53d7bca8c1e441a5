"""Backup and restore of a whole gateway: registry, files, keys (sealed as they are), trust material.

Order is what makes a backup consistent while the gateway works: what the registry is the source of (the log's tiles) is
copied before the snapshot of the registry, what the registry refers to (files, keys, certificates) after it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, delete, select

from gateway.errors import ConflictError, StorageError, UnreadableInputError
from gateway.persistence.change_marks import CHANGES
from gateway.persistence.models import StoredFile
from gateway.persistence.schema import is_current, upgrade
from gateway.persistence.session import reading
from gateway.persistence.table_dump import dump_rows, is_empty, load_rows, snapshot, tables
from gateway.services.dependencies import Dependencies
from signing.sm2 import sm3

_FORMAT = "licence-gateway/backup/1"
_MANIFEST = "manifest.json"
_DERIVED = frozenset({"transparency-log"})
"""Folders of the data directory that are made out of the registry."""
_ELSEWHERE = frozenset({"files", "simulator"})
_MAY_BE_THERE = frozenset({"keys", CHANGES})
"""Files are copied by digest; the simulated phones of the sample enterprises are nobody's."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class BackupSummary:
    """What a backup holds, or what was restored from one."""

    schema_revision: str
    rows: dict[str, int]
    """By table."""
    files: int
    """Licence files."""
    created_at: str


class Backups:
    """Makes backups, checks them, and restores them into an empty gateway."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def create(self, folder: Path, progress: Progress = lambda _: None) -> BackupSummary:
        """Back up into a new folder, while the gateway works. The password of the keys is left out on purpose.

        ConflictError when the folder holds anything; StorageError when a licence file is missing or altered.
        """
        if folder.exists() and any(folder.iterdir()):
            raise ConflictError(f"{folder} is not empty.", hint="Name a new folder.")
        (folder / "tables").mkdir(parents=True)
        folder.chmod(0o700)
        self._copy_data(folder / "data", lambda name: name in _DERIVED)
        progress("登记簿 registry")
        with snapshot(self._deps.engine) as connection:
            revision = _revision(connection)
            rows = {table.name: dump_rows(connection, table, folder / "tables" / table.name) for table in tables()}
            stored = connection.execute(select(StoredFile.sm3, StoredFile.suffix, StoredFile.sha256)).all()
        progress("密钥与信任库 keys and trust store")
        self._copy_data(folder / "data", lambda name: name not in _DERIVED)
        progress(f"证照文件 licence files: {len(stored)}")
        for digest, suffix, sha256 in stored:
            target = folder / "files" / digest[:2] / f"{digest}{suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._deps.files.read(digest, suffix, sha256))
        summary = BackupSummary(revision, rows, len(stored), self._deps.clock().isoformat())
        _write_manifest(folder, summary)
        return summary

    def check(self, folder: Path) -> BackupSummary:
        """Read a whole backup. StorageError names the first file that is missing, altered or too many."""
        summary, digests = _read_manifest(folder)
        found = dict(_digests(folder))
        for name in sorted(digests.keys() | found.keys()):
            if digests.get(name) != found.get(name):
                raise StorageError(f"The backup's {name} is not as it was written.", hint="Take another backup.")
        return summary

    def restore(self, folder: Path, progress: Progress = lambda _: None) -> BackupSummary:
        """Restore into an empty data directory and an empty database, of either engine, and check every file.

        Put the key password where it belongs before or after. ConflictError when anything is there already or the
        backup is of another schema revision; StorageError when the backup is damaged.
        """
        progress("核对备份 checking the backup")
        summary = self.check(folder)
        data = self._deps.settings.data_dir
        if data.exists() and any(path.name not in _MAY_BE_THERE for path in data.iterdir()):
            raise ConflictError(f"{data} is not empty.", hint="Restore into a new data directory.")
        data.mkdir(parents=True, exist_ok=True)
        progress("登记簿 registry")
        self._restore_rows(folder / "tables", summary)
        progress("密钥与信任库 keys and trust store")
        shutil.copytree(folder / "data", data, dirs_exist_ok=True)
        progress(f"证照文件 licence files: {summary.files}")
        self._restore_files(folder / "files")
        return summary

    def _restore_rows(self, folder: Path, summary: BackupSummary) -> None:
        upgrade(self._deps.engine)
        if not is_current(self._deps.engine):
            raise ConflictError("The database is not at the schema of this release.")
        with self._deps.engine.begin() as connection:
            if _revision(connection) != summary.schema_revision:
                raise ConflictError(
                    f"The backup has the schema {summary.schema_revision}.",
                    hint="Restore it with the release that made it, then upgrade.",
                )
            if not is_empty(connection):
                raise ConflictError("The database is not empty.", hint="Name a new one in GATEWAY_DATABASE_URL.")
            for table in tables():
                # The events just loaded queued themselves for the log; the backup says which of them really wait.
                connection.execute(delete(table))
                load_rows(connection, table, folder / table.name)

    def _restore_files(self, folder: Path) -> None:
        """Into whichever store is set; each goes in by the digest of its content, and must be the one that it claims."""
        self._deps.files.prepare()
        with reading(self._deps.sessions) as session:
            stored = session.execute(select(StoredFile.sm3, StoredFile.suffix, StoredFile.sha256)).all()
        for digest, suffix, sha256 in stored:
            with self._deps.files.writing():
                self._deps.files.stage([((folder / digest[:2] / f"{digest}{suffix}").read_bytes(), suffix)])
                self._deps.files.publish([(digest, suffix)])
            self._deps.files.read(digest, suffix, sha256)

    def _copy_data(self, target: Path, is_wanted: Callable[[str], bool]) -> None:
        data = self._deps.settings.data_dir
        password = self._deps.settings.resolved_key_password_file.resolve()
        for path in sorted(data.iterdir()):
            if path.is_dir() and path.name not in _ELSEWHERE and is_wanted(path.name):
                shutil.copytree(path, target / path.name, ignore=_ignoring(password))


def _ignoring(password: Path) -> Callable[[str, list[str]], set[str]]:
    def ignored(folder: str, names: list[str]) -> set[str]:
        # The password, the one that follows it, and files that are being written this moment.
        hidden = {name for name in names if name.startswith(".")}
        return hidden | {n for n in names if (Path(folder) / n).resolve() in (password, Path(f"{password}.next"))}

    return ignored


def _revision(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _write_manifest(folder: Path, summary: BackupSummary) -> None:
    document = {"format": _FORMAT, **vars(summary), "digests": dict(_digests(folder))}
    path = folder / _MANIFEST
    with path.open("w", encoding="utf-8") as handle:
        handle.write(json.dumps(document, ensure_ascii=False, indent=1))
        handle.flush()
        os.fsync(handle.fileno())


def _read_manifest(folder: Path) -> tuple[BackupSummary, dict[str, Any]]:
    try:
        document = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            raise UnreadableInputError(f"{folder} is a backup of another form.")
        names = ("schema_revision", "rows", "files", "created_at")
        return BackupSummary(**{name: document[name] for name in names}), document["digests"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInputError(
            f"{folder} holds no whole backup.", hint="Its manifest.json is written last."
        ) from error


def _digests(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != _MANIFEST:
            data = path.read_bytes()
            yield (
                path.relative_to(folder).as_posix(),
                {"sm3": sm3(data).hex(), "sha256": hashlib.sha256(data).hexdigest()},
            )
