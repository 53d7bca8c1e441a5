"""The national service that is configured, and the evidence of every exchange with it."""

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select

from gateway.domain.instants import instant
from gateway.domain.signing_views import text
from gateway.errors import ConfigurationError, EnterpriseSignerUnavailableError, NotFoundError
from gateway.persistence.models import SignerExchange, SignerExchangeContent
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.enterprise_signers import HIDDEN, Exchange, HttpEnterpriseSigner, Said, open_enterprise_signer
from gateway.services.sealed_places import exchange_content


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


class SignerExchanges:
    """Who asks the service, and what is kept of it."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    @cached_property
    def signer(self) -> HttpEnterpriseSigner | None:
        """The service that is configured; None when there is none. ConfigurationError."""
        return open_enterprise_signer(self._deps.settings.enterprise_signer, self._deps.clock, self.keep)

    def required_signer(self) -> HttpEnterpriseSigner:
        """``signer``; ConfigurationError when there is none, too."""
        if self.signer is None:
            raise ConfigurationError(
                "没有配置国家电子营业执照系统。No national service is configured.",
                hint="See docs/enterprise-signing.md.",
            )
        return self.signer

    def about(self, request_id: str) -> Sequence[ExchangeView]:
        """Evidence on one request or showing, in order."""
        query = select(SignerExchange).where(SignerExchange.request_id == request_id).order_by(SignerExchange.id)
        with reading(self._deps.sessions) as session:
            rows = session.scalars(query).all()
        return [_view(row) for row in rows]

    def said(self, request_id: str, exchange_id: int) -> SaidView:
        """What was said in one exchange about a request or showing. StorageError.

        NotFoundError when it is of no such request, or its contents are not kept, or no more.
        """
        with reading(self._deps.sessions) as session:
            row, content = session.get(SignerExchange, exchange_id), session.get(SignerExchangeContent, exchange_id)
        if row is None or content is None or row.request_id != request_id:
            raise NotFoundError("没有保存这次往来的内容。The contents of that exchange are not kept.")
        kept = json.loads(self._deps.vault.open(content.sealed, exchange_content(exchange_id)))
        answer = None if kept["answer"] is None else b64decode(kept["answer"])
        public_key = b64decode(kept["public_key"])
        return SaidView(_view(row), kept["question"].encode(), answer, kept["signature"], public_key)

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


def unavailable(error: Exception) -> EnterpriseSignerUnavailableError:
    """What callers are told of a service that gave no answer."""
    return EnterpriseSignerUnavailableError(
        f"国家电子营业执照系统暂时不能答复。The national service does not answer as it should: {error}",
        hint="Try again later; nothing was decided.",
    )
