"""Writes that may be repeated: the first answer is kept under the caller's key and given again."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, update
from sqlalchemy.exc import IntegrityError

from gateway.errors import IdempotencyConflictError
from gateway.persistence.models import IdempotencyRecord
from gateway.persistence.retrying import retried
from gateway.persistence.session import Whole, reading
from gateway.services.dependencies import Dependencies

_WAIT_SECONDS = 20.0
_PAUSE_SECONDS = 0.05
_RETRIED_FROM = 500
"""Answers from this status on are not kept: the work was not done, and may be tried again."""


@dataclass(frozen=True)
class KeptAnswer:
    """An HTTP answer as it is kept."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class KeyedRequest:
    """A write under its key."""

    client_id: str
    key: str
    request_sm3: str
    """Digest of method, path, query and body."""


class _NotDoneError(Exception):
    """The work failed: nothing of it is to stay."""

    def __init__(self, answer: KeptAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Idempotency:
    """Lets each keyed request be executed once."""

    def __init__(
        self,
        deps: Dependencies,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._deps = deps
        self._monotonic, self._sleep = monotonic, sleep

    def once(self, request: KeyedRequest, execute: Callable[[], KeptAnswer]) -> tuple[KeptAnswer, bool]:
        """The answer, and whether it is a repeated one.

        Of requests that come together one executes, and the others wait for its answer. IdempotencyConflictError
        when the key stands for another request, or the first one is still at work after a while.
        """
        deadline = self._monotonic() + _WAIT_SECONDS
        holder = secrets.token_hex(16)
        while not self._take(request, holder):
            found = self._answer(request)
            if found is not None:
                return found, True
            if self._monotonic() > deadline:
                raise IdempotencyConflictError(
                    "同一请求仍在处理。The same request is still at work.", hint="Repeat it in a few seconds."
                )
            self._sleep(_PAUSE_SECONDS)
        try:
            return self._execute(request, holder, execute), False
        except _NotDoneError as error:
            self._release(request, holder)
            return error.answer, False
        except BaseException:
            self._release(request, holder)
            raise

    def _execute(self, request: KeyedRequest, holder: str, execute: Callable[[], KeptAnswer]) -> KeptAnswer:
        """What is written and the answer on it in one transaction: a process that dies leaves both, or neither."""
        with self._deps.sessions.joined() as whole:
            answer = execute()
            if answer.status >= _RETRIED_FROM:
                raise _NotDoneError(answer)
            _keep(whole, request, holder, answer)
        return answer

    @retried
    def _take(self, request: KeyedRequest, holder: str) -> bool:
        """Whether this request may execute: it is the first under its key, or the one before died, or its time is over."""
        now = self._deps.clock()
        settings = self._deps.settings
        # Longer than any worker is let live: who has not answered by then is dead.
        lease = now + timedelta(seconds=settings.idempotency_lease_seconds)
        ends = now + timedelta(hours=settings.idempotency_hours)
        try:
            self._deps.quick_reads.insert(
                IdempotencyRecord(
                    **vars(request),
                    holder=holder,
                    leased_until=lease,
                    status=None,
                    headers={},
                    body=b"",
                    expires_at=ends,
                )
            )
        except IntegrityError:
            take_over = (
                update(IdempotencyRecord)
                .where(
                    *_named(request),
                    IdempotencyRecord.leased_until < now,
                    or_(
                        and_(IdempotencyRecord.request_sm3 == request.request_sm3, IdempotencyRecord.status.is_(None)),
                        # A key is free again when its time is over, whether or not the record was cleared away.
                        IdempotencyRecord.expires_at < now,
                    ),
                )
                .values(
                    request_sm3=request.request_sm3, holder=holder, leased_until=lease, status=None, expires_at=ends
                )
            )
            with self._deps.sessions.begin() as session:
                return bool(session.execute(take_over).rowcount)  # type: ignore[attr-defined]
        return True

    def _answer(self, request: KeyedRequest) -> KeptAnswer | None:
        """The kept answer, None while there is none. IdempotencyConflictError for another request's key."""
        with reading(self._deps.sessions) as session:
            record = session.get(IdempotencyRecord, (request.client_id, request.key))
        if record is None or record.status is None:
            if record is not None and record.request_sm3 != request.request_sm3:
                raise _reused()
            return None
        if record.request_sm3 != request.request_sm3:
            raise _reused()
        return KeptAnswer(record.status, dict(record.headers), record.body)

    @retried
    def _release(self, request: KeyedRequest, holder: str) -> None:
        with self._deps.sessions.begin() as session:
            session.execute(delete(IdempotencyRecord).where(*_named(request), IdempotencyRecord.holder == holder))


def _keep(whole: Whole, request: KeyedRequest, holder: str, answer: KeptAnswer) -> None:
    taken = {"of_client": request.client_id, "under_key": request.key, "by_holder": holder}
    if not whole.change(_KEPT, {**taken, "status": answer.status, "headers": answer.headers, "body": answer.body}):
        raise IdempotencyConflictError(
            "同一请求已由另一进程接手。The request was taken over by another process.", hint="Repeat it."
        )


_KEPT = (
    update(IdempotencyRecord)
    .where(
        IdempotencyRecord.client_id == bindparam("of_client"),
        IdempotencyRecord.key == bindparam("under_key"),
        IdempotencyRecord.holder == bindparam("by_holder"),
    )
    .values(status=bindparam("status"), headers=bindparam("headers"), body=bindparam("body"))
)


def _named(request: KeyedRequest) -> tuple[ColumnElement[bool], ...]:
    return IdempotencyRecord.client_id == request.client_id, IdempotencyRecord.key == request.key


def _reused() -> IdempotencyConflictError:
    return IdempotencyConflictError(
        "该 Idempotency-Key 已用于另一请求。The Idempotency-Key was used for another request.",
        hint="Take a new key for a new request.",
    )
