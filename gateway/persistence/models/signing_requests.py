"""Signing requests and their documents."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.persistence.base import Base


class SigningRequest(Base):
    """What a department, or its own system, asks an enterprise to sign with its electronic business licence."""

    __tablename__ = "signing_requests"
    __table_args__ = (Index("ix_signing_requests_open", "state", "expires_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Begins with the second, so that ids are in the order of making; the rest is random."""
    token_sm3: Mapped[str] = mapped_column(String(64), unique=True)
    """Of the token in the QR code: who reads the database cannot take part."""
    sealed: Mapped[str] = mapped_column(Text)
    """Sealed JSON: the token, the name of who signs, and the authorisation: they are nobody else's business."""
    department_code: Mapped[str | None] = mapped_column(ForeignKey("issuing_authorities.code"))
    """Who asks; None: the enterprise's own system."""
    enterprise_code: Mapped[str] = mapped_column(ForeignKey("enterprises.unified_social_credit_code"), index=True)
    enterprise_name: Mapped[str] = mapped_column(String(300))
    """As it was registered when the request was made."""
    purpose: Mapped[str] = mapped_column(String(200))
    signer_role: Mapped[str] = mapped_column(String(32))
    requires_authorisation: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    decline_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    presented_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    """When a signature that holds came in."""
    finished_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(Integer, default=1)
    """Counted up by each change: who waits sees by it that something is new."""
    refusals: Mapped[int] = mapped_column(Integer, default=0)
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)
    """DER of the certificate that the answer is prepared for."""
    answer_sm3: Mapped[str | None] = mapped_column(String(64))
    """Of the answer that was taken: the same one again is no other one."""
    evidence: Mapped[dict[str, Any]]
    """How the certificate was found to hold when the signature came in; empty before."""
    completing_until: Mapped[datetime | None]
    """Until then a process is at work on the completion; afterwards any other takes over."""
    is_sample: Mapped[bool] = mapped_column(Boolean)
    """Made by a client of the sandbox, and seen by these only."""
    client_id: Mapped[str] = mapped_column(String(64), index=True)
    actor: Mapped[dict[str, Any]]

    documents: Mapped[list["SigningDocument"]] = relationship(
        back_populates="request", order_by="SigningDocument.position"
    )


class SigningDocument(Base):
    """One document of a request: what is shown and signed, the signature, and what came of it."""

    __tablename__ = "signing_documents"

    request_id: Mapped[str] = mapped_column(ForeignKey("signing_requests.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """From 1."""
    title: Mapped[str] = mapped_column(String(200))
    form: Mapped[str] = mapped_column(String(8))
    result: Mapped[str] = mapped_column(String(8))
    """pades, cms or cose."""
    media_type: Mapped[str] = mapped_column(String(100))
    content_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"))
    """Of the bytes that are shown: a PDF with its place for the signature, JSON in canonical form."""
    gap_start: Mapped[int] = mapped_column(Integer)
    """Where a PDF's signature goes; 0 for others."""
    gap_end: Mapped[int] = mapped_column(Integer)
    message_sm3: Mapped[str] = mapped_column(String(64))
    """Of what is signed: a PDF without that place, else the bytes."""
    signed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the signature is over, once there is one: signed attributes, or the structure of COSE."""
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    """DER."""
    value_sm3: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the signature value: it serves once in the whole register."""
    result_sm3: Mapped[str | None] = mapped_column(ForeignKey("stored_files.sm3"))

    request: Mapped[SigningRequest] = relationship(back_populates="documents")
