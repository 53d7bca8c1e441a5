"""What was exchanged with the national service of electronic business licences."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.persistence.base import Base


class SignerSession(Base):
    """The session of the national service that answers a signing request. Insert-only."""

    __tablename__ = "signer_sessions"

    request_id: Mapped[str] = mapped_column(ForeignKey("signing_requests.id"), primary_key=True)
    system: Mapped[str] = mapped_column(String(30))
    session_id: Mapped[str] = mapped_column(String(300))
    begun_at: Mapped[datetime]


class SignerExchange(Base):
    """One attempt to ask the service, as evidence: digests of what was said, when, and what came of it. Insert-only."""

    __tablename__ = "signer_exchanges"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    occurred_at: Mapped[datetime]
    system: Mapped[str] = mapped_column(String(30))
    operation: Mapped[str] = mapped_column(String(40))
    request_id: Mapped[str | None] = mapped_column(String(32), index=True)
    """Of the signing request, or of the showing of a licence object (``LicenceShowing``); None for neither."""
    request_sm3: Mapped[str] = mapped_column(String(64))
    response_sm3: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(20))
    """answered | refused | not_believed | no_answer"""
    milliseconds: Mapped[int] = mapped_column(Integer)


class SignerExchangeContent(Base):
    """What was said in one exchange, sealed. Insert-only until its time is over; the digests stay."""

    __tablename__ = "signer_exchange_contents"

    exchange_id: Mapped[int] = mapped_column(ForeignKey(SignerExchange.id), primary_key=True, autoincrement=False)
    kept_at: Mapped[datetime] = mapped_column(index=True)
    sealed: Mapped[str] = mapped_column(Text)
    """JSON: ``question``, and ``answer``, ``signature``, ``public_key`` where something came back; base64 but the first."""


class LicenceShowing(Base):
    """A licence object that was shown, and what the service told of it. Insert-only; the object itself is not kept."""

    __tablename__ = "licence_showings"

    showing_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """As ``request_id`` of its exchanges."""
    unified_social_credit_code: Mapped[str] = mapped_column(
        ForeignKey("enterprises.unified_social_credit_code"), index=True
    )
    shown_at: Mapped[datetime]
    entity_sm3: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(20))
    """A name of ``ShowingOutcome``."""
    facts: Mapped[dict[str, Any]]
    """Public facts of an enterprise, as the register of enterprises has them: not sealed."""
    differences: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    actor: Mapped[dict[str, Any]]
