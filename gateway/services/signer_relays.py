"""Lets the national service answer signing requests.

A relay plays the part of the app: it takes certificate and signatures from the service and hands them to the same checks as
those that an app sends. Every step may be done again, by whatever process.
"""

from collections.abc import Sequence
from contextlib import suppress
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
from gateway.domain.signing_views import SigningView
from gateway.errors import (
    ConfigurationError,
    ConflictError,
    GatewayError,
    NotFoundError,
)
from gateway.persistence.models import (
    AuditEvent,
    SignerSession,
    SigningRequest,
)
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.signer_exchanges import ExchangeView, SaidView, SignerExchanges, unavailable
from gateway.services.signing_requests import SigningRequests
from gateway.services.signing_sessions import SigningSessions

_OPEN = (SigningState.CREATED, SigningState.PRESENTED)
_MOST_AT_ONCE = 100
_log = structlog.get_logger()


class SignerRelays:
    """Between signing requests and the national service."""

    def __init__(
        self, deps: Dependencies, requests: SigningRequests, sessions: SigningSessions, exchanges: SignerExchanges
    ) -> None:
        self._deps = deps
        self._exchanges = exchanges
        self._requests = requests
        self._sessions = sessions

    def begin(self, request_id: str, *, actor: Actor = OPERATOR) -> SessionOpened:
        """Hand a request to the service; gives what a person scans. Again gives the same.

        NotFoundError, ForbiddenError, ConflictError when the request is over, ConfigurationError without a service,
        EnterpriseSignerUnavailableError.
        """
        view = self._requests.show(request_id, actor=actor, scope=Scope.SIGNING_WRITE)
        if view.standing.is_final:
            raise ConflictError("签名请求已结束。The signing request is over.", hint="Make a new one.")
        signer = self._exchanges.required_signer()
        try:
            opened = signer.begin(_question(view, self._deps.settings.public_base_url), view.token)
        except (EnterpriseSignerDownError, EnterpriseSignerRefusedError) as error:
            raise unavailable(error) from error
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
                self._exchanges.required_signer().cancel(found.session_id, request_id)
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
            raise unavailable(error) from error

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
        return self._exchanges.about(request_id)

    def said(self, request_id: str, exchange_id: int, *, actor: Actor = OPERATOR) -> SaidView:
        """What was said in one exchange about a request. ForbiddenError, StorageError.

        NotFoundError when it is of no such request, or its contents are not kept, or no more.
        """
        self._requests.show(request_id, actor=actor)
        return self._exchanges.said(request_id, exchange_id)

    def _taken_over(self, view: SigningView, session_id: str) -> SigningView:
        signer, token = self._exchanges.required_signer(), view.token
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
