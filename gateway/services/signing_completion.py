"""Completes signing requests: what was received is put in its place, exactly once, by whoever is alive to do it.

Time-stamps and files are made outside of any transaction. A process that dies in between leaves the received signature and a
lease; when that has run out, the next round of any process takes the work over.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from gateway.domain.actors import SYSTEM
from gateway.domain.signing_orders import ResultForm
from gateway.domain.signing_reasons import SigningReason
from gateway.domain.signing_requests import FINAL, SigningState, Step
from gateway.errors import GatewayError
from gateway.persistence.blobs import FileAlteredError, FileDigest
from gateway.persistence.models import SigningRequest
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.seals import key_at_work
from gateway.services.signing_forms import make_result, remote_key
from gateway.services.signing_requests import add_files
from gateway.services.signing_rows import content_of, expire, find_request, move
from signing.errors import DocumentChangedError
from signing.validation.context import open_context
from signing.validation.policy import Use
from signing.validation.x509 import load_certificate

LEASE = timedelta(seconds=60)
"""Longer than a completion takes; after it, who took it is dead."""
PAUSE = timedelta(seconds=30)
"""Until what could not be completed is tried again."""
_AT_ONCE = 50
_UNFINISHED = tuple(state for state in SigningState if state not in FINAL)
_log = structlog.get_logger()


class SigningCompletion:
    """Finishes what was received, and notes what is over."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def complete(self, request_id: str, *, is_taken: bool = False) -> bool:
        """Complete a request; gives whether it is final now. ``is_taken``: the caller took the lease with its own write.

        What has to wait (time-stamps, storage) raises its temporary error, and the lease is given back.
        """
        if not is_taken and not self._take(request_id):
            return self._is_final(request_id)
        try:
            made = self._make(request_id)
        except (FileAlteredError, DocumentChangedError):
            self._fail(request_id, SigningReason.DOCUMENT_ALTERED)
            return True
        except BaseException:
            self._give_back(request_id)
            raise
        self._keep(request_id, made)
        return True

    def resume(self) -> int:
        """Complete what other processes left, and note what is over; gives how many requests moved.

        What cannot be completed yet waits for the next round.
        """
        now = self._deps.clock()
        received = SigningRequest.received_at.is_not(None)
        query = select(SigningRequest.id, SigningRequest.received_at).where(
            SigningRequest.state.in_(_UNFINISHED),
            (received & (SigningRequest.completing_until <= now)) | (~received & (SigningRequest.expires_at <= now)),
        )
        with reading(self._deps.sessions) as session:
            rows = session.execute(
                query.order_by(SigningRequest.completing_until, SigningRequest.id).limit(_AT_ONCE)
            ).all()
        return sum(self._expire(row.id) if row.received_at is None else self._resumed(row.id) for row in rows)

    def _resumed(self, request_id: str) -> bool:
        try:
            return self.complete(request_id)
        except GatewayError as error:
            _log.warning("signing_completion", code=error.code, signing_request=request_id)
            return False

    @retried
    def _expire(self, request_id: str) -> bool:
        with self._deps.sessions.begin() as session:
            row = find_request(session, SigningRequest.id == request_id, locked=True)
            return expire(session, row, self._deps.clock())

    @retried
    def _take(self, request_id: str) -> bool:
        """Take the lease where nobody holds it."""
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = find_request(session, SigningRequest.id == request_id, locked=True)
            if row.received_at is None or row.state in FINAL or _is_held(row.completing_until, now):
                return False
            row.completing_until = now + LEASE
            return True

    @retried
    def _give_back(self, request_id: str) -> None:
        """Try again after a pause, so that what cannot be completed yet keeps nothing else waiting."""
        with self._deps.sessions.begin() as session:
            row = find_request(session, SigningRequest.id == request_id, locked=True)
            row.completing_until = self._deps.clock() + PAUSE

    @retried
    def _fail(self, request_id: str, reason: SigningReason) -> None:
        with self._deps.sessions.begin() as session:
            row = find_request(session, SigningRequest.id == request_id, locked=True)
            move(session, row, Step.FAIL, self._deps.clock(), actor=SYSTEM.audit(), reason=reason)

    def _is_final(self, request_id: str) -> bool:
        with reading(self._deps.sessions) as session:
            return find_request(session, SigningRequest.id == request_id).state in FINAL

    def _make(self, request_id: str) -> list[tuple[int, bytes, str]]:
        """(position, signed result, suffix) of each document, outside of any transaction."""
        with reading(self._deps.sessions) as session:
            row = find_request(session, SigningRequest.id == request_id)
        assert row.certificate is not None
        key = remote_key(row.certificate, self._issuers(row.certificate))
        made = []
        for document in row.documents:
            content = content_of(self._deps, document)
            needs_time = document.result != ResultForm.COSE
            with key_at_work("timestamps"):
                result, suffix = make_result(document, content, key, self._deps.timestamps if needs_time else None)
            made.append((document.position, result, suffix))
        return made

    def _issuers(self, certificate: bytes) -> tuple[bytes, ...]:
        """Certificates of the issuers, without the root, by the trust material at hand; empty when they are not there."""
        context = open_context(self._deps.policy(), self._deps.clock())
        paths = context.paths(load_certificate(certificate), Use.ENTERPRISE)
        return tuple(each.der for each in paths[0].certificates[1:-1]) if paths else ()

    @retried
    def _keep(self, request_id: str, made: list[tuple[int, bytes, str]]) -> None:
        """Files and rows in step; who comes second finds the request final and leaves it as it is."""
        files = self._deps.files
        with files.writing():
            digests = files.stage((content, suffix) for _, content, suffix in made)
            names = [(digest.sm3, suffix) for digest, (_, _, suffix) in zip(digests, made, strict=True)]
            if self._recorded(request_id, {each[0]: d for each, d in zip(made, digests, strict=True)}, names):
                files.publish(names)

    @retried
    def _recorded(self, request_id: str, results: dict[int, FileDigest], names: list[tuple[str, str]]) -> bool:
        now = self._deps.clock()
        with self._deps.sessions.begin() as session:
            row = find_request(session, SigningRequest.id == request_id, locked=True)
            if row.state in FINAL:
                return False
            add_files(session, [(digest, name[1]) for digest, name in zip(results.values(), names, strict=True)])
            for document in row.documents:
                document.result_sm3 = results[document.position].sm3
            detail = {"result_sm3": [digest.sm3 for digest in results.values()]}
            row.completing_until = None
            return move(session, row, Step.COMPLETE, now, actor=SYSTEM.audit(), detail=detail)


def _is_held(until: datetime | None, now: datetime) -> bool:
    return until is not None and until > now
