"""What was exchanged with the national service of electronic business licences."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text
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
    """Of the signing request; None for a question about a licence object alone."""
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
