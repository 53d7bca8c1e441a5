"""Lets the national service answer signing requests, and keeps evidence of every exchange with it.

A relay plays the part of the app: it takes certificate and signatures from the service and hands them to the same checks as
those that an app sends. Every step may be done again, by whatever process.
"""

import json
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.enterprise_signers import (
    EnterpriseSignerDownError,
    EnterpriseSignerRefusedError,
    SessionOpened,
    SessionState,
    SessionView,
)
from gateway.domain.instants import instant
from gateway.domain.signing_answers import AnswerForm, CertificateOffer, DocumentAnswer, SigningAnswer
from gateway.domain.signing_requests import SignerRole, SigningState
from gateway.domain.signing_views import SigningView, text
from gateway.errors import (
    ConfigurationError,
    ConflictError,
    EnterpriseSignerUnavailableError,
    GatewayError,
    NotFoundError,
)
from gateway.persistence.models import (
    AuditEvent,
    SignerExchange,
    SignerExchangeContent,
    SignerSession,
    SigningRequest,
)
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.enterprise_signers import HIDDEN, Exchange, HttpEnterpriseSigner, Said, open_enterprise_signer
from gateway.services.sealed_places import exchange_content
from gateway.services.signing_requests import SigningRequests
from gateway.services.signing_sessions import SigningSessions

_OPEN = (SigningState.CREATED, SigningState.PRESENTED)
_MOST_AT_ONCE = 100
_log = structlog.get_logger()


@dataclass(frozen=True)
class ExchangeView:
    """Evidence of one attempt to ask the service."""

    id: int
    occurred_at: datetime
    system: str
    operation: str
    request_sm3: str
    response_sm3: str | None
    outcome: str
    milliseconds: int

    def to_json(self) -> dict[str, Any]:
        """As departments see it."""
        return vars(self) | {"occurred_at": instant(self.occurred_at)}


@dataclass(frozen=True)
class SaidView:
    """What was said in one attempt, so that others can verify the service's signature over its answer."""

    exchange: ExchangeView
    question: bytes
    """With ``HIDDEN`` where the token of the request stood."""
    answer: bytes | None
    """The body, octet for octet; None where nothing came back."""
    signature: str | None
    """``X-Signature`` as it came."""
    public_key: bytes
    """DER of the service's key, as it was configured then."""

    def to_json(self) -> dict[str, Any]:
        """As departments see it."""
        answer = None if self.answer is None else {"content": text(self.answer), "signature": self.signature}
        said = {"content": text(self.question), "hidden": HIDDEN if HIDDEN.encode() in self.question else None}
        return self.exchange.to_json() | {"question": said, "answer": answer, "public_key": text(self.public_key)}


class SignerRelays:
    """Between signing requests and the national service."""

    def __init__(self, deps: Dependencies, requests: SigningRequests, sessions: SigningSessions) -> None:
        self._deps = deps
        self._requests = requests
        self._sessions = sessions

    @cached_property
    def signer(self) -> HttpEnterpriseSigner | None:
        """The service that is configured; None when there is none. ConfigurationError."""
        return open_enterprise_signer(self._deps.settings.enterprise_signer, self._deps.clock, self.keep)

    def begin(self, request_id: str, *, actor: Actor = OPERATOR) -> SessionOpened:
        """Hand a request to the service; gives what a person scans. Again gives the same.

        NotFoundError, ForbiddenError, ConflictError when the request is over, ConfigurationError without a service,
        EnterpriseSignerUnavailableError.
        """
        view = self._requests.show(request_id, actor=actor, scope=Scope.SIGNING_WRITE)
        if view.standing.is_final:
            raise ConflictError("签名请求已结束。The signing request is over.", hint="Make a new one.")
        signer = self._signer()
        try:
            opened = signer.begin(_question(view, self._deps.settings.public_base_url), view.token)
        except (EnterpriseSignerDownError, EnterpriseSignerRefusedError) as error:
            raise _unavailable(error) from error
        self._note_session(request_id, signer.name, opened.session_id, actor)
        return opened

    def cancel(self, request_id: str, *, actor: Actor = OPERATOR) -> SigningView:
        """Take a request back, at the service too where it was handed over. Errors of ``SigningRequests.cancel``.

        That the service could not be told changes nothing: what it sends later finds the request ended.
        """
        view = self._requests.cancel(request_id, actor=actor)
        with reading(self._deps.sessions) as session:
            found = session.get(SignerSession, request_id)
        if found is not None:
            try:
                self._signer().cancel(found.session_id, request_id)
            except (EnterpriseSignerDownError, EnterpriseSignerRefusedError, ConfigurationError) as error:
                _log.warning("signer_relay", signing_request=request_id, why=str(error))
        return view

    def advance(self, request_id: str) -> SigningView:
        """Take over what the service has by now, and tell it what it waits for.

        NotFoundError for a request that was not handed over; EnterpriseSignerUnavailableError; errors of the checks.
        """
        with reading(self._deps.sessions) as session:
            found = session.get(SignerSession, request_id)
        if found is None:
            raise NotFoundError("该请求未交给国家系统。The request was not handed to the national service.")
        view = self._requests.show(request_id, actor=OPERATOR)
        if view.standing.is_final:
            return view
        try:
            return self._taken_over(view, found.session_id)
        except (EnterpriseSignerDownError, EnterpriseSignerRefusedError) as error:
            raise _unavailable(error) from error

    def advance_open(self) -> int:
        """``advance`` for every open request; gives how many there were. What fails for one is logged, and tried again later."""
        query = (
            select(SignerSession.request_id)
            .join(SigningRequest, SigningRequest.id == SignerSession.request_id)
            .where(SigningRequest.state.in_(_OPEN))
            .order_by(SignerSession.request_id)
            .limit(_MOST_AT_ONCE)
        )
        with reading(self._deps.sessions) as session:
            waiting = list(session.scalars(query))
        for request_id in waiting:
            try:
                self.advance(request_id)
            except GatewayError as error:
                _log.warning("signer_relay", signing_request=request_id, code=error.code)
        return len(waiting)

    def exchanges(self, request_id: str, *, actor: Actor = OPERATOR) -> Sequence[ExchangeView]:
        """Evidence on one request, in order. NotFoundError, ForbiddenError."""
        self._requests.show(request_id, actor=actor)
        query = select(SignerExchange).where(SignerExchange.request_id == request_id).order_by(SignerExchange.id)
        with reading(self._deps.sessions) as session:
            rows = session.scalars(query).all()
        return [_view(row) for row in rows]

    def said(self, request_id: str, exchange_id: int, *, actor: Actor = OPERATOR) -> SaidView:
        """What was said in one exchange about a request. ForbiddenError, StorageError.

        NotFoundError when it is of no such request, or its contents are not kept, or no more.
        """
        self._requests.show(request_id, actor=actor)
        with reading(self._deps.sessions) as session:
            row, content = session.get(SignerExchange, exchange_id), session.get(SignerExchangeContent, exchange_id)
        if row is None or content is None or row.request_id != request_id:
            raise NotFoundError("没有保存这次往来的内容。The contents of that exchange are not kept.")
        kept = json.loads(self._deps.vault.open(content.sealed, exchange_content(exchange_id)))
        answer = None if kept["answer"] is None else b64decode(kept["answer"])
        public_key = b64decode(kept["public_key"])
        return SaidView(_view(row), kept["question"].encode(), answer, kept["signature"], public_key)

    def _taken_over(self, view: SigningView, session_id: str) -> SigningView:
        signer, token = self._signer(), view.token
        told = signer.look(session_id, view.request_id)
        if told.state is SessionState.DECLINED:
            return self._sessions.decline(token, told.reason or "国家系统告知拒签 declined, as the service tells")
        if told.state not in (SessionState.SCANNED, SessionState.SIGNED):
            return view
        assert told.certificate is not None
        self._sessions.present(token)
        offer = CertificateOffer(told.certificate, _role(told), told.signer_name, told.authorisation)
        shown = self._sessions.offer(token, offer)
        if told.state is SessionState.SCANNED:
            asked = {each.document_id: each.to_be_signed or b"" for each in shown.documents}
            signer.supply(session_id, asked, view.request_id)
            return shown
        values = (told.signatures or {}).items()
        signatures = tuple(DocumentAnswer(name, AnswerForm.RAW, value) for name, value in sorted(values))
        return self._sessions.answer(token, SigningAnswer(told.certificate, signatures, signer.foreign_user_ids))

    def _signer(self) -> HttpEnterpriseSigner:
        if self.signer is None:
            raise ConfigurationError(
                "没有配置国家电子营业执照系统。No national service is configured.",
                hint="See docs/enterprise-signing.md.",
            )
        return self.signer

    @retried
    def _note_session(self, request_id: str, system: str, session_id: str, actor: Actor) -> None:
        now = self._deps.clock()
        with suppress(IntegrityError), self._deps.sessions.begin() as session:
            if session.get(SignerSession, request_id) is not None:
                return
            session.add(SignerSession(request_id=request_id, system=system, session_id=session_id, begun_at=now))
            event = AuditEvent(
                occurred_at=now,
                action="signing_request_handed_over",
                subject=request_id,
                detail={"system": system},
                actor=actor.audit(),
            )
            session.add(event)

    @retried
    def keep(self, exchange: Exchange) -> None:
        """Keep the evidence of one attempt: the digests, and what was said, sealed."""
        row = SignerExchange(**{name: value for name, value in vars(exchange).items() if name != "said"})
        with self._deps.sessions.begin() as session:
            session.add(row)
            session.flush()
            if exchange.said is not None:
                sealed = self._deps.vault.seal(_said_json(exchange.said), exchange_content(row.id))
                kept = SignerExchangeContent(exchange_id=row.id, kept_at=exchange.occurred_at, sealed=sealed)
                session.add(kept)


def _view(row: SignerExchange) -> ExchangeView:
    return ExchangeView(**{name: getattr(row, name) for name in ExchangeView.__dataclass_fields__})


def _said_json(said: Said) -> str:
    """What came back may be anything, also no text."""
    came = said.came_back
    kept = {
        "question": said.question,
        "answer": None if came is None else text(came.body),
        "signature": None if came is None else came.signature,
        "public_key": text(said.public_key),
    }
    return json.dumps(kept, ensure_ascii=False)


def _question(view: SigningView, public_base_url: str) -> dict[str, Any]:
    """What the service is told of a request: names and digests, and where its app fetches what it has to show."""
    sessions = f"{public_base_url.rstrip('/')}/sign/v1/sessions/{view.token}/documents"
    return {
        "request_id": view.request_id,
        "department": view.department_json(),
        "own_system": view.own_system,
        "enterprise": dict(zip(("code", "name"), view.enterprise, strict=True)),
        "purpose": view.purpose,
        "signer_role": view.signer_role,
        "requires_authorisation": view.requires_authorisation,
        "expires_at": instant(view.standing.expires_at),
        "documents": [each.to_json() | {"url": f"{sessions}/{each.document_id}"} for each in view.documents],
    }


def _role(told: SessionView) -> SignerRole:
    try:
        return SignerRole(told.signer_role)
    except ValueError as error:
        raise EnterpriseSignerDownError("the role of the signer is none of those agreed") from error


def _unavailable(error: Exception) -> EnterpriseSignerUnavailableError:
    return EnterpriseSignerUnavailableError(
        f"国家电子营业执照系统暂时不能答复。The national service does not answer as it should: {error}",
        hint="Try again later; nothing was decided.",
    )
