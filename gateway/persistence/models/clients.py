"""Systems of departments and enterprises that may call the API: who they are, what they prove it with, and what they did."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.persistence.base import Base


class Client(Base):
    """One system of a department, or an enterprise's own (OAuth 2.0 client)."""

    __tablename__ = "clients"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    organisation: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]]
    authority_codes: Mapped[list[str]]
    """Issuing authorities that it acts for; empty for an enterprise's own system, and for no other."""
    enterprise_code: Mapped[str | None] = mapped_column(String(18))
    """Credit code of the enterprise whose own system it is."""
    type_codes: Mapped[list[str]]
    """Local codes of licence types; empty means all of its authorities'."""
    ip_ranges: Mapped[list[str]]
    """Networks that it may call from; empty means any."""
    daily_cap: Mapped[int | None] = mapped_column(Integer)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    is_sandbox: Mapped[bool] = mapped_column(Boolean)
    is_enabled: Mapped[bool] = mapped_column(Boolean)
    public_keys: Mapped[dict[str, Any]]
    """JWKS for private_key_jwt; empty without."""
    certificate_sha256s: Mapped[list[str]]
    """Of the certificates for mutual TLS, hexadecimal; empty without. Two while one replaces the other."""
    created_at: Mapped[datetime]

    credentials: Mapped[list["ClientCredential"]] = relationship(
        back_populates="client", order_by="ClientCredential.id"
    )


class ClientCredential(Base):
    """One secret of a client. Two may be good at once, so that it can be replaced without a pause."""

    __tablename__ = "client_credentials"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """``secret`` (OAuth) or ``gateway_token`` (x-tif headers)."""
    digest: Mapped[str] = mapped_column(String(64))
    """SM3 of a secret; empty for a gateway token, which must be known in clear to check its signatures."""
    sealed: Mapped[str] = mapped_column(Text, default="")
    """A gateway token, encrypted."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    client: Mapped[Client] = relationship(back_populates="credentials")


class AccessToken(Base):
    """A bearer token that was given out, by its digest."""

    __tablename__ = "access_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), index=True)
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    client: Mapped[Client] = relationship()


class UsedNonce(Base):
    """A nonce or token id that must not come again while it could be replayed."""

    __tablename__ = "used_nonces"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SM3 over scheme, client and nonce."""
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DailyUse(Base):
    """How often a client with a cap called on a day in China."""

    __tablename__ = "daily_uses"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    calls: Mapped[int] = mapped_column(Integer)


class IdempotencyRecord(Base):
    """What a write with an Idempotency-Key was and what was answered."""

    __tablename__ = "idempotency_records"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request_sm3: Mapped[str] = mapped_column(String(64))
    holder: Mapped[str] = mapped_column(String(32))
    """The request that executes it, or did; random."""
    leased_until: Mapped[datetime]
    """After this a request that did not answer is taken for dead, and another may execute it."""
    status: Mapped[int | None] = mapped_column(Integer)
    """HTTP status of the answer, None while there is none."""
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AccessRecord(Base):
    """One read of data that are not public: who, for what, which, and what came of it. Insert-only."""

    __tablename__ = "access_records"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    accessed_at: Mapped[datetime] = mapped_column(index=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), index=True)
    route: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200), index=True)
    """Licence identifier or holder code that was asked for."""
    fields: Mapped[list[str]]
    result: Mapped[int] = mapped_column(Integer)
    """HTTP status."""
    elements: Mapped[dict[str, Any]]
    """The five elements of the caller and the purpose; the user's name is sealed."""
    request_id: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(45))

    client: Mapped[Client] = relationship()
