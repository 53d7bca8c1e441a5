"""Licences, their versions with the electronic and the paper form, and what happened to them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.persistence.base import Base
from gateway.persistence.models.papers import PaperCounterpart


class Licence(Base):
    """One licence of one holder. The unique number per authority and type is what makes issuing exactly-once."""

    __tablename__ = "licences"
    __table_args__ = (
        UniqueConstraint("local_type_code", "authority_code", "licence_number", "is_sample", name="uq_licences_number"),
        Index("ix_licences_newest", "authority_code", "is_sample", "recorded_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    local_type_code: Mapped[str] = mapped_column(ForeignKey("licence_types.local_type_code"))
    authority_code: Mapped[str] = mapped_column(ForeignKey("issuing_authorities.code"))
    licence_number: Mapped[str] = mapped_column(String(128))
    holder_code: Mapped[str] = mapped_column(ForeignKey("enterprises.unified_social_credit_code"), index=True)
    recorded_at: Mapped[datetime]
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Issued in the sandbox, with keys and identifiers of its own; the public never meets it."""
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Grows with every change of the licence: what an ETag holds and If-Match compares."""

    versions: Mapped[list["LicenceVersion"]] = relationship(back_populates="licence", order_by="LicenceVersion.version")
    status_changes: Mapped[list["StatusChange"]] = relationship(back_populates="licence", order_by="StatusChange.id")


class LicenceVersion(Base):
    """What was issued: face, QR code, seal, binding and both files. Insert-only."""

    __tablename__ = "licence_versions"
    __table_args__ = (UniqueConstraint("licence_id", "version"),)

    licence_identifier: Mapped[str] = mapped_column(String(128), primary_key=True)
    licence_id: Mapped[int] = mapped_column(ForeignKey("licences.id"), index=True)
    version: Mapped[str] = mapped_column(String(3))
    kind: Mapped[str] = mapped_column(String(20), default="issue", server_default="issue")
    """issue | amendment | renewal | replacement | correction | conversion"""
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("licence_versions.licence_identifier"), unique=True)
    """The version that this one takes the place of."""
    takes_effect_at: Mapped[datetime]
    change_reason: Mapped[str] = mapped_column(String(500), default="", server_default=text("''"))
    holder_name: Mapped[str] = mapped_column(String(300))
    face_items: Mapped[dict[str, Any]]
    """By label; a sensitive one is sealed (``gateway.persistence.sealing``)."""
    issued_on: Mapped[date] = mapped_column(Date)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    application_sm3: Mapped[str] = mapped_column(String(64))
    qr_text: Mapped[str] = mapped_column(Text)
    seal_key_id: Mapped[str] = mapped_column(ForeignKey("seals.key_id"))
    holder_certificate_sm3: Mapped[str | None] = mapped_column(
        ForeignKey("electronic_business_licences.certificate_sm3")
    )
    """None for a converted paper licence whose holder has no electronic business licence here yet."""
    electronic_sm3: Mapped[str] = mapped_column(ForeignKey("stored_files.sm3"), unique=True)
    signed_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    """When the application came in, as far as the department said so."""

    licence: Mapped[Licence] = relationship(back_populates="versions")
    electronic: Mapped["StoredFile"] = relationship(lazy="joined", innerjoin=True)
    successor: Mapped["LicenceVersion | None"] = relationship(
        foreign_keys=[supersedes],
        remote_side=[supersedes],
        primaryjoin="LicenceVersion.licence_identifier == remote(foreign(LicenceVersion.supersedes))",
        viewonly=True,
        uselist=False,
    )
    paper: Mapped[list["PaperCounterpart"]] = relationship(back_populates="version", order_by="PaperCounterpart.id")
    obligations: Mapped[list["Obligation"]] = relationship(back_populates="version", order_by="Obligation.id")


class StatusChange(Base):
    """One transition of a licence's status. Insert-only."""

    __tablename__ = "status_changes"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    licence_id: Mapped[int] = mapped_column(ForeignKey("licences.id"), index=True)
    licence_identifier: Mapped[str | None] = mapped_column(ForeignKey("licence_versions.licence_identifier"))
    """The version that it concerns (superseded); None when it concerns the licence as a whole."""
    status: Mapped[str] = mapped_column(String(20))
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    legal_ground: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(String(500))
    deciding_authority_code: Mapped[str] = mapped_column(String(18), default="", server_default=text("''"))
    document_number: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))
    """Number of the decision (文书号)."""
    obligation_id: Mapped[int | None] = mapped_column(ForeignKey("obligations.id"))
    """The broken obligation that led to it."""
    actor: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    licence: Mapped[Licence] = relationship(back_populates="status_changes")


class Obligation(Base):
    """A commitment to be checked, or papers to be handed in (告知承诺, 容缺). Insert-only."""

    __tablename__ = "obligations"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    licence_identifier: Mapped[str] = mapped_column(ForeignKey("licence_versions.licence_identifier"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """commitment_check | missing_papers"""
    items: Mapped[list[str]]
    due_on: Mapped[date] = mapped_column(Date, index=True)

    version: Mapped[LicenceVersion] = relationship(back_populates="obligations")
    outcome: Mapped["ObligationOutcome | None"] = relationship(back_populates="obligation")


class ObligationOutcome(Base):
    """How an obligation ended. Insert-only; there is one at most."""

    __tablename__ = "obligation_outcomes"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    obligation_id: Mapped[int] = mapped_column(ForeignKey("obligations.id"), unique=True)
    is_fulfilled: Mapped[bool] = mapped_column(Boolean)
    decided_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(500))
    actor: Mapped[dict[str, Any]]

    obligation: Mapped[Obligation] = relationship(back_populates="outcome")


class StoredFile(Base):
    """A file in the store, by its SM3 digest. Insert-only."""

    __tablename__ = "stored_files"

    sm3: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    suffix: Mapped[str] = mapped_column(String(10))
