"""Looks after the file store and the sealed fields: what is missing, altered or left over, and keys that change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from gateway.domain.actors import OPERATOR
from gateway.errors import FieldError, StorageError, ValidationFailedError
from gateway.persistence.blobs import HeldFile
from gateway.persistence.models import AuditEvent, StoredFile
from gateway.persistence.sealing import add_field_key, open_vault
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.sealed_rows import reseal_rows

LEAST_GRACE = timedelta(hours=1)
"""Longer than any issue takes: a younger file may belong to one that is being recorded this moment."""
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class StorageReport:
    """What a check of the file store found."""

    files: int
    """Rows that name a file."""
    missing: tuple[str, ...]
    """SM3 digests of files that a row names and that are not there or cannot be read."""
    altered: tuple[str, ...]
    """SM3 digests of files whose content has another SM3 or SHA-256 digest than their row."""
    orphans: tuple[str, ...]
    """SM3 digests of files that no row names, however young."""

    @property
    def is_whole(self) -> bool:
        """Whether every file that is named is there as it was written; orphans do no harm."""
        return not self.missing and not self.altered


@dataclass(frozen=True)
class Garbage:
    """What garbage collection removed, or would remove."""

    files: tuple[str, ...]
    """SM3 digests."""
    bytes: int
    was_removed: bool


class Storage:
    """Checks and cleans the file store; changes the key of the sealed fields."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def check(self) -> StorageReport:
        """Read every file that a row names, and list those that none names."""
        count = 0
        missing: list[str] = []
        altered: list[str] = []
        present = {file.sm3 for file in self._deps.files.held()}
        for row in self._rows():
            count += 1
            try:
                self._deps.files.read(row.sm3, row.suffix, row.sha256)
            except StorageError:
                # It may have come after the listing: what can be read is not missing.
                (altered if row.sm3 in present else missing).append(row.sm3)
        orphans = [file.sm3 for file in self._unnamed()]
        return StorageReport(count, tuple(missing), tuple(altered), tuple(orphans))

    def collect_garbage(self, grace: timedelta, *, dry_run: bool = False) -> Garbage:
        """Remove files older than ``grace`` that no row names. ValidationFailedError for less than an hour."""
        if grace < LEAST_GRACE:
            message = "宽限期至少一小时。An hour at least: a younger file may be on its way into the register."
            raise ValidationFailedError([FieldError("grace", "OUT_OF_RANGE", message)])
        limit = self._deps.clock() - grace
        garbage = [file for file in self._unnamed() if file.written_at < limit]
        if not dry_run:
            for file in garbage:
                self._deps.files.remove(file)
        return Garbage(tuple(f.sm3 for f in garbage), sum(f.size for f in garbage), was_removed=not dry_run)

    def reseal(self, *, with_new_key: bool = False) -> int:
        """Bring all personal fields under the newest field key, made now when asked for; gives how many rows changed.

        The older keys stay in the key store: backups are sealed with them.
        """
        deps = self._deps
        if with_new_key:
            number = add_field_key(deps.keystore)
            self._note("field_key_made", str(number), {})
        fresh = Dependencies(deps.settings, deps.clock)
        try:
            count = reseal_rows(fresh, self._catalogue.load())
        finally:
            fresh.engine.dispose()
        self._note("fields_resealed", str(open_vault(deps.keystore).current), {"rows": count})
        return count

    def _note(self, action: str, subject: str, detail: dict[str, int]) -> None:
        with self._deps.sessions.begin() as session:
            session.add(
                AuditEvent(
                    occurred_at=self._deps.clock(),
                    action=action,
                    subject=subject,
                    detail=detail,
                    actor=OPERATOR.audit(),
                )
            )

    def _unnamed(self) -> Iterator[HeldFile]:
        """Files without a row. The files are listed first: a row that comes meanwhile is found."""
        batch: list[HeldFile] = []
        for file in self._deps.files.held():
            batch.append(file)
            if len(batch) == _ROWS_AT_ONCE:
                yield from self._without_row(batch)
                batch = []
        yield from self._without_row(batch)

    def _without_row(self, files: list[HeldFile]) -> list[HeldFile]:
        with reading(self._deps.sessions) as session:
            named = set(session.scalars(select(StoredFile.sm3).where(StoredFile.sm3.in_([f.sm3 for f in files]))))
        return [file for file in files if file.sm3 not in named]

    def _rows(self) -> Iterator[StoredFile]:
        last = ""
        while True:
            with reading(self._deps.sessions) as session:
                query = select(StoredFile).where(StoredFile.sm3 > last).order_by(StoredFile.sm3).limit(_ROWS_AT_ONCE)
                rows = session.scalars(query).all()
            if not rows:
                return
            yield from rows
            last = rows[-1].sm3
