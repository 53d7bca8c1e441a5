"""Bulk conversion of existing paper licences (存量证照电子化): jobs that can be paused, cancelled, killed and resumed."""

import secrets
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from certs.errors import CertsError
from gateway.domain.actors import OPERATOR, Actor, ActorKind, Scope
from gateway.domain.cleaning import number_of
from gateway.domain.conversions import Finding, JobState, JobView, RowOutcome, RowStatus
from gateway.errors import ConflictError, GatewayError, NotFoundError, RegistryUnavailableError
from gateway.persistence.models import AuditEvent, ConversionChunk, ConversionJob, ConversionRow
from gateway.persistence.queue import WorkQueue
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.conversion_chunks import ConversionChunks
from gateway.services.conversion_rows import CHUNK_ROWS, count_rows, outcomes, planned_chunks, planned_values
from gateway.services.conversion_sources import ConversionSource, PlannedRow
from gateway.services.dependencies import Dependencies
from signing.errors import SigningError
from signing.sm2 import sm3

_STAGED_AT_ONCE = 5 * CHUNK_ROWS
_RATE_WINDOW = timedelta(seconds=60)
_LONGEST_NAME, _LONGEST_TROUBLE = 300, 500
TASK = "conversions"
"""Name of the work in the queue."""
_PRIORITY = -10
"""Below whatever a person waits for."""


class Conversions:
    """Takes sources in, says how their jobs stand, and hands out chunks to whoever works."""

    def __init__(self, deps: Dependencies, chunks: ConversionChunks, queue: WorkQueue | None) -> None:
        self._deps = deps
        self._chunks = chunks
        self._queue = queue
        """None on SQLite: the pool of the one machine asks for the chunks itself."""

    def begin(
        self,
        source: ConversionSource,
        *,
        is_dry_run: bool = False,
        registers_holders: bool = True,
        actor: Actor = OPERATOR,
    ) -> JobView:
        """Take a source in, row by row; one that has an unfinished job already goes on with that job.

        UnreadableInputError for a broken file, ValidationFailedError for its headings: nothing of the job is left then.
        ConflictError when another process took over the reading.
        """
        actor.require(Scope.LICENCES_ISSUE)
        if actor.is_sandbox:
            raise ConflictError("沙箱不转换存量证照。The sandbox converts no existing licences.")
        digest = sm3(f"{source.digest()} {actor.kind} {actor.id}".encode()).hex()
        wanted = ConversionJob(
            id=secrets.token_hex(8),
            file_name=source.path.name[:_LONGEST_NAME],
            source_sm3=digest,
            open_key=f"{'dry' if is_dry_run else 'run'}:{digest}",
            state=JobState.STAGING,
            stager=secrets.token_hex(8),
            is_dry_run=is_dry_run,
            registers_holders=registers_holders,
            created_at=self._deps.clock(),
            finished_at=None,
            headings=[],
            actor=actor.audit(),
        )
        job_id, has_to_read = self._open(wanted, actor)
        if has_to_read:
            self._stage(job_id, wanted.stager, source, actor)
            self._finish_if_done(job_id)
            self._announce(self.pending_chunks(job_id))
        return self.show(job_id, actor)

    def work(self, job_id: str, first: int) -> int:
        """Convert the pending rows of one chunk; gives how many there were. Safe to repeat, and to run at once.

        An error that trying again does not mend (a key that is missing, say) pauses the job, and says so there.
        """
        try:
            done = self._chunks.convert(job_id, first)
        except (GatewayError, CertsError, SigningError) as error:
            passes = getattr(error, "is_temporary", False) or isinstance(error, RegistryUnavailableError)
            if not passes:
                self._pause_for(job_id, f"{type(error).__name__}: {error}")
            raise
        self._finish_if_done(job_id)
        return done

    def requeue(self) -> None:
        """Put every chunk with pending rows into the queue that workers share, where there is one."""
        if self._queue is not None and (chunks := self.pending_chunks()):
            self._announce(chunks)

    def pending_chunks(self, job_id: str | None = None, most: int | None = None) -> list[tuple[str, int]]:
        """Job and first position of every chunk of running jobs in which rows are pending, oldest job first."""
        query = (
            select(ConversionChunk.job_id, ConversionChunk.first)
            .join(ConversionJob, ConversionJob.id == ConversionChunk.job_id)
            .where(ConversionJob.state == JobState.RUNNING, ConversionChunk.pending > 0)
            .order_by(ConversionJob.created_at, ConversionChunk.job_id, ConversionChunk.first)
            .limit(most)
        )
        if job_id is not None:
            query = query.where(ConversionChunk.job_id == job_id)
        with reading(self._deps.sessions) as session:
            return [(row.job_id, row.first) for row in session.execute(query)]

    def show(self, job_id: str, actor: Actor = OPERATOR) -> JobView:
        """How a job stands. NotFoundError, also for a job that someone else began."""
        with reading(self._deps.sessions) as session:
            return self._view(session, _found(session, job_id, actor))

    def jobs(self, limit: int = 50, actor: Actor = OPERATOR) -> list[JobView]:
        """The newest jobs first; of a client or a person, their own."""
        query = select(ConversionJob).order_by(ConversionJob.created_at.desc(), ConversionJob.id).limit(limit)
        if not _sees_all(actor):
            began = ConversionJob.actor
            query = query.where(began["kind"].as_string() == actor.kind, began["id"].as_string() == actor.id)
        with reading(self._deps.sessions) as session:
            return [self._view(session, job) for job in session.scalars(query)]

    def outcomes(
        self, job_id: str, statuses: Collection[RowStatus] | None = None, actor: Actor = OPERATOR
    ) -> Iterator[RowOutcome]:
        """The rows of a job in the order of the source, a page at a time. NotFoundError."""
        with reading(self._deps.sessions) as session:
            _found(session, job_id, actor)
        return outcomes(self._deps.sessions, self._deps.vault, job_id, statuses)

    def headings(self, job_id: str) -> list[str]:
        """Of the source, in its order. NotFoundError."""
        with reading(self._deps.sessions) as session:
            return _found(session, job_id).headings

    def pause(self, job_id: str, actor: Actor = OPERATOR) -> JobView:
        """Let the chunks at work come to their end, and begin no other. ConflictError when the job is not running."""
        return self._turn(job_id, {JobState.RUNNING}, JobState.PAUSED, actor)

    def resume(self, job_id: str, actor: Actor = OPERATOR) -> JobView:
        """Go on with a paused job; a running one is left running. ConflictError when it is over."""
        view = self._turn(job_id, {JobState.PAUSED, JobState.RUNNING}, JobState.RUNNING, actor)
        self._finish_if_done(job_id)
        self._announce(self.pending_chunks(job_id))
        return view

    def cancel(self, job_id: str, actor: Actor = OPERATOR) -> JobView:
        """Convert no more rows of a job; what was converted stays. ConflictError when it is over."""
        unfinished = {JobState.STAGING, JobState.RUNNING, JobState.PAUSED}
        return self._turn(job_id, unfinished, JobState.CANCELLED, actor)

    @retried
    def _open(self, wanted: ConversionJob, actor: Actor) -> tuple[str, bool]:
        """The job of the source, and whether its rows have to be read in; what a killed reading left is removed."""
        try:
            with self._deps.sessions.begin() as session:
                query = select(ConversionJob).where(ConversionJob.open_key == wanted.open_key)
                job = session.scalar(query.with_for_update())
                if job is not None and job.state != JobState.STAGING:
                    return job.id, False
                if job is None:
                    session.add(wanted)
                    session.add(self._event("conversion_begun", wanted, actor))
                    return wanted.id, True
                job.stager = wanted.stager
                session.execute(delete(ConversionRow).where(ConversionRow.job_id == job.id))
                session.execute(delete(ConversionChunk).where(ConversionChunk.job_id == job.id))
                return job.id, True
        except IntegrityError:
            # Another process opened the same source in this moment.
            raise ConflictError(
                "同一文件正由另一进程读入。Another process reads the same file in.", hint="Ask again in a moment."
            ) from None

    def _announce(self, chunks: list[tuple[str, int]]) -> None:
        if self._queue is not None and chunks:
            arguments: list[dict[str, Any]] = [{"job_id": job_id, "first": first} for job_id, first in chunks]
            self._queue.put(TASK, arguments, priority=_PRIORITY)

    @retried
    def _pause_for(self, job_id: str, trouble: str) -> None:
        with self._deps.sessions.begin() as session:
            job = session.get(ConversionJob, job_id, with_for_update=True)
            if job is not None and job.state == JobState.RUNNING:
                job.state, job.trouble = JobState.PAUSED, trouble[:_LONGEST_TROUBLE]

    def _stage(self, job_id: str, stager: str, source: ConversionSource, actor: Actor) -> None:
        rows = enumerate(source.rows())
        try:
            while batch := list(islice(rows, _STAGED_AT_ONCE)):
                self._add_rows(job_id, stager, batch, actor)
        except GatewayError as error:
            if not error.is_temporary and not isinstance(error, ConflictError):
                with self._deps.sessions.begin() as session:
                    session.execute(delete(ConversionJob).where(ConversionJob.id == job_id))
            raise
        with self._deps.sessions.begin() as session:
            job = _staged_by(session, job_id, stager)
            job.state, job.headings = JobState.RUNNING, [heading for heading in source.headings if heading]

    @retried
    def _add_rows(self, job_id: str, stager: str, batch: list[tuple[int, PlannedRow]], actor: Actor) -> None:
        kept = [(position, within_reach(planned, actor)) for position, planned in batch]
        values = [
            planned_values(self._deps.vault, job_id, position, planned, number_of(planned.clean))
            for position, planned in kept
        ]
        with self._deps.sessions.begin() as session:
            _staged_by(session, job_id, stager)
            session.execute(insert(ConversionRow), values)
            session.add_all(planned_chunks(job_id, kept))

    @retried
    def _turn(self, job_id: str, before: Collection[JobState], after: JobState, actor: Actor) -> JobView:
        with self._deps.sessions.begin() as session:
            job = _found(session, job_id, actor, for_update=True)
            if job.state not in before:
                message = (
                    f"作业状态为 {job.state}，不能改为 {after}。The job is {job.state}, and cannot become {after}."
                )
                raise ConflictError(message)
            if job.state != after:
                job.state, job.trouble = after, None
                self._end(job)
                session.add(self._event(f"conversion_{after}", job, actor))
            return self._view(session, job)

    @retried
    def _finish_if_done(self, job_id: str) -> None:
        pending = select(ConversionChunk.first).where(ConversionChunk.job_id == job_id, ConversionChunk.pending > 0)
        with reading(self._deps.sessions) as session:
            if session.scalar(pending.limit(1)) is not None:
                return
        with self._deps.sessions.begin() as session:
            job = session.get(ConversionJob, job_id, with_for_update=True)
            if job is not None and job.state == JobState.RUNNING:
                job.state = JobState.FINISHED
                self._end(job)
                event = self._event("conversion_finished", job, OPERATOR)
                event.actor, event.detail = job.actor, {**event.detail, **count_rows(session, job_id).to_json()}
                session.add(event)

    def _end(self, job: ConversionJob) -> None:
        if job.state in (JobState.CANCELLED, JobState.FINISHED):
            job.open_key, job.finished_at = None, self._deps.clock()

    def _event(self, action: str, job: ConversionJob, actor: Actor) -> AuditEvent:
        detail: dict[str, Any] = {
            "file_name": job.file_name,
            "source_sm3": job.source_sm3,
            "is_dry_run": job.is_dry_run,
        }
        return AuditEvent(
            occurred_at=self._deps.clock(), action=action, subject=job.id, detail=detail, actor=actor.audit()
        )

    def _view(self, session: Session, job: ConversionJob) -> JobView:
        return JobView(
            id=job.id,
            file_name=job.file_name,
            state=JobState(job.state),
            is_dry_run=job.is_dry_run,
            counts=count_rows(session, job.id),
            created_at=job.created_at,
            finished_at=job.finished_at,
            trouble=job.trouble,
            rows_per_second=self._rate(session, job),
        )

    def _rate(self, session: Session, job: ConversionJob) -> float | None:
        """Rows settled in the last minute of work, a second; None before there is any."""
        last = job.finished_at or self._deps.clock()
        query = select(func.sum(ConversionChunk.settled), func.min(ConversionChunk.settled_at)).where(
            ConversionChunk.job_id == job.id, ConversionChunk.settled_at >= last - _RATE_WINDOW
        )
        count, since = session.execute(query).one()
        # Instants are whole seconds: what was done within one took one.
        return count / max(1.0, (last - since).total_seconds()) if since is not None else None


def within_reach(planned: PlannedRow, actor: Actor) -> PlannedRow:
    """The row, refused when its authority or type is not the actor's."""
    application = planned.clean.application
    if application is None or actor.reaches(application.authority.code, application.licence_type.local_type_code):
        return planned
    message = "超出您的发证机关或证照类型范围。Another authority's or another type's licence."
    finding = Finding("OUT_OF_REACH", "", message, "由该发证机关提交。Let that authority hand it in.")
    return replace(planned, status=RowStatus.REFUSED, finding=finding)


def _sees_all(actor: Actor) -> bool:
    """The command line, where every file of the gateway is at hand anyway."""
    return actor.kind in (ActorKind.OPERATOR, ActorKind.SYSTEM)


def _found(session: Session, job_id: str, actor: Actor = OPERATOR, *, for_update: bool = False) -> ConversionJob:
    job = session.get(ConversionJob, job_id, with_for_update=for_update)
    if job is None or not (_sees_all(actor) or (job.actor["kind"], job.actor["id"]) == (actor.kind, actor.id)):
        raise NotFoundError(f"没有转换作业 {job_id}。No such conversion.", hint="See: licence-gateway conversion list")
    return job


def _staged_by(session: Session, job_id: str, stager: str) -> ConversionJob:
    """The job, locked. ConflictError unless this reading still is the one that counts."""
    job = session.get(ConversionJob, job_id, with_for_update=True)
    if job is None or job.state != JobState.STAGING or job.stager != stager:
        raise ConflictError("该文件已由另一进程接手读入，或作业已取消。The reading was taken over, or cancelled.")
    return job
