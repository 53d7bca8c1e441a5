"""Checks of the registered files' signatures, done again within a bound (docs/resolve-caching.md).

A check is kept under the file's SM3 digest, with the digest of the trust material and the rules that it was made by, and
the stamp of the file that was read. It serves while these are what they were and it is younger than the bound; what could
not be decided is never kept.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from gateway.domain.answers import Genuine
from gateway.domain.conclusion import judge_signatures
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.errors import GatewayError, StorageError
from gateway.persistence.engines import insert_for, is_postgresql
from gateway.persistence.models import Licence, LicenceVersion, SignatureCheck, StoredFile
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.registered_versions import KeptCheck, kept_check
from signing.errors import SigningError
from signing.validation.process import validate_pdf

PDF = ".pdf"
_MOST_REMEMBERED = 50_000
"""Checks that one process remembers besides the register: some 20 MB."""


@dataclass(frozen=True)
class FileOfRecord:
    """A registered file, and what the register last found out about it, where that was read already."""

    sm3: str
    kept: KeptCheck | None = None


@dataclass(frozen=True)
class CheckedFile:
    """Whether a registered file is what its authority signed."""

    genuine: Genuine
    reasons: tuple[Reason, ...]
    checked_at: datetime
    """When its signatures were verified: within the bound before now."""


@dataclass(frozen=True)
class Rechecked:
    """What one round of checking again came to."""

    last: str | None
    """The file (SM3) behind which the next round goes on; None when there was none behind this one."""
    checked: int


_FILES_BEHIND = (
    select(StoredFile.sm3, SignatureCheck.trust_sm3, SignatureCheck.checked_at)
    .join(LicenceVersion, LicenceVersion.electronic_sm3 == StoredFile.sm3)
    .join(LicenceVersion.licence)
    .outerjoin(SignatureCheck, SignatureCheck.electronic_sm3 == StoredFile.sm3)
    .where(StoredFile.sm3 > bindparam("after"), ~Licence.is_sample)
    .order_by(StoredFile.sm3)
)

_SHA256 = select(StoredFile.sha256).where(StoredFile.sm3 == bindparam("sm3"))
_KEPT = select(SignatureCheck.__table__).where(SignatureCheck.electronic_sm3 == bindparam("sm3"))


@lru_cache(maxsize=256)
def _judged(genuine: str, reasons: tuple[str, ...]) -> tuple[Genuine, tuple[Reason, ...]]:
    """What was kept as words, as objects again: a few kinds of outcome stand for all files."""
    return Genuine(genuine), tuple(map(reason, reasons))


class SignatureChecks:
    """Verifies files of the register, and remembers for a bounded time that it did."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._remembered: OrderedDict[str, KeptCheck] = OrderedDict()
        self._lock = Lock()

    @property
    def bound(self) -> timedelta:
        """How old a check may be."""
        return timedelta(hours=self._deps.settings.recheck_hours)

    def of(self, files: Iterable[FileOfRecord], now: datetime, trust_sm3: str) -> list[CheckedFile]:
        """The check of each file, made now unless one that serves is at hand. A file that cannot be read is undecided."""
        made: dict[str, KeptCheck] = {}
        found = [self._at_hand(file, now, trust_sm3) or self._check(file, now, trust_sm3, made) for file in files]
        # SQLite has one writer: who only asks must not wait for it. There the background keeps what it checks.
        if is_postgresql(self._deps.engine):
            self._keep(made)
        return found

    def registered(self, digest: str) -> KeptCheck | None:
        """What the register has of a file (SM3), as another process may have found out."""
        return next(map(kept_check, self._deps.quick_reads.rows(_KEPT, {"sm3": digest})), None)

    def are_untouched(self, files: Iterable[str]) -> bool:
        """Whether files (SM3) are the ones that were checked, by their stamps."""
        remembered, stamp = self._remembered, self._deps.files.stamp
        for digest in files:
            kept = remembered.get(digest)
            if kept is None or kept.file_stamp != stamp(digest, PDF):
                return False
        return True

    def recheck(self, after: str, limit: int) -> Rechecked:
        """Of the next ``limit`` files behind ``after`` (SM3, in its order), check those again whose check is half as old as
        it may be, or was made by other trust.

        Called by the server over and over, so that a reader seldom waits for a check. Files that nobody could read are
        tried again each time.
        """
        now, trust_sm3 = self._deps.clock(), self._deps.trust_digest()
        with reading(self._deps.sessions) as session:
            rows = session.execute(_FILES_BEHIND.limit(limit), {"after": after}).all()
        due = [
            row
            for row in rows
            if row.trust_sm3 != trust_sm3 or not timedelta() <= now - row.checked_at < self.bound / 2
        ]
        made: dict[str, KeptCheck] = {}
        for row in due:
            self._check(FileOfRecord(row.sm3), now, trust_sm3, made)
        self._keep(made)
        return Rechecked(rows[-1].sm3 if len(rows) == limit else None, len(due))

    def _at_hand(self, file: FileOfRecord, now: datetime, trust_sm3: str) -> CheckedFile | None:
        stamp = self._deps.files.stamp(file.sm3, PDF)
        remembered = self._remembered.get(file.sm3)
        for kept in (remembered, file.kept):
            if kept is not None and stamp is not None and self._serves(kept, stamp, now, trust_sm3):
                if kept is not remembered:
                    self._remember(file.sm3, kept)
                return CheckedFile(*_judged(kept.genuine, kept.reasons), kept.checked_at)
        return None

    def _serves(self, kept: KeptCheck, stamp: str, now: datetime, trust_sm3: str) -> bool:
        age = now - kept.checked_at
        # A check from the future is one of a clock that was wrong.
        return kept.file_stamp == stamp and kept.trust_sm3 == trust_sm3 and timedelta() <= age < self.bound

    def _check(self, file: FileOfRecord, now: datetime, trust_sm3: str, made: dict[str, KeptCheck]) -> CheckedFile:
        """Verify a file; what is decided joins ``made``."""
        # Taken before reading: a file that is replaced in between has another stamp when it is asked for next.
        stamp = self._deps.files.stamp(file.sm3, PDF)
        genuine, reasons = self._verify(file, now)
        if stamp is not None and genuine is not Genuine.UNKNOWN:
            kept = KeptCheck(trust_sm3, stamp, now, genuine.value, tuple(each.code for each in reasons))
            self._remember(file.sm3, kept)
            made[file.sm3] = kept
        return CheckedFile(genuine, reasons, now)

    def _verify(self, file: FileOfRecord, now: datetime) -> tuple[Genuine, tuple[Reason, ...]]:
        try:
            (row,) = self._deps.quick_reads.rows(_SHA256, {"sm3": file.sm3})
            data = self._deps.files.read(file.sm3, PDF, row.sha256)
            validation = self._deps.workers.run(validate_pdf, data, self._deps.policy(), at=now)
        except (StorageError, SigningError, OSError):
            return Genuine.UNKNOWN, (reason("FILE_NOT_CHECKED"),)
        return judge_signatures(validation.signatures)

    def _remember(self, digest: str, kept: KeptCheck) -> None:
        with self._lock:
            self._remembered[digest] = kept
            self._remembered.move_to_end(digest)
            if len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)

    @retried
    def _keep(self, made: Mapping[str, KeptCheck]) -> None:
        """For the other processes. The answer stands without it, as where the database only reads."""
        if not made:
            return
        # In one order, so that two processes with the same files do not wait for each other.
        rows = [
            {"electronic_sm3": sm3, **vars(kept), "reasons": list(kept.reasons)} for sm3, kept in sorted(made.items())
        ]
        try:
            with self._deps.sessions.begin() as session:
                adding = insert_for(session.get_bind(), SignatureCheck).values(rows)
                changed = {name: adding.excluded[name] for name in KeptCheck.__dataclass_fields__}
                session.execute(adding.on_conflict_do_update(index_elements=["electronic_sm3"], set_=changed))
        except (GatewayError, IntegrityError):
            return
