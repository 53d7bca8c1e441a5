"""Staff accounts of the console, their sessions, and decisions that need two people."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.persistence.base import Base
from gateway.persistence.models.licences import LicenceVersion


class StaffMember(Base):
    """One person with an account."""

    __tablename__ = "staff_members"

    account: Mapped[str] = mapped_column(String(50), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    authority_code: Mapped[str | None] = mapped_column(ForeignKey("issuing_authorities.code"))
    """None: an administrator of all authorities."""
    roles: Mapped[list[str]]
    password_hash: Mapped[str] = mapped_column(String(200))
    is_first_password: Mapped[bool] = mapped_column(Boolean)
    """Given by an administrator, to be replaced at the first sign-in."""
    secret: Mapped[str | None] = mapped_column(String(400))
    """Of the authenticator; None until it is set up."""
    has_second_factor: Mapped[bool] = mapped_column(Boolean)
    """Whether a code from the authenticator was seen, so that its secret counts."""
    last_step: Mapped[int] = mapped_column(Integer)
    """Time step of the last one-time code: none serves twice."""
    is_disabled: Mapped[bool] = mapped_column(Boolean)
    failures: Mapped[int] = mapped_column(Integer)
    """Failed attempts since the last success."""
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class StaffSession(Base):
    """One signed-in browser. The row is gone when the session has ended."""

    __tablename__ = "staff_sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Digest of the random token in the cookie: the table alone opens nothing."""
    account: Mapped[str] = mapped_column(ForeignKey("staff_members.account"), index=True)
    browser_sha256: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    member: Mapped[StaffMember] = relationship()


class RevocationRequest(Base):
    """A revocation, withdrawal or reinstatement that one person proposed. Insert-only."""

    __tablename__ = "revocation_requests"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    """revoked | withdrawn | valid"""
    legal_ground: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(String(500))
    document_number: Mapped[str] = mapped_column(String(100))
    obligation_id: Mapped[int | None] = mapped_column(ForeignKey("obligations.id"))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[dict[str, Any]]

    version: Mapped[LicenceVersion] = relationship()
    decision: Mapped["RevocationDecision | None"] = relationship(back_populates="request")


class RevocationDecision(Base):
    """What another person decided on it. Insert-only; there is one at most."""

    __tablename__ = "revocation_decisions"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("revocation_requests.id"), unique=True)
    is_approved: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(String(500))
    decided_at: Mapped[datetime]
    decided_by: Mapped[dict[str, Any]]

    request: Mapped[RevocationRequest] = relationship(back_populates="decision")
